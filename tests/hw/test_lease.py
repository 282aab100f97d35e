"""The lease's wire format: what is packed comes back, and nothing else renews."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import Outputs, Pilot, PilotDrive
from evsed.hw.lease import Feed, pack_alive, pack_feed, unpack_alive, unpack_feed

DRIVES = st.builds(PilotDrive, st.sampled_from(Pilot), st.integers(0, 10_000))
FEEDS = st.builds(
    Feed, st.integers(0, 2**32 - 1), st.builds(Outputs, st.booleans(), st.booleans(), DRIVES), st.booleans()
)


@given(FEEDS)
def test_a_feed_comes_back(feed: Feed) -> None:
    assert unpack_feed(pack_feed(feed)) == feed


@given(st.binary(max_size=64))
def test_anything_else_is_no_feed(data: bytes) -> None:
    feed = unpack_feed(data)
    assert feed is None or pack_feed(feed) == data
    assert unpack_alive(data) is None or pack_alive(unpack_alive(data) or 0) == data


@given(FEEDS, st.integers(0, 11), st.integers(1, 255))
def test_a_damaged_feed_never_closes_what_was_open(feed: Feed, index: int, flip: int) -> None:
    packed = bytearray(pack_feed(feed))
    if index < 4:
        packed[index] ^= flip
        assert unpack_feed(bytes(packed)) is None
    assert unpack_feed(bytes(packed[:-1])) is None


def test_the_answer_names_the_feed() -> None:
    assert unpack_alive(pack_alive(7)) == 7
    assert unpack_alive(b"EVF1\x07\x00\x00\x00") is None
