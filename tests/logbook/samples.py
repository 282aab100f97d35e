"""Sessions as tests make them."""

from hypothesis import strategies as st

from evsed.core.record import Counters, Ending, Kept, Part, SessionRecord

NOON = 1_800_000_000
DAY = 86_400

counts = st.integers(0, 2**53 - 1)
maybe = st.none() | counts
moments = st.none() | st.integers(0, 2**35 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12)

records = st.builds(
    SessionRecord,
    number=st.integers(1, 2**53 - 1),
    revision=counts,
    start_s=moments,
    end_s=moments,
    seen_s=moments,
    ending=st.none() | st.sampled_from(Ending),
    charging=st.booleans(),
    start_wh=maybe,
    end_wh=maybe,
    energy_wh=maybe,
    complete=st.booleans(),
    solar_mwh=maybe,
    by_phases=st.tuples(counts, counts, counts),
    phases=st.lists(st.sampled_from([1, 2, 3]), max_size=3, unique=True).map(tuple),
    parts=st.lists(st.builds(Part, texts, texts, counts, counts), max_size=4).map(tuple),
    modes=st.lists(words, max_size=3).map(tuple),
    peak=maybe,
    charging_ms=counts,
    closings=st.tuples(counts, counts),
    stops=st.lists(st.tuples(words, counts), max_size=4).map(tuple),
    last_stop=words,
    exchanges=counts,
)
counters = st.builds(Counters, counts, st.tuples(counts, counts), counts, maybe, counts)


def session(number: int, energy_wh: int | None = 1_000, ending: Ending | None = Ending.UNPLUGGED) -> SessionRecord:
    """One of a day, charged in two parts."""
    start = NOON + number * DAY
    return SessionRecord(
        number,
        revision=number * 10,
        start_s=start,
        end_s=None if ending is None else start + 3_600,
        seen_s=start + 3_600,
        ending=ending,
        start_wh=50_000,
        end_wh=51_000,
        energy_wh=energy_wh,
        solar_mwh=250_400,
        by_phases=(300, 0, 700),
        phases=(3, 1),
        parts=(Part("04A1B2C3D4E5", "Anna", 600, 250_400), Part("", "", 400, 0)),
        modes=("SMART", "SOLAR"),
        peak=160,
        charging_ms=3_000_999,
        closings=(3, 1),
        stops=(("paused", 2), ("unplugged", 1)),
        last_stop="unplugged",
    )


def kept(number: int = 1, ending: Ending | None = Ending.UNPLUGGED) -> Kept:
    """A charger whose newest session this is."""
    record = session(number, ending=ending)
    return Kept(record if ending is None else None, None if ending is None else record, Counters(number, (3, 1), 9, 7))
