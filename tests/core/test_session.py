"""A session is one plug-in to its unplug, whatever lies between, and adds up to the meter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import LogSession
from evsed.core.look import Look
from evsed.core.model import PhaseCurrents
from evsed.core.record import Counters, Ending, Kept, SessionRecord, newer
from evsed.core.register import AGREEING, EXCHANGED_MS, Register
from evsed.core.session import CHARGING_TURN_MS, LATE_MS, RESTARTED, WAITING_TURN_MS, Session

NOON = 1_800_000_000
ANNA, BEN = "04A1B2C3D4E5", "04A1B2C3D4E6"


@dataclass
class Desk:
    """A session that is looked at by hand: ``look`` is what it sees next."""

    session: Session = field(default_factory=Session)
    look: Look = field(
        default_factory=lambda: Look(gone=True, mode="NORMAL", unix_s=NOON, import_wh=1_000, import_at=0)
    )
    now: int = 0
    told: list[LogSession] = field(default_factory=list)

    def see(self, ms: int = 1_000, **changed: Any) -> None:
        self.now += ms
        before, self.look = self.look, self.look._replace(**changed)
        if self.look.unix_s is not None and "unix_s" not in changed:
            self.look = self.look._replace(unix_s=self.look.unix_s + ms // 1000)
        if self.look.import_wh != before.import_wh:
            self._read()
        self._look()

    def _read(self) -> None:
        """The meter says the same several times."""
        for number in range(AGREEING):
            self.look = self.look._replace(import_at=self.now * AGREEING + number)
            self._look()

    def _look(self) -> None:
        for action in self.session.look(self.look, self.now):
            assert isinstance(action, LogSession)
            self.told.append(action)

    def plug(self, **changed: Any) -> None:
        self.see(connected=True, gone=False, **changed)

    def unplug(self, **changed: Any) -> None:
        self.session.stopped_charging("unplugged", self.now)
        self.see(connected=False, gone=True, **changed)

    def begin(self, phases: int = 3) -> None:
        self.session.began_charging(phases, self.now)
        self.see(closed=(True, phases == 3))
        self.see(closed=(False, False))

    def stop(self, code: str = "paused") -> None:
        self.session.stopped_charging(code, self.now)
        self.see()

    def counts(self, wh: int, ms: int = 1_000, **changed: Any) -> None:
        """The register advances."""
        self.see(ms, import_wh=(self.look.import_wh or 0) + wh, **changed)

    def draws(self, l1: int, l2: int, l3: int, imported: int | None = None) -> None:
        """The car's currents and the mains' are measured, for ten seconds."""
        for _ in range(10):
            self.see(
                drawn=PhaseCurrents(l1, l2, l3),
                drawn_at=self.now + 1,
                imported=None if imported is None else PhaseCurrents(imported, 0, 0),
                imported_at=self.now + 1,
            )

    def restart(self) -> None:
        self.session = Session(self.session.kept, self.now)

    @property
    def kept(self) -> Kept:
        return self.session.live(self.now)

    @property
    def open(self) -> SessionRecord:
        assert self.kept.open is not None
        return self.kept.open

    @property
    def last(self) -> SessionRecord:
        assert self.kept.last is not None
        return self.kept.last


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.see()
    desk.plug()
    return desk


def test_a_session_has_its_times_register_energy_and_stops(desk: Desk) -> None:
    desk.begin()
    desk.draws(130, 130, 131)
    desk.counts(500)
    desk.stop("no_power")
    desk.begin(1)
    desk.counts(250, mode="SOLAR")
    desk.stop("no_power")
    desk.stop("not told twice")
    desk.unplug()
    record = desk.last
    assert (record.number, record.start_s, record.end_s, record.ending) == (1, NOON + 2, NOON + 22, Ending.UNPLUGGED)
    assert (record.start_wh, record.end_wh, record.energy_wh) == (1_000, 1_750, 750)
    assert (record.by_phases, record.phases, record.peak) == ((250, 0, 500), (3, 1), 131)
    assert (record.stops, record.last_stop, record.closings) == ((("no_power", 2),), "no_power", (2, 1))
    assert record.modes == ("NORMAL", "SOLAR")
    assert record.charging_ms == 16_000
    assert desk.kept.open is None
    assert desk.kept.counters == Counters(1, (2, 1), 16_000, 750, 0)


def test_unplugged_and_plugged_within_a_moment_is_two_sessions(desk: Desk) -> None:
    """evcc-io/evcc#14627: a fast replug mixed the sessions."""
    desk.begin()
    desk.counts(500)
    desk.unplug()
    desk.look = desk.look._replace(connected=True, gone=False)
    desk.see(10)
    assert (desk.last.number, desk.open.number) == (1, 2)
    desk.counts(7)  # that the first took last, told late
    assert (desk.last.energy_wh, desk.open.energy_wh) == (507, 0)
    desk.begin()
    desk.counts(100)
    assert (desk.last.energy_wh, desk.open.energy_wh) == (507, 100)
    assert (desk.last.end_wh, desk.open.start_wh, desk.open.end_wh) == (1_507, 1_507, 1_607)


def test_what_the_meter_tells_after_the_unplug_is_not_lost(desk: Desk) -> None:
    """dingo35/SmartEVSE-3.5#45: a session's kWh were lost at its end."""
    desk.begin()
    desk.counts(500)
    desk.unplug()
    assert not desk.last.complete
    desk.counts(9)
    assert (desk.last.energy_wh, desk.last.complete) == (509, True)
    assert desk.told[-1].kept.last == desk.last
    desk.see(LATE_MS)
    desk.counts(40)  # whatever else hangs on that meter
    assert desk.last.energy_wh == 509
    assert desk.kept.counters.energy_wh == 509


def test_a_meter_that_was_silent_at_the_end_is_heard_later(desk: Desk) -> None:
    desk.begin()
    desk.unplug()
    assert (desk.last.energy_wh, desk.last.complete) == (None, False)
    desk.see(10 * LATE_MS)
    desk.counts(800)
    assert (desk.last.energy_wh, desk.last.complete) == (800, True)


def test_energy_is_unknown_without_a_meter_and_never_0() -> None:
    desk = Desk(look=Look(gone=True))
    desk.plug()
    desk.begin()
    desk.draws(0, 0, 0)
    desk.unplug()
    record = desk.last
    assert (record.energy_wh, record.solar_wh, record.grid_wh, record.solar_percent) == (None, None, None, None)
    assert (record.peak, record.start_wh, record.phases) == (None, None, (3,))
    assert desk.kept.counters.energy_wh is None


def test_a_meter_that_wakes_with_the_contactor_counts_from_its_first_word() -> None:
    desk = Desk(look=Look(gone=True, unix_s=NOON))
    desk.plug()
    desk.begin()
    desk.see(import_wh=70_000)
    desk.counts(300)
    assert (desk.open.start_wh, desk.open.energy_wh) == (70_000, 300)


@pytest.mark.parametrize("register", [5, 400_000])
def test_another_meter_counts_on(desk: Desk, register: int) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(import_wh=register)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (500, 0, 1_500)  # it may be an odd reading
    desk.counts(100, ms=EXCHANGED_MS)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (600, 1, register + 100)
    desk.session.meter_exchanged()
    desk.see(import_wh=90_000)
    desk.counts(50)
    assert (desk.open.energy_wh, desk.open.exchanges) == (650, 2)


def test_a_meter_that_is_exchanged_when_nobody_charges_is_no_exchange_of_a_session(desk: Desk) -> None:
    desk.unplug()
    desk.session.meter_exchanged()
    assert desk.last.exchanges == 0
    desk.see(LATE_MS)
    desk.session.meter_exchanged()
    desk.see(import_wh=9)
    assert (desk.last.energy_wh, desk.last.end_wh) == (0, 1_000)


def test_a_register_that_is_rounded_to_and_fro_counts_once(desk: Desk) -> None:
    desk.begin()
    for wh in (1, -1, 1, -1, 2):
        desk.counts(wh)
    assert (desk.open.energy_wh, desk.open.exchanges) == (2, 0)


def test_each_card_has_its_share(desk: Desk) -> None:
    desk.begin()
    desk.counts(10)
    for wh, card, name in ((300, ANNA, "Anna"), (200, BEN, ""), (100, ANNA, "another name by now"), (5, "", "")):
        desk.see(card=card, card_name=name)
        desk.counts(wh)
    parts = desk.open.parts
    assert [(part.card, part.name, part.energy_wh) for part in parts] == [
        ("", "", 15),
        (ANNA, "Anna", 400),
        (BEN, "", 200),
    ]
    assert sum(part.energy_wh for part in parts) == desk.open.energy_wh == 615


def test_what_is_charged_without_a_card_is_not_billed_to_the_one_that_had_stopped(desk: Desk) -> None:
    desk.see(card=ANNA, card_name="Anna")
    desk.begin()
    desk.counts(2_000, ms=120_000)
    desk.stop("card")
    desk.see(card="", card_name="")
    desk.counts(7)  # what its meter told late
    desk.begin()  # somebody chose a mode
    desk.counts(3_000, ms=120_000)
    assert [(part.card, part.energy_wh) for part in desk.open.parts] == [(ANNA, 2_007), ("", 3_000)]


@pytest.mark.parametrize("odd", [0, 500, 989, 1_700, 150_000, 4_294_967_295])
def test_one_odd_reading_counts_nothing(desk: Desk, odd: int) -> None:
    desk.begin()
    desk.counts(500)
    for register in (1_550, 1_600):
        desk.look = desk.look._replace(import_wh=odd, import_at=-1)
        desk._look()
        desk.see(import_wh=register)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (600, 0, 1_600)
    assert (desk.kept.counters.energy_wh, desk.open.parts[0].energy_wh) == (600, 600)


def test_a_register_that_fell_and_comes_back_is_counted_from_where_it_was(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(import_wh=0)
    desk.see(EXCHANGED_MS // 2, import_wh=1)
    desk.see(import_wh=1_700)
    assert (desk.open.energy_wh, desk.open.exchanges) == (700, 0)


def test_a_register_that_swings_counts_at_most_one_swing(desk: Desk) -> None:
    desk.begin()
    for _ in range(20):
        desk.counts(11)
        desk.counts(-11)
    assert (desk.open.energy_wh, desk.open.exchanges) == (11, 0)


def test_after_a_restart_with_the_register_far_on_readings_have_to_agree() -> None:
    register = Register(1_000)
    assert register.read(50_000, 10) is None
    assert register.read(2_000, 20) == (1_000, False)
    register = Register(1_000)
    assert [register.read(wh, 10_000 * number) for number, wh in enumerate((50_000, 50_001, 50_002))] == [
        None,
        None,
        (49_002, False),
    ]


@pytest.mark.parametrize("every_s", [60, 300, 600, 900])
def test_a_register_that_is_refreshed_now_and_then_tells_all(every_s: int) -> None:
    """22 kW, read every 5 s."""
    register = Register()
    read = [register.read(s // every_s * every_s * 22_080 // 3_600, s * 1_000) for s in range(0, 3_616, 5)]
    assert sum(advance.energy_wh for advance in read if advance) == 22_080
    assert not any(advance.exchanged for advance in read if advance)


@pytest.mark.parametrize(("every_s", "watts"), [(300, 22_080), (900, 11_040), (1_800, 22_080)])
def test_a_register_that_is_told_seldom_counts_when_three_readings_agree(every_s: int, watts: int) -> None:
    register = Register()
    read = [register.read(n * every_s * watts // 3_600, n * every_s * 1_000) for n in range(10)]
    assert sum(advance.energy_wh for advance in read if advance) == 9 * every_s * watts // 3_600
    assert not any(advance.exchanged for advance in read if advance)


def test_a_silent_meter_tells_later_what_a_car_can_have_drawn() -> None:
    register = Register()
    assert register.read(1_000, 0) == (0, False)
    hour = 3_600_000
    assert [register.read(45_000, hour + number) for number in range(AGREEING)] == [None, None, (44_000, False)]
    assert [register.read(300_000, hour + number * 1_000) for number in range(1, 60)] == [None] * 59


def test_more_cards_than_anybody_has_share_the_last_part(desk: Desk) -> None:
    desk.begin()
    for number in range(60):
        desk.see(card=f"{number:012X}")
        desk.counts(1)
    assert len(desk.open.parts) == 50
    assert sum(part.energy_wh for part in desk.open.parts) == 60


# ---- where it came from ----


@pytest.mark.parametrize(("imported", "percent"), [(300, 0), (120, 0), (90, 25), (0, 100), (-200, 100), (None, None)])
def test_what_the_mains_did_not_import_is_the_houses_own(desk: Desk, imported: int | None, percent: int | None) -> None:
    desk.begin()
    desk.draws(40, 40, 40, imported)
    desk.counts(400)
    assert desk.open.solar_percent == percent
    assert desk.open.solar_wh is None or (desk.open.grid_wh or 0) + desk.open.solar_wh == 400


def test_what_several_cars_buy_is_shared_out(desk: Desk) -> None:
    desk.begin()
    desk.look = desk.look._replace(all_drawn=240)
    desk.draws(40, 40, 40, 120)
    desk.counts(400)
    assert desk.open.solar_percent == 50


def test_after_a_silence_of_the_mains_meter_its_origin_is_unknown_and_counts_as_bought(desk: Desk) -> None:
    desk.begin()
    desk.draws(100, 0, 0, 0)
    desk.counts(100)
    assert desk.open.solar_wh == 100
    desk.see(15_000, imported=None)
    desk.counts(100)
    assert desk.open.solar_wh == 187  # two seconds of sixteen nobody has seen
    desk.see(60_000)
    desk.see(0, imported=PhaseCurrents(0, 0, 0), imported_at=desk.now)
    desk.counts(100)
    solar = desk.open.solar_wh
    assert solar is not None
    assert 187 < solar < 230
    desk.stop()
    desk.counts(100)
    assert desk.open.solar_wh >= solar


def test_solar_is_none_before_any_look_and_known_after_it(desk: Desk) -> None:
    desk.begin()
    desk.counts(100)
    assert desk.open.solar_wh is None
    desk.draws(100, 0, 0, 0)
    desk.counts(100)
    assert (desk.open.solar_wh, desk.open.grid_wh) == (100, 100)


# ---- restarts ----


def test_the_same_session_goes_on_after_a_restart_and_the_register_says_what_was_charged(desk: Desk) -> None:
    desk.begin(1)
    desk.see(card=ANNA)
    desk.counts(500)
    desk.see(CHARGING_TURN_MS)
    desk.counts(40)  # not handed on any more
    desk.look = desk.look._replace(connected=False)
    desk.restart()
    desk.counts(60, connected=True, unix_s=None)
    assert (desk.open.number, desk.open.energy_wh, desk.open.by_phases[0]) == (1, 600, 600)
    assert (desk.open.stops, desk.open.charging) == (((RESTARTED, 1),), False)
    assert [(part.card, part.energy_wh) for part in desk.open.parts] == [(ANNA, 600)]
    desk.unplug()
    assert desk.last.ending is Ending.UNPLUGGED


def test_a_car_that_is_found_gone_after_a_restart_keeps_what_its_meter_counted(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(CHARGING_TURN_MS)
    seen = desk.told[-1].kept.open
    assert seen is not None
    desk.counts(40)
    desk.restart()
    desk.see(3_600_000, connected=False, gone=False)  # nobody has looked yet
    desk.see(gone=True)
    assert (desk.last.ending, desk.last.seen_s) == (Ending.FOUND_UNPLUGGED, seen.seen_s)
    desk.counts(3)
    assert desk.last.energy_wh == 543
    assert desk.last.end_s == desk.look.unix_s - 1 if desk.look.unix_s else None


def test_a_restart_right_after_the_end_still_hears_the_meter(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.unplug()
    desk.restart()
    desk.counts(8)
    assert (desk.last.energy_wh, desk.kept.counters.energy_wh) == (508, 508)
    desk.restart()
    desk.plug()
    desk.counts(8)
    assert (desk.last.energy_wh, desk.open.energy_wh) == (508, 8)


def test_a_restart_in_the_next_session_knows_whose_energy_comes_late(desk: Desk) -> None:
    desk.begin()
    desk.unplug()
    desk.plug()
    desk.restart()
    desk.counts(30)
    assert (desk.last.energy_wh, desk.open.energy_wh, desk.open.start_wh) == (30, 0, 1_030)
    desk.begin()
    desk.unplug()
    assert desk.last.number == 2


def test_a_session_that_waits_is_handed_on_now_and_then(desk: Desk) -> None:
    told = len(desk.told)
    desk.see(WAITING_TURN_MS - 1)
    assert len(desk.told) == told
    desk.see(1)
    assert len(desk.told) == told + 1
    assert desk.told[-1].kept.open == desk.open
    assert desk.open.seen_s == desk.look.unix_s


def test_every_record_that_is_handed_on_is_newer_than_those_before(desk: Desk) -> None:
    desk.begin()
    desk.counts(5)
    desk.unplug()
    desk.counts(5)
    desk.plug()
    desk.see(WAITING_TURN_MS)
    for before, after in pairwise(told.kept for told in desk.told):
        assert newer(before, after) == after == newer(after, before)


# ---- the time of day ----


def test_times_are_filled_in_when_the_clock_becomes_known() -> None:
    desk = Desk(look=Look(gone=True, import_wh=0, import_at=0))
    desk.see()
    for _ in range(2):
        desk.plug()
        desk.begin()
        desk.unplug()
        desk.counts(5)
        desk.see(LATE_MS)
    desk.plug()
    assert (desk.open.start_s, desk.last.start_s, desk.last.end_s) == (None, None, None)
    ends = desk.now
    desk.see(unix_s=NOON)
    assert desk.open.start_s == NOON - 1 == NOON - (desk.now - ends) // 1000
    assert desk.last.end_s == desk.last.seen_s
    assert desk.last.start_s is not None
    assert desk.last.end_s is not None
    assert desk.last.end_s - desk.last.start_s == 3
    assert desk.last.energy_wh == 5
    first = desk.told[-1].amended[0]
    assert first.number == 1
    assert first.start_s is not None
    assert first.start_s < desk.last.start_s


@pytest.mark.parametrize("put", [-86_400, -5, 4, 3_600])
def test_a_clock_that_is_put_forward_or_back_leaves_a_session_its_length(desk: Desk, put: int) -> None:
    desk.see(100_000)
    desk.see(unix_s=(desk.look.unix_s or 0) + 1 + put)
    desk.see(100_000)
    length = (desk.now - desk.session._dates.start_at) // 1000 if desk.session._dates.start_at else 0
    desk.see(0, connected=False, gone=True)
    assert desk.last.start_s is not None
    assert desk.last.end_s is not None
    assert desk.last.end_s - desk.last.start_s == length + (put if abs(put) < 5 else 0)


def test_a_clock_that_is_put_back_over_a_restart_ends_no_session_before_its_start(desk: Desk) -> None:
    desk.see(WAITING_TURN_MS)
    start = desk.open.start_s
    desk.restart()
    desk.see(unix_s=NOON - 86_400)
    desk.see(unix_s=None)
    desk.unplug()
    desk.see(unix_s=NOON - 86_390)
    assert (desk.last.start_s, desk.last.end_s) == (start, start)
    desk.plug()
    desk.restart()
    desk.see(unix_s=5)
    desk.unplug()
    assert desk.last.end_s == desk.last.start_s == NOON - 86_389


def test_the_clock_does_not_remember_more_than_it_can_fill_in() -> None:
    desk = Desk(look=Look(gone=True))
    for _ in range(40):
        desk.plug()
        desk.unplug()
    desk.see(unix_s=NOON)
    assert len(desk.told[-1].amended) == 15
    assert desk.last.end_s is not None


def test_a_beginning_before_a_restart_without_a_clock_stays_unknown() -> None:
    desk = Desk(look=Look(gone=True))
    desk.plug()
    desk.restart()
    desk.see(unix_s=NOON)
    desk.unplug()
    assert (desk.last.start_s, desk.last.end_s) == (None, NOON + 1)


def test_one_that_is_found_gone_before_the_clock_is_known_keeps_when_it_was_seen(desk: Desk) -> None:
    seen = desk.open.seen_s
    desk.restart()
    desk.see(connected=False, gone=True, unix_s=None)
    assert desk.last.end_s is None
    desk.see(unix_s=NOON + 500)
    assert (desk.last.seen_s, desk.last.end_s, desk.last.start_s) == (seen, NOON + 499, NOON + 2)


# ---- what cannot be, and counters ----


def test_nothing_happens_to_a_session_that_is_not_there() -> None:
    desk = Desk()
    desk.session.began_charging(3, 0)
    desk.see(closed=(True, False), drawn=PhaseCurrents(90, 0, 0), drawn_at=5)
    desk.counts(500, closed=(False, False))
    desk.session.stopped_charging("unplugged", desk.now)
    desk.session.meter_exchanged()
    assert (desk.kept.open, desk.kept.last) == (None, None)
    assert (desk.kept.counters.sessions, desk.kept.counters.closings) == (0, (1, 0))
    assert desk.kept.counters.energy_wh is None
    desk.session.began_charging(3, desk.now)
    desk.plug()
    desk.session.stopped_charging("paused", desk.now)
    assert desk.open.stops == (("paused", 1),)


def test_hours_with_power_are_counted(desk: Desk) -> None:
    desk.see(2 * 3_600_000)
    desk.see()
    assert desk.session.kept.counters.powered_s == 7_200


def test_the_newer_copy_counts_and_no_counter_falls() -> None:
    one = Kept(None, SessionRecord(3, 9), Counters(3, (5, 0), 10, None, 3600))
    other = Kept(SessionRecord(4, 10), SessionRecord(3, 8), Counters(4, (4, 1), 20, 7, 0))
    both = Counters(4, (5, 1), 20, 7, 3600)
    assert newer(one, other) == Kept(other.open, other.last, both) == newer(other, one)
    assert newer(one, Kept()) == one
    assert newer(Kept(counters=Counters(energy_wh=3)), one).counters.energy_wh == 3
    assert newer(Kept(), Kept(SessionRecord(12))).counters.sessions == 12


@given(
    st.lists(
        st.sampled_from(
            ["plug", "unplug", "begin", "stop", "restart", "card", "sun", "night", "silent", "exchange", "tick"]
        )
        | st.integers(0, 5_000),
        max_size=60,
    )
)
def test_all_that_the_meter_counts_while_a_car_is_there_is_in_exactly_one_place(steps: list[str | int]) -> None:
    """Sessions add up to the meter; cards, phases and origins add up to their session."""
    desk = Desk()
    desk.see()
    sessions: dict[int, SessionRecord] = {}
    counted, charging = 0, False
    for step in steps:
        if isinstance(step, int):
            if not charging:
                continue
            desk.counts(step, ms=120_000, drawn=PhaseCurrents(60, 60, 0), drawn_at=desk.now + 1)
            counted += step
        else:
            charging = _happens(desk, step, charging)
        for record in (desk.kept.last, desk.kept.open):
            if record is not None:
                sessions[record.number] = record
    assert sum(record.energy_wh or 0 for record in sessions.values()) == counted
    assert (desk.kept.counters.energy_wh or 0) == counted
    for record in sessions.values():
        energy = record.energy_wh or 0
        assert sum(record.by_phases) == sum(part.energy_wh for part in record.parts) == energy
        assert 0 <= sum(part.solar_mwh for part in record.parts) == (record.solar_mwh or 0) <= energy * 1000
        assert record.grid_wh is None or record.grid_wh + (record.solar_wh or 0) == energy


def _happens(desk: Desk, step: str, charging: bool) -> bool:
    there = desk.look.connected
    deeds: dict[str, tuple[bool, Callable[[], None]]] = {
        "plug": (not there, desk.plug),
        "unplug": (there, desk.unplug),
        "begin": (there and not charging, desk.begin),
        "stop": (charging, desk.stop),
        "restart": (True, lambda: _restart(desk)),
        "card": (there, lambda: desk.see(card=f"{desk.now % 3:012X}")),
        "sun": (True, lambda: desk.see(imported=PhaseCurrents(-99, 0, 0), imported_at=desk.now)),
        "night": (True, lambda: desk.see(imported=PhaseCurrents(60, 99, 0), imported_at=desk.now)),
        "silent": (True, lambda: desk.see(30_000)),
        "exchange": (True, lambda: _exchange(desk)),
        "tick": (True, lambda: desk.see(1)),
    }
    possible, deed = deeds[step]
    if not possible:
        return charging
    deed()
    return (charging or step == "begin") and step not in {"unplug", "stop", "restart"}


def _exchange(desk: Desk) -> None:
    desk.session.meter_exchanged()
    desk.see(import_wh=(desk.look.import_wh or 0) // 2, import_at=desk.now + 1)


def _restart(desk: Desk) -> None:
    desk.restart()
    desk.see(import_at=desk.now + 1)  # the meter is read again
