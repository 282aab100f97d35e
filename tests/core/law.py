"""What the stories of the laws share: how they begin, how they look at the offer, and what they measure."""

from collections.abc import Callable

from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.hw.simulation.plant import Amperes
from tests.core.story import Story, settings

Changes = list[tuple[float, Deciamps]]


def law(*, meter_ms: Millis = 1_000, cycle_ms: Millis = 50, ev: bool = True, **given: object) -> Story:
    """A story with the default house of 1 A on each phase; ``ev`` False: nothing measures the car."""
    if not ev:
        given["ev_meter"] = "Disabled"
    story = Story(Saved(settings=settings(**given)), meter_ms=meter_ms, cycle_ms=cycle_ms)
    story.ev_answers = ev
    return story


def charging(*, settle_s: float = 20, **given: object) -> Story:
    """The same, with a car that has charged for ``settle_s``."""
    story = law(**given)  # type: ignore[arg-type]
    story.run(6)
    begin(story, settle_s)
    return story


def begin(story: Story, settle_s: float = 20, within_s: float = 20) -> None:
    """Plugs the car in and lets it charge for ``settle_s``."""
    story.plug()
    story.run_until(lambda: story.unit.current[0] > 0, within_s)
    story.run(settle_s)


def sunny(story: Story, total: float, house: float = 0.0) -> None:
    """The sun gives ``total`` A more than the house draws, as a sum of the phases."""
    story.plant.house, story.plant.sun = (house, house, house), (house + total / 3,) * 3


def offer(story: Story) -> Deciamps:
    """What the pilot announces while the car charges."""
    return story.core.regulation.regulator.offer


def changes(story: Story, seconds: float, each_step: Callable[[], None] = lambda: None) -> Changes:
    """Lets ``seconds`` pass; the offers that it went to while charging, and after how many seconds."""
    begun, until = story.now, story.now + round(seconds * 1000)
    seen: Changes = []
    last = offer(story)
    while story.now < until:
        story.step()
        each_step()
        if story.state is State.C and offer(story) != last:
            last = offer(story)
            seen.append(((story.now - begun) / 1000, last))
    return seen


def values(seen: Changes) -> list[Deciamps]:
    """The offers alone."""
    return [current for _, current in seen]


def house(story: Story, l1: float, l2: float = 1.0, l3: float = 1.0) -> None:
    """What the house draws."""
    loads: Amperes = (l1, l2, l3)
    story.plant.house = loads
