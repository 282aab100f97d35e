"""The story of one car, in virtual time: whatever happens between plug and unplug, its session adds up to the meter."""

from evsed.core.actions import LogSession, OpenContactors, Persist
from evsed.core.cards import Card
from evsed.core.events import ChangeSetting, ChooseMode, Leaving, SwipeCard
from evsed.core.model import Access, ModeChoice
from evsed.core.record import Ending, SessionRecord
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings

NOON = 1_800_000_000
ANNA, BEN = "04A1B2C3D4E5", "04A1B2C3D4E6"


def draws(story: Story, within_s: float = 60) -> None:
    story.run_until(lambda: story.unit.current[0] > 0, within_s)
    story.run(60)


def last(story: Story) -> SessionRecord:
    record = story.snapshot.sessions.last
    assert record is not None
    return record


def open_one(story: Story) -> SessionRecord:
    record = story.snapshot.sessions.open
    assert record is not None
    return record


def swipe(story: Story, card: str) -> None:
    assert story.command(SwipeCard(card)).accepted


def choose(story: Story, choice: ModeChoice) -> None:
    assert story.command(ChooseMode(choice)).accepted


def eventful() -> Story:
    """A car that two people charge, through a pause, a crash, a change of phases and an update."""
    cards = (Card(ANNA, "Anna"), Card(BEN, "Ben"))
    given = settings(mode="Normal", enable_C2="Solar Off", rfidreader="EnableAll")
    story = Story(Saved(settings=given, access=Access.DENY, cards=cards))
    story.clock(NOON)
    story.run(0.5)
    story.plug()
    story.run(2)
    swipe(story, ANNA)
    draws(story)
    choose(story, ModeChoice.PAUSE)
    story.run(20)
    choose(story, ModeChoice.NORMAL)
    draws(story)
    swipe(story, BEN)  # ends Anna's charging
    story.run(20)
    swipe(story, BEN)
    draws(story)
    story.restart()
    story.clock(NOON + 400)
    draws(story)
    story.plant.sun = (20.0, 0.0, 0.0)
    choose(story, ModeChoice.SOLAR)
    draws(story, 300)
    story.plant.sun = (0.0, 0.0, 0.0)
    choose(story, ModeChoice.NORMAL)
    draws(story, 300)
    story.core.handle(Leaving(), story.now)
    story.run(2)
    story.restart()
    draws(story)
    story.unplug()
    story.run(5)
    return story


def test_restart_pause_phase_switch_and_card_change_add_up_to_the_meter() -> None:
    story = eventful()
    record = last(story)
    assert record.energy_wh is not None
    assert abs(record.energy_wh - story.unit.energy_wh) <= 1
    assert record.energy_wh == (record.end_wh or 0) - (record.start_wh or 0)
    assert record.energy_wh == sum(record.by_phases) == sum(part.energy_wh for part in record.parts)
    assert record.energy_wh == (record.grid_wh or 0) + (record.solar_wh or 0)
    assert [(part.card, part.name) for part in record.parts] == [(ANNA, "Anna"), (BEN, "Ben")]
    assert all(part.energy_wh > 100 for part in record.parts)
    assert (record.phases, record.by_phases[1]) == ((3, 1), 0)
    assert min(record.by_phases[0], record.by_phases[2]) > 10
    assert abs((record.solar_wh or 0) - record.by_phases[0]) < record.by_phases[0] // 4  # on one phase it was the sun
    stops = dict(record.stops)
    known = {"paused": 1, "card": 1, "restarted": 1, "switching_phases": 2, "leaving": 1, "unplugged": 1}
    assert stops == known
    assert record.ending is Ending.UNPLUGGED
    assert record.closings[0] == sum(stops.values()) == record.closings[1] + 1
    assert record.number == story.snapshot.sessions.counters.sessions == 1
    assert record.peak == 130


def test_the_solar_share_is_what_the_mains_did_not_deliver() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.plant.house = (1.0, 1.0, 1.0)
    story.plant.sun = (20.0, 1.0, 1.0)  # 19 A left of 39 A that the car takes
    story.clock(NOON)
    story.charge()
    story.run(300)
    percent = open_one(story).solar_percent
    assert percent is not None
    assert abs(percent - 100 * 19 / 39) <= 2


def test_a_silent_ev_meter_loses_nothing() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.charge()
    story.run(30)
    story.ev_answers = False
    story.run(120)
    before = open_one(story).energy_wh or 0
    story.ev_answers = True
    story.run(1)
    assert abs((open_one(story).energy_wh or 0) - story.unit.energy_wh) <= 1
    assert (open_one(story).energy_wh or 0) > before + 200


def test_a_power_cut_loses_no_energy_even_when_the_car_has_gone_meanwhile() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.clock(NOON)
    story.charge()
    story.run(90)
    written = [deed.kept for _, deed in story.deeds if isinstance(deed, LogSession)][-1]
    assert written.open is not None
    assert (written.open.energy_wh or 0) < story.unit.energy_wh - 20
    story.unplug()  # with the power off
    story.core = story.new_core(Saved(settings=settings(mode="Normal"), kept=written))
    story.run(3)
    record = last(story)
    assert record.ending is Ending.FOUND_UNPLUGGED
    assert record.seen_s == written.open.seen_s
    assert record.energy_wh is not None
    assert abs(record.energy_wh - story.unit.energy_wh) <= 1
    assert dict(record.stops) == {"restarted": 1}


def test_an_exchanged_ev_meter_counts_on() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.charge()
    story.run(60)
    before = open_one(story).energy_wh or 0
    assert story.command(ChangeSetting("ev_meter", "Disabled")).accepted
    story.run(5)
    assert open_one(story).energy_wh in {before, before + 1}
    assert open_one(story).exchanges == 1


def test_a_fast_replug_is_two_sessions() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.charge()
    story.run(60)
    story.unplug()
    story.run(0.4)
    story.plug()
    draws(story)
    story.unplug()
    story.run(3)
    told = [deed.kept.last for _, deed in story.deeds if isinstance(deed, LogSession)]
    records = {record.number: record for record in told if record is not None}
    assert sorted(records) == [1, 2]
    assert all((record.energy_wh or 0) > 100 for record in records.values())
    assert abs(sum(record.energy_wh or 0 for record in records.values()) - story.unit.energy_wh) <= 1


def test_a_plug_in_that_never_charges_is_a_session_too() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.run(0.5)
    story.command(ChooseMode(ModeChoice.OFF))
    story.plug()
    story.run(5)
    assert story.state is State.A
    assert open_one(story).energy_wh == 0
    story.unplug()
    story.run(1)
    assert (last(story).energy_wh, last(story).stops, last(story).phases) == (0, (), ())


def test_the_disk_is_asked_at_once_for_what_an_owner_would_miss_and_seldom_else() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.charge()
    story.run(180)
    story.unplug()
    story.run(1)
    logged = [deed for _, deed in story.deeds if isinstance(deed, LogSession)]
    assert 6 <= len(logged) <= 8  # plugged, charging, closed, three minutes, stopped, and what the meter told late
    urgent = [at for at, deed in story.deeds if deed == Persist(at_once=True)]
    ends = [at for at, deed in story.deeds if isinstance(deed, OpenContactors)]
    assert len(urgent) == 3
    assert ends[0] in urgent
