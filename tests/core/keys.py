"""A story with somebody at the three buttons, who presses them for so and so long."""

from evsed.core.events import Button, MetersFound, SensorboxOffers
from evsed.core.menu_walk import PINS, items
from evsed.core.panel_view import EXIT, MenuView
from evsed.core.setting import Offers, Value
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings

LEFT, MIDDLE, RIGHT = Button.LEFT, Button.MIDDLE, Button.RIGHT
SHORT_MS = 60
FULL = Offers(sensorbox_cts=True, sensorbox_wifi=True)
HOSTS = ("192.168.1.20", "192.168.1.21")


class Keys(Story):
    """A story with somebody at the three buttons."""

    def hold(self, button: Button, ms: int) -> None:
        """Down for ``ms``, then up."""
        self.unit.press(button, ms, self.now)
        self.run((ms + SHORT_MS) / 1000)

    def short(self, button: Button, times: int = 1) -> None:
        for _ in range(times):
            self.hold(button, SHORT_MS)

    def open_menu(self) -> None:
        self.run(0.1)
        self.hold(MIDDLE, 2_100)

    @property
    def menu(self) -> MenuView | None:
        return self.snapshot.panel.menu

    @property
    def item(self) -> str:
        return self.menu.key if self.menu else ""

    def go(self, key: str) -> None:
        """To an item, by the shorter way."""
        assert self.menu is not None
        shown = items(self.menu.draft, self.core.desk.offers)
        away = (shown.index(key) - shown.index(self.item)) % len(shown)
        ahead = away <= len(shown) // 2
        self.short(RIGHT if ahead else LEFT, away if ahead else len(shown) - away)
        assert self.item == key

    def choose(self, key: str, given: object) -> None:
        """Goes to an item and gives it a value, with the key that is nearer to it."""
        self.go(key)
        self.short(MIDDLE)
        row, value = TABLE[key], self.draft[key]
        wanted = row.parse(given)
        if key in PINS:
            self.enter_pin(int(wanted))
            if self.menu is not None and self.menu.editing:
                self.short(MIDDLE)  # not all of its digits were needed
            return
        choices: list[Value] = ["", *HOSTS] if row.is_text else [*row.choices] or [*range(row.minimum, row.maximum + 1)]
        away = (choices.index(wanted) - choices.index(value)) % len(choices)
        ahead = away <= len(choices) // 2
        self.short(RIGHT if ahead else LEFT, away if ahead else len(choices) - away)
        self.short(MIDDLE)
        assert (self.draft[key], self.menu is not None and self.menu.editing) == (wanted, False)

    def enter_pin(self, pin: int) -> None:
        for digit in f"{pin:04}":
            self.short(RIGHT, 1 + int(digit))
            self.short(MIDDLE)

    @property
    def draft(self) -> Settings:
        assert self.menu is not None
        return self.menu.draft

    def leave(self) -> None:
        self.go(EXIT)
        self.short(MIDDLE)


def keys(**given: object) -> Keys:
    story = Keys(Saved(settings=settings(**given)))
    story.core.handle(SensorboxOffers(FULL), 0)
    story.core.handle(MetersFound(HOSTS), 0)
    return story
