"""Random lives of a charger with its plant: whatever happens, the invariants hold at every event (invariants.py)."""

import random

import pytest

from evsed.core.events import Button, ChangeSetting, ChooseMode, Override, PostBattery, PostMains, WallClock
from evsed.core.model import ModeChoice, PhaseCurrents
from evsed.core.settings import TABLE
from tests.core.invariants import Judged
from tests.core.story import Story

CYCLES = 12_000
EVENTS_APART = 60
PILOT_FAULTS = [None, None, "short", "open", "no_diode", "invalid"]


class Life:
    """A story and the dice."""

    def __init__(self, seed: int) -> None:
        self.story = Story()
        self.dice = random.Random(seed)

    @property
    def judged(self) -> Judged:
        """The controller of the moment; conftest.py puts every story under the judge."""
        assert isinstance(self.story.core, Judged)
        return self.story.core

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


@pytest.mark.parametrize("seed", range(4))
def test_a_random_life(seed: int) -> None:
    life = Life(seed)
    for _ in range(CYCLES):
        if life.dice.randrange(EVENTS_APART) == 0:
            life.happen()
            life.judged.judge.tell(life.story.now)
        if life.dice.randrange(2_000) == 0:
            life.story.now += life.dice.randint(1, 40) * 10  # the control loop is held up
        life.story.step()
