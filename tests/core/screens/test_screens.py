"""Every scene, and any Snapshot at all: nothing is longer than the picture has room for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.menu_walk import PINS
from evsed.core.model import Access, MeterRole, Mode, PhaseCurrents
from evsed.core.panel_view import EXIT, MenuView, PanelView
from evsed.core.reasons import Reason
from evsed.core.schedule import LAST_S, NO_TIMER, Timer, UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.main import screen
from evsed.core.screens.screen import Flow, MenuPage, Words
from evsed.core.screens.wordings import CARD_WORDS, WORDINGS
from evsed.core.setting import Setting, Value
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from tests.core.screens.limits import broken
from tests.core.story import Story
from tests.lcd_scenes import SCENES

BEFORE = Story().snapshot

AMPS = st.integers(-40_000, 40_000)
CURRENTS = st.none() | st.builds(PhaseCurrents, AMPS, AMPS, AMPS)
TIMES = st.none() | st.integers(0, 2**40)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=120)
REASONS = st.builds(Reason, st.sampled_from([*WORDINGS, "delayed", "unheard_of"]), TEXTS, TIMES)
ITEMS = [*(key for key, row in TABLE.items() if row.lcd_name), EXIT]


def _values(row: Setting) -> st.SearchStrategy[Value]:
    if row.is_text:
        return st.from_regex(row.form, fullmatch=True).map(row.parse)
    return st.sampled_from([*row.choices]) if row.choices else st.integers(row.minimum, row.maximum)


@st.composite
def any_settings(draw: st.DrawFn) -> Settings:
    settings = Settings()
    for key in draw(st.sets(st.sampled_from([*TABLE]), max_size=6)):
        settings = settings.replace(key, draw(_values(TABLE[key])))
    return settings.replace("mode", draw(st.sampled_from(Mode)))


@st.composite
def panels(draw: st.DrawFn, settings: Settings) -> PanelView:
    draft = draw(any_settings())
    digits, told = draw(st.text("0123456789", max_size=4)), draw(st.sampled_from(["", "It was refused"]))
    view = MenuView(draw(st.sampled_from(ITEMS)), draft, draw(st.booleans()), digits, told, draw(st.integers(0, 10**9)))
    menu = draw(st.sampled_from([None, None, view, replace(view, draft=settings)]))
    holding = draw(st.sampled_from([None, None, *Button]))
    return PanelView(holding, draw(st.booleans()), menu, draw(st.sampled_from(["", "Present", *CARD_WORDS])))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    settings = draw(any_settings())
    state = draw(st.sampled_from(State))
    ev = BEFORE.meters[MeterRole.EV]
    values = replace(ev.values, currents=draw(CURRENTS), power_w=draw(st.none() | st.integers(-(10**7), 10**7)))
    view = replace(ev, values=values, fresh=draw(st.booleans()), heard=draw(st.booleans()))
    timer = draw(st.just(NO_TIMER) | st.builds(Timer, st.integers(0, LAST_S)))
    flags = st.tuples(st.booleans(), st.booleans(), st.booleans())
    return replace(
        BEFORE,
        state=state,
        settings=settings,
        reason=draw(st.none() | REASONS),
        faults=tuple(draw(st.lists(st.sampled_from(Fault), max_size=1))),
        access=draw(st.sampled_from(Access)),
        connected=draw(st.booleans()),
        offer=draw(st.integers(0, 800)),
        phases=draw(st.sampled_from([1, 3])),
        charged_with=draw(st.sampled_from([None, 1, 3])),
        mains=draw(CURRENTS),
        drawing=draw(flags),
        meters={**BEFORE.meters, MeterRole.EV: view},
        charged_wh=draw(st.none() | st.integers(0, 10**9)),
        solar_stop_s=draw(st.integers(0, 10_000)),
        unix_s=draw(st.none() | st.integers(0, LAST_S)),
        saved=replace(BEFORE.saved, timer=timer, session_open=draw(st.booleans())),
        panel=draw(panels(settings)),
    )


@effort(deadline=None)
@given(
    snapshots(),
    st.integers(0, 10**9),
    st.frozensets(st.sampled_from(sorted(PINS))),
    st.ip_addresses().map(str) | st.just(""),
)
def test_no_text_is_longer_than_the_picture_has_room_for(
    snapshot: Snapshot, later: int, veiled: frozenset[str], address: str
) -> None:
    around = Around(UtcCalendar(), address, veiled)
    assert broken(screen(snapshot, around, snapshot.now + later)) == []


@effort(deadline=None)
@given(snapshots(), st.integers(0, 10**6))
def test_a_current_of_charging_is_shown_in_state_c_alone(snapshot: Snapshot, later: int) -> None:
    """Known bug 8: the charge current stayed on the display after charging had ended."""
    snapshot = replace(snapshot, panel=PanelView(), state=State.B1, faults=())
    shown = screen(snapshot, Around(UtcCalendar()), snapshot.now + later)
    assert not isinstance(shown, Flow) or (shown.charge, shown.line.endswith(("A", "kW"))) == ("", False)
    assert not isinstance(shown, Words) or "CHARGING" not in shown.lines[:1]


@pytest.mark.parametrize("name", SCENES)
def test_each_scene_fits(name: str) -> None:
    assert broken(screen(*SCENES[name]())) == []


def test_scenes_differ() -> None:
    """But for those that show how long a wait lasts there is no second picture of the same."""
    shown = {name: screen(*scene()) for name, scene in SCENES.items()}
    assert len(set(shown.values())) > 0.9 * len(shown)
    assert {type(each) for each in shown.values()} == {Words, Flow, MenuPage}


def test_the_same_moment_is_the_same_screen() -> None:
    snapshot, around, now = SCENES["smart_charging_power"]()
    assert screen(snapshot, around, now) == screen(snapshot, around, now)


@pytest.mark.parametrize("waiting", ["normal_ready", "normal_denied", "menu_mode"])
def test_a_picture_at_rest_does_not_change_for_nothing(waiting: str) -> None:
    snapshot, around, now = SCENES[waiting]()
    assert len({screen(snapshot, around, now + later) for later in range(0, 1_500, 50)}) == 1
