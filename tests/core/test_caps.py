"""No offer above a cap of the last measurement, and every lowering in the control step of the measurement itself.

*Known* draw: the car's own meter says it, or the car is not moving (nothing that was offered has yet to be followed),
so that nothing about the sample is guessed. For such a sample the caps are those of limits.py, with the balance that
regulation itself used: MAINS, CIRCUIT and, in Smart and Solar, SUMMAINS. Until the next sample of the same meter the
pilot never announces more, at no event, unless it announces MIN, which is ridden out. What is fixed (MAX, cable,
override, lent limit, grid relay) invariants.py judges at every event.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as budget

from evsed.core import limits
from evsed.core.actions import Action, Pilot
from evsed.core.duty import current_for
from evsed.core.events import ChangeSetting, ChooseMode, Command, EndLimit, Event, Limit, Override
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.metering import Balance
from evsed.core.model import BARE, Equipment, ModeChoice
from evsed.core.regulator import Demand, Regulator
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.hw.simulation.plant import Amperes
from tests.core.invariants import Judged
from tests.core.story import Story, settings


@dataclass
class Caps:
    """The caps of the last samples, by the meter; and what was seen of them."""

    now: dict[str, Deciamps] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)  # told since the last event
    seen: ClassVar[Counter[str]] = Counter()


class Watched(Regulator):
    """Notes the caps of every sample whose draw is known, before it says what follows."""

    caps: Caps

    def observe(self, balance: Balance, corrected: Balance, demand: Demand, now: Millis) -> None:
        given_settings = demand.settings
        caps = [limits.mains_cap(given_settings, balance, demand.uses).current]
        if given_settings.current_max_sum_mains != SUM_MAINS_OFF and given_settings.mode != 0:
            caps.append(limits.sum_cap(given_settings, balance, demand.uses).current)
        self._note("mains", min(caps), demand)
        super().observe(balance, corrected, demand, now)

    def observe_circuit(self, balance: Balance, demand: Demand, now: Millis) -> None:
        self._note("circuit", limits.circuit_cap(demand.settings, balance, demand.uses).current, demand)
        super().observe_circuit(balance, demand, now)

    def _note(self, meter: str, cap: Deciamps, demand: Demand) -> None:
        self.caps.now.pop(meter, None)
        if demand.ev_metered or not self._car.moving:
            self.caps.now[meter] = cap
            self.caps.fresh.add(meter)


class Capped(Judged):
    """A controller whose pilot is held against the caps at every event."""

    def __init__(self, saved: Saved, now: Millis, equipment: Equipment = BARE, restart_wait_ms: Millis = 0) -> None:
        super().__init__(saved, now, equipment, restart_wait_ms)
        self.caps = Caps()
        watched = Watched(self.regulation.car)
        watched.caps = self.caps
        self.regulation.regulator = watched

    def handle(self, event: Event, now: Millis) -> list[Action]:
        before = self.regulation.regulator.offer
        self.caps.fresh.clear()
        actions = super().handle(event, now)
        pilot, given_settings = self.outputs.pilot, self.desk.settings
        if pilot.kind is not Pilot.PWM:
            return actions
        announced, minimum = current_for(pilot.pulses), given_settings.current_min * 10
        for meter, cap in self.caps.now.items():
            assert announced <= max(cap, minimum), f"{announced} with {cap} left at the {meter}'s meter"
            if meter in self.caps.fresh and self.charger.state is State.C:
                Caps.seen["samples"] += 1
                Caps.seen["lowered"] += minimum <= cap < before
                Caps.seen["short"] += cap < minimum
        return actions


@dataclass(frozen=True)
class Turn:
    """What changes, and how many seconds pass."""

    house: Amperes
    sun: float
    circuit: float
    command: Command | None
    seconds: float


commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(ChooseMode, st.sampled_from((ModeChoice.NORMAL, ModeChoice.SMART, ModeChoice.SOLAR))),
    st.builds(Override, st.sampled_from((0, 60, 80, 120))),
    st.builds(Limit, st.sampled_from((0, 60, 75, 100, 160)), st.sampled_from((2, 5)), st.none() | st.just(70)),
    st.just(EndLimit()),
    st.builds(ChangeSetting, st.just("current_main"), st.sampled_from((20, 25, 35))),
    st.builds(ChangeSetting, st.just("current_max_circuit"), st.sampled_from((13, 16, 20))),
    st.builds(ChangeSetting, st.just("current_max_sum_mains"), st.sampled_from((30, 45, 600))),
    st.builds(ChangeSetting, st.just("current_min"), st.sampled_from((6, 8))),
    st.builds(ChangeSetting, st.just("current_max"), st.sampled_from((10, 13, 16))),
)
loads = st.sampled_from((-12.0, 0.0, 0.0, 1.0, 4.0, 6.0, 9.3, 12.0, 14.0, 19.0, 55.0))
turns = st.builds(
    Turn,
    st.tuples(loads, loads, loads),
    st.sampled_from((0.0, 5.0, 12.0)),
    st.sampled_from((0.0, 0.0, 3.0, 8.0, 12.0)),
    st.none() | commands,
    st.sampled_from((1.0, 2.5, 6.0, 12.0)),
)
houses = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(("Normal", "Smart", "Solar")),
        "ev_meter": st.sampled_from(("Disabled", "Eastron3P")),
        "circuit_meter": st.sampled_from(("Disabled", "API")),
        "enable_C2": st.sampled_from(("Not present", "Always Off", "Auto")),
        "switch": st.sampled_from(("Disabled", "Disabled", "Grid Relay")),
        "current_max_sum_mains": st.sampled_from((45, 600)),
        "max_sum_mains_time": st.sampled_from((0, 1)),
    }
)


def live(
    chosen: dict[str, object], meter_ms: Millis, car: tuple[int, float, float, int], relay: bool, life: list[Turn]
) -> Story:
    """A car charges through all turns.

    An open grid relay leaves a car that was seen to use one phase 18 A on it; invariants.py lets it have 6 A as long as
    three phases reach it. That is not settled here.
    """
    saved = Saved(settings=settings(current_max=16, solar_stop_time=0, **chosen))
    story = Story(saved, meter_ms=meter_ms, cycle_ms=100)
    story.core = Capped(saved, 0, story.equipment)
    story.ev_answers = chosen["ev_meter"] != "Disabled"
    story.unit.car.phases, story.unit.car.lag_s, story.unit.car.max_current, story.unit.car.cable = car
    story.switch_closed = relay or story.unit.car.phases == 1
    story.plant.sun = (10.0, 10.0, 10.0)
    story.circuit = (0.0, 0.0, 0.0) if chosen["circuit_meter"] == "API" else None
    story.run(6)
    story.plug()
    story.run(12)
    for turn in life:
        story.plant.house, story.plant.sun = turn.house, (turn.sun,) * 3
        story.circuit = None if story.circuit is None else (turn.circuit, 0.0, 0.0)
        if turn.command is not None:
            story.command(turn.command)
        story.run(turn.seconds)
    return story


@budget(
    max_examples=110,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    chosen=houses,
    meter_ms=st.sampled_from((200, 1_000, 2_000)),
    car=st.tuples(
        st.sampled_from((1, 3, 3)),
        st.sampled_from((0.5, 2.0, 4.5)),
        st.sampled_from((9.0, 16.0)),
        st.sampled_from((13, 32)),
    ),
    relay=st.booleans(),
    life=st.lists(turns, min_size=3, max_size=12),
)
def one_life(
    chosen: dict[str, object], meter_ms: Millis, car: tuple[int, float, float, int], relay: bool, life: list[Turn]
) -> None:
    live(chosen, meter_ms, car, relay, life)


def test_no_offer_is_above_a_cap_of_the_last_sample_and_lowering_leaves_with_it() -> None:
    """Owners' bug 4. What is announced is read off the pilot of the very call that brought the measurement."""
    Caps.seen.clear()
    one_life()
    assert Caps.seen["samples"] > 2_000
    assert Caps.seen["lowered"] > 40
    assert Caps.seen["short"] > 100
