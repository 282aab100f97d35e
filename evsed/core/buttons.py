"""Presses of the three buttons: from what is down, here and far away, to gestures.

Owns how long is long, how fast a held key repeats, and that every press is one person's: two who press the same button
are two presses. What a gesture means is operating.py's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from evsed.core.events import Button, PressButton
from evsed.core.units import Millis

HOLD_MS: Final = 2_000
LOST_MS: Final = 10_000
"""A remote press that is not released by then meant nothing: its client has gone away."""

SILENT_MS: Final = 3_000
"""A remote press repeats no more when its client has said for so long neither that it lasts nor that it is over."""

MOST_REMOTE: Final = 20
"""So many remote presses at once, at most; the oldest is forgotten for a new one."""

STUCK_MS: Final = 30_000
"""A key that is down for longer is stuck, and repeats no more."""

_REPEATS: Final = ((0, 600), (600, 250), (2_000, 120), (5_000, 60))
"""How long a key is down, and after how long it repeats then; all ms."""


class Gesture(Enum):
    """What a button did."""

    PRESSED = "pressed"
    REPEAT = "is still down"
    SHORT = "released before 2 s"
    HELD = "held for more than 2 s"


class Use(Enum):
    """What may still come of a press."""

    FREE = "everything"
    MENU = "it repeats, and that is all"
    SPENT = "nothing"


@dataclass(slots=True, eq=False)
class Press:
    """One press of one button."""

    button: Button
    since: Millis
    remote: bool = False
    installer: bool = True  # may change what belongs to the installation
    use: Use = Use.FREE
    held: bool = False  # told so already
    repeats_at: Millis = 0
    heard_at: Millis = 0  # when its client said that it is down

    def __post_init__(self) -> None:
        self.heard_at = self.since
        self.repeats_at = self.since + _REPEATS[0][1]

    def spend(self) -> None:
        """It has done its work: what is still to come of it means nothing."""
        self.use = Use.SPENT

    def claim(self) -> None:
        """It is the menu's: neither its length nor its release mean anything."""
        self.use = Use.MENU

    def counts(self, gesture: Gesture) -> bool:
        """Whether ``gesture`` of it still means something."""
        return self.use is Use.FREE or (self.use is Use.MENU and gesture in {Gesture.PRESSED, Gesture.REPEAT})

    def repeats(self, now: Millis) -> bool:
        """Whether it counts once more at ``now``; the longer it is down, the more often."""
        down = now - self.since
        if self.use is Use.SPENT or now < self.repeats_at or down > STUCK_MS:
            return False
        self.repeats_at = now + next(every for after, every in reversed(_REPEATS) if down >= after)
        return True

    def hint(self, now: Millis) -> bool:
        """Whether holding it on will do something, or letting go now."""
        return self.use is Use.FREE and not self.held and (not self.remote or now - self.since < LOST_MS)


Done: TypeAlias = list[tuple[Press, Gesture]]


class Buttons:
    """The buttons at the unit: each press gives PRESSED, REPEAT while it lasts, then either SHORT or HELD, once.

    A button that is down when it is first looked at was found so, not pressed: a stuck one means nothing until it has
    been released, whatever is started again meanwhile.
    """

    def __init__(self) -> None:
        self.presses: dict[Button, Press] = {}
        self._seen = False

    def feed(self, down: frozenset[Button] | None, now: Millis) -> Done:
        """The gestures that became complete with this look at the buttons.

        None: nobody can read them now. Every press that was under way is forgotten, and the next look is a first one.
        """
        if down is None or not self._seen:
            self._seen = down is not None
            self.presses = {button: Press(button, now, use=Use.SPENT) for button in down or ()}
            return []
        done: Done = []
        for button in Button:
            press = self.presses.get(button)
            if button in down:
                done += self._down(button, press, now)
            elif press is not None:
                del self.presses[button]
                if press.use is Use.FREE and not press.held:
                    done.append((press, Gesture.SHORT))
        return done

    def _down(self, button: Button, press: Press | None, now: Millis) -> Done:
        if press is None:
            press = self.presses[button] = Press(button, now)
            return [(press, Gesture.PRESSED)]
        done: Done = [(press, Gesture.REPEAT)] if press.repeats(now) else []
        if press.use is Use.FREE and not press.held and now - press.since > HOLD_MS:
            press.held = True
            done.append((press, Gesture.HELD))
        return done


class RemoteButtons:
    """Buttons that are pressed from afar, each client's own.

    What such a press meant is known at its release: one that gets lost must not become a held button.
    """

    def __init__(self) -> None:
        self._presses: dict[tuple[str, Button], Press] = {}
        self._done: Done = []

    @property
    def presses(self) -> Iterable[Press]:
        """Those that are under way, the last one last."""
        return self._presses.values()

    def take(self, touch: PressButton, now: Millis) -> None:
        """A client presses, says that it still does, or releases."""
        key = (touch.client, touch.button)
        if touch.pressed and touch.held:
            if key in self._presses:
                self._presses[key].heard_at = now
            return
        before = self._presses.pop(key, None)
        if touch.pressed:
            if len(self._presses) >= MOST_REMOTE:
                del self._presses[next(iter(self._presses))]
            press = self._presses[key] = Press(touch.button, now, remote=True, installer=touch.installer)
            self._done.append((press, Gesture.PRESSED))
        elif before is not None and now - before.since < LOST_MS:
            down = now - before.since
            long = (down if touch.held is None else min(down, touch.held)) > HOLD_MS
            self._done.append((before, Gesture.HELD if long else Gesture.SHORT))

    def feed(self, now: Millis) -> Done:
        """The gestures since the last call."""
        self._presses = {key: press for key, press in self._presses.items() if now - press.since < LOST_MS}
        done, self._done = self._done, []
        heard = [press for press in self._presses.values() if now - press.heard_at < SILENT_MS]
        done += [(press, Gesture.REPEAT) for press in heard if press.repeats(now)]
        return done
