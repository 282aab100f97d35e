"""Whatever is pressed, found and changed from outside, the menu stands on an item that is shown, with a valid draft."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.core.buttons import Gesture, Press
from evsed.core.events import Button
from evsed.core.menu_walk import PINS, TIMEOUT_MS, Ground, MenuWalk, items
from evsed.core.setting import Offers
from evsed.core.settings import TABLE, Settings
from evsed.core.units import Millis

HOSTS = st.lists(st.sampled_from(("a.local", "10.0.0.9", "x" * 64)), max_size=3).map(tuple)
OUTSIDE = st.sampled_from(
    [(key, value) for key, row in TABLE.items() if not row.is_text for value in {row.minimum, row.maximum}]
)
PRESSES = st.tuples(st.sampled_from(Button), st.sampled_from((Gesture.PRESSED, Gesture.REPEAT)), st.booleans())
WAITS = st.sampled_from((10, 1_000, TIMEOUT_MS - 1, TIMEOUT_MS))
FINDS = st.tuples(HOSTS, st.builds(Offers, st.booleans(), st.booleans()))


def _check(walk: MenuWalk, ground: Ground) -> None:
    view = walk.view(ground)
    assert (view is not None) is walk.is_open
    if view is None:
        return
    assert view.key in items(view.draft, ground.offers)
    assert all(row.parse(view.draft[key]) == view.draft[key] for key, row in TABLE.items())
    assert not view.digits or (view.digits.isdecimal() and len(view.digits) <= PINS[view.key])


@given(st.lists(PRESSES | OUTSIDE | WAITS | FINDS, max_size=60))
def test_whatever_happens_in_the_menu(happenings: list[tuple[object, ...] | int]) -> None:
    walk, ground, now = MenuWalk(), Ground(Settings(), Offers(), ()), 0
    walk.open(now)
    for what in happenings:
        ground, now = _happen(walk, ground, what, now)
        _check(walk, ground)


def _happen(walk: MenuWalk, ground: Ground, what: object, now: Millis) -> tuple[Ground, Millis]:
    match what:
        case (Button() as button, Gesture() as gesture, bool(installer)) if walk.is_open:
            before = ground.settings
            changes = walk.key(Press(button, max(0, now - 5_000), installer=installer), gesture, ground, now)
            assert ground.settings is before
            if changes is not None:
                assert all(before[key] != value or not TABLE[key].kept for key, value in changes.changes)
                walk.refuse("no", now)
        case (str(key), int(value)):
            return Ground(ground.settings.replace(key, value), ground.offers, ground.hosts), now
        case (tuple() as hosts, Offers() as offers):
            return Ground(ground.settings, offers, hosts), now
        case int(wait):
            walk.step(now + wait)
            return ground, now + wait
        case _:
            pass
    return ground, now
