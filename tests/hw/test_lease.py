"""The lease's wire format: what is packed comes back, and nothing else renews."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import SAFE, LockDrive, Outputs, Pilot, PilotDrive
from evsed.hw.lease import Feed, pack_alive, pack_feed, unpack_alive, unpack_feed

DRIVES = st.builds(PilotDrive, st.sampled_from(Pilot), st.integers(0, 10_000))
OUTPUTS = st.builds(Outputs, st.booleans(), st.booleans(), DRIVES, st.sampled_from(LockDrive), st.booleans())
FEEDS = st.builds(Feed, st.integers(0, 2**32 - 1), OUTPUTS, st.booleans())


@given(FEEDS)
def test_a_feed_comes_back(feed: Feed) -> None:
    assert unpack_feed(pack_feed(feed)) == feed


@given(st.binary(max_size=64))
def test_anything_else_is_no_feed(data: bytes) -> None:
    feed = unpack_feed(data)
    assert feed is None or pack_feed(feed) == data
    assert unpack_alive(data) is None or pack_alive(unpack_alive(data) or 0) == data


@given(FEEDS, st.integers(0, 12), st.integers(1, 255))
def test_a_damaged_feed_never_closes_what_was_open(feed: Feed, index: int, flip: int) -> None:
    packed = bytearray(pack_feed(feed))
    if index < 4:
        packed[index] ^= flip
        assert unpack_feed(bytes(packed)) is None
    assert unpack_feed(bytes(packed[:-1])) is None


@pytest.mark.parametrize(
    ("index", "value"),
    [(0, 0x46), (3, 0x31), (8, 0x10), (8, 0x80), (9, 4), (10, 0xFF), (11, 0xFF), (12, 3), (12, 255)],
    ids=["magic", "version", "unknown bit", "last bit", "pilot", "duty", "duty", "lock", "lock"],
)
def test_a_feed_with_a_value_that_means_nothing_is_none(index: int, value: int) -> None:
    """A value beyond those that the format knows, in a feed that is in order otherwise."""
    packed = bytearray(pack_feed(Feed(1, Outputs(pilot=PilotDrive(Pilot.PWM, 10_000)), single=True)))
    assert unpack_feed(bytes(packed)) is not None
    packed[index] = value
    assert unpack_feed(bytes(packed)) is None


def test_each_output_has_a_bit_of_its_own() -> None:
    feeds = [
        Feed(1, outputs, single=False)
        for outputs in (
            SAFE,
            Outputs(contactor1=True),
            Outputs(contactor2=True),
            Outputs(rcm_test=True),
            Outputs(lock=LockDrive.LOCK),
            Outputs(lock=LockDrive.UNLOCK),
        )
    ]
    assert len({pack_feed(feed) for feed in feeds}) == len(feeds)
    assert [unpack_feed(pack_feed(feed)) for feed in feeds] == feeds


def test_the_answer_names_the_feed() -> None:
    assert unpack_alive(pack_alive(7)) == 7
    assert unpack_alive(b"EVF2\x07\x00\x00\x00") is None
