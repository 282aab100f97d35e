"""The lease: what is packed comes back, nothing else renews, and it runs out by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import SAFE, LockDrive, Outputs, Pilot, PilotDrive
from evsed.hw.guard import AT_REST, LEASE_MS, Alive, Lease, Levels, follows, pack_alive
from evsed.hw.lease import Feed, confirms, levels_of, outputs_of, pack_feed, unpack_alive, unpack_feed

DRIVES = st.builds(PilotDrive, st.sampled_from(Pilot), st.integers(0, 10_000))
OUTPUTS = st.builds(Outputs, st.booleans(), st.booleans(), DRIVES, st.sampled_from(LockDrive), st.booleans())
FEEDS = st.builds(Feed, st.integers(0, 2**32 - 1), OUTPUTS, st.booleans())
ALIVES = st.builds(
    Alive,
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.integers(-1, 2**31 - 1),
)
CLOSED = Levels(contactor1=True, contactor2=True, pilot=1, pulses=2667)


@given(FEEDS)
def test_a_feed_comes_back(feed: Feed) -> None:
    assert unpack_feed(pack_feed(feed)) == feed


@given(st.binary(max_size=64))
def test_anything_else_is_no_feed(data: bytes) -> None:
    feed = unpack_feed(data)
    assert feed is None or pack_feed(feed) == data
    alive = unpack_alive(data)
    assert alive is None or pack_alive(alive) == data


@given(FEEDS, st.integers(0, 15), st.integers(1, 255))
def test_a_damaged_feed_never_closes_what_was_open(feed: Feed, index: int, flip: int) -> None:
    packed = bytearray(pack_feed(feed))
    if index < 4:
        packed[index] ^= flip
        assert unpack_feed(bytes(packed)) is None
    assert unpack_feed(bytes(packed[:-1])) is None


@pytest.mark.parametrize(
    ("index", "value"),
    [(0, 0x46), (3, 0x32), (8, 2), (9, 0x80), (10, 2), (11, 0xFF), (12, 4), (13, 3), (14, 0xFF), (15, 0xFF)],
    ids=["magic", "version", "contactor1", "contactor2", "single", "test", "pilot", "lock", "duty", "duty"],
)
def test_a_feed_with_a_value_that_means_nothing_is_none(index: int, value: int) -> None:
    """A value beyond those that the format knows, in a feed that is in order otherwise."""
    packed = bytearray(pack_feed(Feed(1, Outputs(pilot=PilotDrive(Pilot.PWM, 10_000)), single=True)))
    assert unpack_feed(bytes(packed)) is not None
    packed[index] = value
    assert unpack_feed(bytes(packed)) is None


def test_each_output_has_a_place_of_its_own() -> None:
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
    assert outputs_of(AT_REST) == SAFE
    assert levels_of(SAFE, single=False) == AT_REST


@given(ALIVES)
def test_the_answer_comes_back_and_nothing_damaged_does(alive: Alive) -> None:
    packed = pack_alive(alive)
    assert unpack_alive(packed) == alive
    assert unpack_alive(packed[:-1]) is None
    assert unpack_alive(b"EVA2" + packed[4:]) is None
    assert unpack_alive(packed[:8] + b"\x02" + packed[9:]) is None


def test_an_answer_confirms_only_its_own_feed_and_only_what_was_asked_for() -> None:
    closed = Outputs(contactor1=True)
    assert confirms(Alive(7, True, False, 0, 0), 7, closed)
    assert not confirms(Alive(6, True, False, 0, 0), 7, closed)
    assert not confirms(Alive(7, False, False, 0, 0), 7, closed), "refused until it was asked for open"
    assert not confirms(Alive(7, True, True, 0, 0), 7, closed)
    assert not confirms(None, 7, closed)


def test_sequence_numbers_go_round() -> None:
    assert follows(1, 0)
    assert follows(0, 2**32 - 1)
    assert not follows(5, 5)
    assert not follows(4, 5)
    assert not follows(2**32 - 1, 0)


def test_it_runs_out_500_ms_after_the_last_feed() -> None:
    lease = Lease()
    lease.renew(AT_REST, 0)
    lease.renew(CLOSED, 100)
    assert lease.levels == CLOSED
    assert lease.look(100 + LEASE_MS - 1)
    assert lease.levels == CLOSED
    assert not lease.look(100 + LEASE_MS)
    assert lease.levels == AT_REST
    assert lease.expiries == 1


def test_it_never_closes_by_itself() -> None:
    """At first, after it ran out, and after whoever fed has gone, only who has asked for open may ask for closed."""
    lease = Lease()
    opened = CLOSED._replace(contactor1=False, contactor2=False)
    lease.renew(CLOSED, 0)
    assert lease.levels == opened
    lease.renew(opened, 10)
    lease.renew(CLOSED, 20)
    assert lease.levels == CLOSED
    lease.renew(CLOSED, 20 + LEASE_MS)  # comes too late, before anybody has looked
    assert lease.levels == opened
    assert lease.expiries == 1
    lease.renew(AT_REST, 600)
    lease.renew(CLOSED, 700)
    lease.end()
    assert lease.levels == AT_REST
    lease.renew(CLOSED._replace(contactor2=False), 800)
    assert lease.levels == opened
    lease.renew(CLOSED._replace(contactor1=False), 900)
    assert not lease.levels.contactor2
