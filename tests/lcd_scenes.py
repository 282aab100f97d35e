"""What the LCD may have to show, each as a named scene: for the pictures under docs/ and tests/lcd, and for tests.

A scene is a Snapshot, what is around it, and a moment. The first part of its name is the group it is shown in.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from evsed.core import reasons
from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.model import Access, Equipment, MeterRole, Mode, PhaseCurrents
from evsed.core.panel_view import EXIT, MenuView, PanelView
from evsed.core.reasons import Reason
from evsed.core.schedule import Timer, UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.first_run import PAGE_MS
from evsed.core.screens.wordings import CARD_WORDS
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from evsed.core.units import Millis, WattHours, Watts
from tests.core.story import Story, settings

Scene: TypeAlias = Callable[[], tuple[Snapshot, Around, Millis]]

NOW: Millis = 600_000
"""Here everything that takes turns on the screen is at its beginning."""

UNIX_S = 1_790_000_040  # 14:14 in UTC
AROUND = Around(UtcCalendar(), "192.168.1.23")

SCENES: dict[str, Scene] = {}


@lru_cache
def plugged(mode: str = "Normal") -> Snapshot:
    """A car that charges, told by a story; in Solar with as much sun as it takes."""
    sun = 12.0 if mode == "Solar" else 0.0
    story = Story(Saved(settings=settings(mode=mode, current_max=16, enable_C2="Auto")))
    story.plant.house, story.plant.sun = (1.2, 0.4, 3.1), (sun, sun, sun)
    story.clock(UNIX_S)
    story.charge()
    story.run(60)
    return _at_now(story.snapshot)


@lru_cache
def empty(mode: str = "Normal", *, sun: float = 0.0) -> Snapshot:
    """No car, told by a story."""
    story = Story(Saved(settings=settings(mode=mode, current_max=16, enable_C2="Auto")))
    story.plant.house, story.plant.sun = (1.2, 0.4, 3.1), (sun, sun, sun)
    story.clock(UNIX_S)
    story.run(1)
    return _at_now(story.snapshot)


def _at_now(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, now=NOW, unix_s=UNIX_S, into_second_ms=0)


def metered(snapshot: Snapshot, power: Watts, charged: WattHours) -> Snapshot:
    """The EV meter says what the car takes and took."""
    ev = snapshot.meters[MeterRole.EV]
    values = replace(ev.values, power_w=power)
    return replace(snapshot, meters={**snapshot.meters, MeterRole.EV: replace(ev, values=values)}, charged_wh=charged)


def waits(snapshot: Snapshot, code: str, *, left_s: int | None = None, state: State = State.B1) -> Snapshot:
    """The same charger with a car that waits for ``code``; a reason's text does not matter here."""
    until = None if left_s is None else NOW + left_s * 1000
    return replace(
        snapshot, state=state, reason=Reason(code, "Not charging", until), connected=True, drawing=(False,) * 3
    )


def failed(fault: Fault, *, left_s: int | None = None, node: bool = False) -> Snapshot:
    """An error, with a car that had been charging."""
    until = None if left_s is None else NOW + left_s * 1000
    given = {"mode": "Smart"} | ({"loadbl": "Node 1"} if node else {})
    changed = settings(**given, ev_meter="Eastron3P", circuit_meter="Eastron3P")
    reason = replace(reasons.of_fault(fault, node=node), until=until)
    return replace(waits(plugged(), "", state=State.B1), faults=(fault,), reason=reason, settings=changed)


def delayed(start_s: int, *, clock: bool = True) -> Snapshot:
    """Access comes at ``start_s``."""
    snapshot = waits(empty(), "delayed")
    return replace(
        snapshot,
        access=Access.DENY,
        saved=replace(snapshot.saved, timer=Timer(start_s)),
        unix_s=UNIX_S if clock else None,
    )


def _add(name: str, tell: Callable[[], Snapshot], *, later: Millis = 0, around: Around = AROUND) -> None:
    SCENES[name] = lambda: (tell(), around, NOW + later)


def _with(snapshot: Snapshot, **given: object) -> Snapshot:
    changed = snapshot.settings
    for key, value in given.items():
        changed = changed.replace(key, value)
    return replace(snapshot, settings=changed)


# ---- Normal ----

_add("normal_ready", empty)
_add("normal_charging", plugged)
_add("normal_denied", lambda: replace(waits(empty(), "access_denied", state=State.A), access=Access.DENY))
_add("normal_paused", lambda: replace(waits(plugged(), "paused"), access=Access.PAUSE))
_add("normal_starting", lambda: delayed(UNIX_S - UNIX_S % 86_400 + 84_660))
_add("normal_starting_another_day", lambda: delayed(UNIX_S - UNIX_S % 86_400 + 3 * 86_400 + 84_660))
_add("normal_starting_without_clock", lambda: delayed(UNIX_S - UNIX_S % 86_400 + 84_660, clock=False))
_add("normal_card_asked", lambda: replace(waits(empty(), "card", state=State.A), access=Access.DENY))
for _says in CARD_WORDS:
    _add(
        f"normal_{_says.lower().replace(' ', '_')}",
        lambda says=_says: replace(empty(), panel=PanelView(card_says=says)),  # type: ignore[misc]
    )
_add("normal_charge_delay", lambda: waits(plugged(), "charge_delay", left_s=15))
_add("normal_charge_delay_long", lambda: waits(plugged(), "charge_delay", left_s=299))

_CODES = (
    "no_power", "car_not_ready", "closing", "waking_car", "stopping", "leaving", "ventilation", "no_cable", "no_rcm",
    "nothing_offered", "asking_master", "limited_outside", "stopped_by_switch", "pilot_by_hand", "pilot_restart",
    "pilot",
)  # fmt: skip
_COUNTED = {"stopping": 6, "waking_car": 3, "stopped_by_switch": 12, "pilot_restart": 5, "limited_outside": 3_900}


def _add_reason(code: str) -> None:
    _add(f"normal_{code}", lambda: waits(plugged(), code, left_s=_COUNTED.get(code)))


for _code in _CODES:
    _add_reason(_code)
_add("normal_contactor_rest", lambda: waits(plugged(), "contactor_rest", left_s=1_234))

# ---- Smart and Solar ----


def _smart() -> Snapshot:
    return metered(plugged("Smart"), 11_040, 12_345)


def _rests(code: str, *, left_s: int | None = None, state: State = State.B1) -> Snapshot:
    return replace(waits(_smart(), code, left_s=left_s, state=state), mains=empty("Smart").mains)


def _solar() -> Snapshot:
    return metered(plugged("Solar"), 7_320, 3_456)


_add("smart_ready", lambda: empty("Smart"))
for _turn, _what in enumerate(("mode", "charging", "power", "energy", "current")):
    _add(f"smart_charging_{_what}", _smart, later=_turn * 2_000)
_add("smart_unmetered", lambda: replace(plugged("Smart"), charged_wh=None))
_add("smart_mains_unknown", lambda: replace(_rests("not_measured"), mains=None))
_add("smart_no_power", lambda: replace(_rests("no_power"), mains=PhaseCurrents(212, 184, 221)))
_add("smart_for_power", lambda: replace(_rests("no_power"), mains=PhaseCurrents(212, 184, 221)), later=2_000)
_add("smart_charge_delay", lambda: _rests("charge_delay", left_s=15))
_add("smart_car_not_ready", lambda: _rests("car_not_ready", state=State.B), later=2_000)
_add("smart_denied", lambda: replace(waits(empty("Smart"), "access_denied", state=State.A), access=Access.DENY))

_add("solar_ready", lambda: empty("Solar", sun=8.0))
_add("solar_ready_at_night", lambda: empty("Solar"))
_add("solar_export_sum", lambda: empty("Solar", sun=8.0), later=3_000)
_add("solar_charging", _solar)
_add("solar_charging_dots_later", _solar, later=450)
_add("solar_charging_sum", _solar, later=3_000)
_add("solar_stop_timer", lambda: replace(_solar(), solar_stop_s=598, mains=PhaseCurrents(21, 18, 30)), later=2_000)
_add("solar_waiting", lambda: waits(empty("Solar", sun=1.0), "no_sun"))
_add("solar_for_solar", lambda: waits(empty("Solar", sun=1.0), "no_sun"), later=2_000)
_add("solar_to_one_phase", lambda: _changes_phases(3, 1, sun=4.0))
_add("solar_to_three_phases", lambda: _changes_phases(1, 3, sun=12.0))


def _changes_phases(before: int, after: int, *, sun: float) -> Snapshot:
    rests = replace(_solar(), phases=after, charged_with=before, mains=empty("Solar", sun=sun).mains)
    return waits(rests, "switching_phases", left_s=15)


# ---- before it is set up ----


@lru_cache
def installed(*, described: bool = True, **given: object) -> Snapshot:
    """A charger as it is after its installation."""
    fresh = {"set_up": "Not done", "mains_meter": "Disabled", "ev_meter": "Disabled", "rcmon": "Disabled"}
    story = Story(Saved(settings=settings(**(fresh | given))))
    story.equipment = Equipment(needs_set_up=True, described=described)
    story.mains_answers, story.samples = False, described
    story.restart()
    story.clock(UNIX_S)
    story.run(1)
    return _at_now(story.snapshot)


def page_of(code: str, snapshot: Snapshot) -> Millis:
    """How long after NOW the page of a step is shown; that of the heading for an empty code."""
    codes = ["", *(step.code for step in snapshot.left_to_do if not step.done)]
    return (codes.index(code) - NOW // PAGE_MS) % len(codes) * PAGE_MS


def _add_step(name: str, code: str, *, around: Around = AROUND, **given: object) -> None:
    def tell() -> Snapshot:
        return installed(**given)

    SCENES[f"setup_{name}"] = lambda: (tell(), around, NOW + page_of(code, tell()))


_add_step("heading", "")
_add_step("heading_without_network", "", around=Around(UtcCalendar()))
_add_step("board", "board", described=False)
for _code in ("config", "max", "mains", "contactor2", "residual_current", "bench", "trial", "set_up"):
    _add_step(_code, _code)
_add_step("config_fixed", "config", config="Fixed")
_add_step("circuit", "circuit", loadbl="Master")
_add_step("mains_metered", "mains", mains_meter="Eastron3P")
_add_step("mains_of_a_node", "mains", loadbl="Node 1")
_add_step("mains_meter", "mains_meter", mains_meter="Eastron3P")
_add_step("monitor", "residual_current", rcmon="Enabled")
_add("held_right_not_set_up", lambda: replace(installed(), panel=PanelView(holding=Button.RIGHT), access=Access.DENY))

# ---- errors ----


def _add_error(fault: Fault) -> None:
    _add(f"error_{fault.value.code}", lambda: failed(fault))


for _fault in Fault:
    if not _fault.value.waiting:
        _add_error(_fault)
_add("error_rcm_not_yet", lambda: replace(failed(Fault.RCM), residual_signal=True), later=4_000)
_add("error_rcm_reset", lambda: failed(Fault.RCM), later=2_000)
_add("error_overdraw_again", lambda: failed(Fault.OVERDRAW, left_s=45), later=2_000)
_add("error_meter_lost_node", lambda: failed(Fault.METER_LOST, node=True))
_add("error_meter_lost_network", lambda: _with(failed(Fault.METER_LOST), mains_meter="Homewizrd"))
_add("error_meter_lost_program", lambda: _with(failed(Fault.METER_LOST), mains_meter="API"))
_add("error_no_meter", lambda: _with(failed(Fault.METER_LOST), mains_meter="Disabled"))
_add(
    "error_held_up",
    lambda: replace(failed(Fault.PILOT), reason=reasons.of_fault(Fault.PILOT, held_up=True)),
)

# ---- held buttons ----


def _add_held(button: Button, mode: Mode, *, ripe: bool) -> None:
    name = f"held_{button.value}_{mode.name.lower()}{'_ripe' if ripe else ''}"
    access = Access.DENY if button is Button.RIGHT else Access.ALLOW
    view = PanelView(holding=button, ripe=ripe)
    _add(name, lambda: replace(plugged(mode.name.title()), access=access, panel=view))


for _button, _mode in product(Button, Mode):
    _add_held(_button, _mode, ripe=False)
    if _mode is Mode.NORMAL:
        _add_held(_button, _mode, ripe=True)
_add(
    "held_left_denied",
    lambda: replace(empty(), access=Access.DENY, panel=PanelView(holding=Button.LEFT)),
)
_add(
    "held_left_timer",
    lambda: replace(delayed(UNIX_S + 3_600), panel=PanelView(holding=Button.LEFT)),
)
_add(
    "held_right_without_meter",
    lambda: replace(_with(empty(), mode="Smart", mains_meter="Disabled"), panel=PanelView(holding=Button.RIGHT)),
)
_add("held_right_access_on", lambda: replace(plugged(), panel=PanelView(holding=Button.RIGHT)))
_add("held_locked", lambda: replace(_with(empty(), lcdlock=1), panel=PanelView(holding=Button.MIDDLE)))

# ---- menu ----

ITEMS = (*(key for key, row in TABLE.items() if row.lcd_name), EXIT)


def opened(key: str, **given: object) -> Snapshot:
    """The menu at ``key``; ``given`` is more of the MenuView."""
    snapshot = empty()
    view = replace(MenuView(key, snapshot.settings, since=NOW), **given)  # type: ignore[arg-type]
    return replace(snapshot, panel=PanelView(menu=view))


def _add_item(key: str, name: str) -> None:
    _add(f"menu_{name}", lambda: opened(key))
    if key != EXIT:
        _add(f"menu_{name}_open", lambda: opened(key, editing=True))


for _key in ITEMS:
    _add_item(_key, "exit" if _key == EXIT else TABLE[_key].lcd_name.lower().replace(" ", "_"))
_add("menu_exit_changed", lambda: opened(EXIT, draft=empty().settings.replace("current_max", 32)))
_add("menu_pin_digits", lambda: opened("lcd_pin", editing=True, digits="12"))
_add(
    "menu_pin_veiled",
    lambda: opened("lcd_pin", editing=True, digits="12"),
    around=replace(AROUND, veiled=frozenset({"lcd_pin"})),
)
_add("menu_refused", lambda: opened("mode", told="Smart needs a mains meter: choose one under MAINS MET first"))
_add("menu_scrolled", lambda: opened("current_min"), later=4_000)
_add("menu_without_clock", lambda: replace(opened("mode"), unix_s=None), around=Around(UtcCalendar()))
