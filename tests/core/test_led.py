"""The LED's colour and pattern: both schemes, every state, and what goes before what."""

import itertools
from dataclasses import replace

import pytest

from evsed.core import led
from evsed.core.faults import Fault
from evsed.core.model import Access, Mode
from evsed.core.settings import Settings
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from tests.core.story import Story


def seen(
    state: State = State.A, faults: tuple[Fault, ...] = (), access: Access = Access.ALLOW, **given: object
) -> Snapshot:
    settings = Settings()
    custom = bool(given.pop("custom_button", False))
    for key, value in given.items():
        settings = settings.replace(key, value)
    return replace(Story().snapshot, state=state, faults=faults, access=access, settings=settings, custom_button=custom)


def shown(snapshot: Snapshot) -> set[led.Colour]:
    """Every colour in six seconds, which every pattern divides."""
    return {led.light(snapshot, now) for now in range(0, 6_000, 50)}


DIM_GREEN = (0, led.DIM, 0)


@pytest.mark.parametrize(
    ("snapshot", "colours"),
    [
        (seen(), {DIM_GREEN}),
        (seen(mode=Mode.SMART), {DIM_GREEN}),
        (seen(mode=Mode.SOLAR), {(led.DIM, 170 * led.DIM // 255, 0)}),
        (seen(State.B), {led.GREEN}),
        (seen(State.ACTIVATE), {led.GREEN}),
        (seen(State.C1), {led.GREEN}),
        (seen(State.B, mode=Mode.SOLAR), {led.YELLOW}),
        (seen(State.B, color_normal="10,20,30"), {(10, 20, 30)}),
        (seen(State.B, mode=Mode.SMART, color_smart="1,2,3"), {(1, 2, 3)}),
        (seen(State.B1), {led.GREEN, led.DARK}),
        (seen(State.B1, (Fault.NO_SUN,), mode=Mode.SOLAR), {led.YELLOW, led.DARK}),
        (seen(access=Access.PAUSE), {DIM_GREEN}),
        (seen(State.B1, access=Access.PAUSE), {led.GREEN, led.DARK}),
        (seen(access=Access.DENY), {led.DARK}),
        (seen(State.B1, access=Access.DENY, color_off="0,0,9"), {(0, 0, 9)}),
        (seen(access=Access.DENY, custom_button=True), {led.BLUE}),
        (seen(State.B, custom_button=True, color_custom="7,8,9"), {(7, 8, 9)}),
        (seen(led_mode="Public"), {DIM_GREEN}),
        (seen(State.B, led_mode="Public"), {led.BLUE}),
        (seen(State.B1, (Fault.NO_POWER,), led_mode="Public"), {led.YELLOW, led.DARK}),
        (seen(State.B1, (Fault.METER_LOST,), led_mode="Public"), {led.RED, led.DARK}),
        (seen(access=Access.DENY, led_mode="Public"), {led.DARK}),
        (seen(faults=(Fault.NO_POWER, Fault.RCM), access=Access.DENY, custom_button=True), {led.RED, led.DARK}),
    ],
)
def test_what_is_shown(snapshot: Snapshot, colours: set[led.Colour]) -> None:
    assert shown(snapshot) == colours


@pytest.mark.parametrize(("scheme", "hue"), [("Standard", 1), ("Public", 2)])
def test_charging_fades_evenly_and_is_never_dark(scheme: str, hue: int) -> None:
    snapshot = seen(State.C, (Fault.NO_SUN,), led_mode=scheme)  # the sun has gone, its stop time still runs: it charges
    colours = [led.light(snapshot, now) for now in range(0, led.FADE_MS + 1, 20)]
    brightness = [colour[hue] for colour in colours]
    top = brightness.index(max(brightness))
    assert max(brightness) == led.FULL
    assert min(brightness) == 10
    assert brightness[: top + 1] == sorted(brightness[: top + 1])
    assert brightness[top:] == sorted(brightness[top:], reverse=True)
    assert max(abs(after - before) for before, after in itertools.pairwise(brightness)) <= 8
    assert {sum(colour) for colour in colours} == set(brightness)


def test_an_error_flashes_quickly_and_waiting_blinks_slowly() -> None:
    def changes(snapshot: Snapshot) -> int:
        lit = [led.light(snapshot, now) != led.DARK for now in range(0, 12_000, 10)]
        return sum(before != after for before, after in itertools.pairwise(lit))

    flashes = changes(seen(faults=(Fault.PILOT,))) / 2 / 12
    assert 2 <= flashes <= 3  # more than three a second may trouble people
    assert changes(seen(State.B1)) / 2 / 12 == pytest.approx(0.5, abs=0.1)


def test_a_charger_that_runs_shows_it() -> None:
    story = Story()
    story.run(0.5)
    assert shown(story.snapshot) == {DIM_GREEN}
    story.charge()
    assert len(shown(story.snapshot)) > 20
