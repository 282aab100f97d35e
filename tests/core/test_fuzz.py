"""Random lives of a charger: whatever happens, what must hold holds after every control cycle."""

import random

import pytest

from evsed.api.report import settings_document
from evsed.api.routes.state import state_document
from evsed.config import Installation
from evsed.core.actions import Outputs, Pilot
from evsed.core.events import Button, ChangeSetting, ChooseMode, Override, PostBattery, PostMains, WallClock
from evsed.core.faults import Stop
from evsed.core.model import Access, ModeChoice, PhaseCurrents
from evsed.core.settings import TABLE
from evsed.core.states import State
from tests.core.story import Story

CYCLES = 12_000
EVENTS_APART = 60
PILOT_FAULTS = [None, None, "short", "open", "no_diode", "invalid"]


class Life:
    """A story, the dice, and what has to be remembered to judge."""

    def __init__(self, seed: int) -> None:
        self.story = Story()
        self.dice = random.Random(seed)
        self.before: Outputs = self.story.core.outputs
        self.denied_for_ms = 0
        self.in_c1_ms = 0

    def happen(self) -> None:
        """Something happens."""
        story, dice, car = self.story, self.dice, self.story.unit.car
        amps = tuple(dice.choice([-60.0, -5.0, 0.0, 1.0, 12.0, 19.0, 24.0, 80.0]) for _ in range(3))
        row = dice.choice(list(TABLE.values()))
        value = dice.choice([row.minimum, row.maximum, dice.randint(row.minimum - 1, row.maximum + 1)])
        events = [
            lambda: setattr(car, "plugged", dice.random() < 0.7),
            lambda: setattr(car, "ready", dice.random() < 0.8),
            lambda: setattr(car, "cable", dice.choice([0, 13, 20, 32, 63])),
            lambda: setattr(car, "ignores_stop", dice.random() < 0.3),
            lambda: setattr(
                story.unit, "pilot_fault", dice.choice([None, None, "short", "open", "no_diode", "invalid"])
            ),
            lambda: setattr(story.unit.contactor1, "fault", dice.choice([None, None, "welded", "stuck_open"])),
            lambda: setattr(story.unit, "rcm", dice.random() < 0.2),
            lambda: setattr(story.unit, "temperature", dice.choice([-20, 25, 55, 66, 90])),
            lambda: setattr(story.plant, "house", amps),
            lambda: setattr(story.plant, "sun", amps),
            lambda: setattr(story, "mains_answers", dice.random() < 0.8),
            lambda: setattr(story, "ev_answers", dice.random() < 0.8),
            lambda: setattr(story, "samples", dice.random() < 0.9),
            lambda: story.unit.press(dice.choice(list(Button)), dice.choice([50, 2_500]), story.now),
            lambda: story.command(ChooseMode(dice.choice(list(ModeChoice)))),
            lambda: story.command(Override(dice.randint(-10, 900))),
            lambda: story.command(ChangeSetting(row.key, value)),
            lambda: story.command(PostBattery(dice.randint(-3_000, 3_000))),
            lambda: story.command(PostMains(PhaseCurrents(*(dice.randint(-3_000, 3_000) for _ in range(3))))),
            lambda: story.core.handle(WallClock(dice.randint(-(10**9), 10**10)), story.now),
            story.restart,
        ]
        dice.choice(events)()

    def judge(self) -> None:
        """What must hold."""
        core, outputs = self.story.core, self.story.core.outputs
        state, settings = core.charger.state, core.desk.settings
        allowed = core.desk.access is Access.ALLOW
        self.denied_for_ms = 0 if allowed else self.denied_for_ms + 10
        self.in_c1_ms = self.in_c1_ms + 10 if state is State.C1 else 0
        if outputs.contactor1:
            assert state in {State.C, State.C1}
            assert self.in_c1_ms <= 6_000
            assert self.denied_for_ms <= 6_020
            assert not any(fault.value.stop is Stop.AT_ONCE for fault in core.faults.all)
        if outputs.contactor1 and self.before.contactor1:
            assert outputs.contactor2 == self.before.contactor2
        if outputs.pilot.kind is Pilot.PWM:
            assert 1_000 <= outputs.pilot.pulses <= 9_600
            assert core.regulation.regulator.offer <= settings.current_max * 10
            assert not core.desk.override or core.regulation.regulator.offer <= core.desk.override
        self.before = outputs

    def tell(self) -> None:
        """Everybody looks at it."""
        snapshot = self.story.snapshot
        settings_document(snapshot, Installation(), mqtt_connected=False)
        state_document(snapshot)
        assert (snapshot.reason is None) == (snapshot.state is State.C)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_life(seed: int) -> None:
    life = Life(seed)
    for _ in range(CYCLES):
        if life.dice.randrange(EVENTS_APART) == 0:
            life.happen()
            life.tell()
        if life.dice.randrange(2_000) == 0:
            life.story.now += life.dice.randint(1, 40) * 10  # the control loop is held up
        life.story.step()
        life.judge()
