"""The LCD of a real daemon as /lcd shows it, and its buttons: at the unit (by the plant) and from afar."""

import base64
import json
from collections.abc import Iterator
from http.cookies import SimpleCookie
from io import BytesIO

import pytest
from PIL import Image

from evsed.core.screens.screen import MenuPage, Screen, Words
from evsed.lcd.draw import draw
from evsed.lcd.fonts import NARROW, TINY
from evsed.lcd.picture import png
from tests.scenarios.simulation import AS_INSTALLER, INSTALLER_PIN, Simulation, wait_for

pytestmark = pytest.mark.daemon

PIN = "1000"
NEW = "Basic " + base64.b64encode(b"installer:1000").decode()
UP = {"right": "up", "middle": "up", "left": "up"}
REFUSED = "Value not allowed!"
READY = Words(("READY TO", "CHARGE"))
LOST_S = 10
"""A press that is not released by then meant nothing."""


class Unit:
    """The people at a unit, and those who look at it from afar."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    def shows(self, screen: Screen) -> None:
        wait_for(lambda: self.simulation.get("/lcd").body == png(draw(screen)), f"the LCD shows {screen}")

    def item(self, cookie: str = "") -> bytes:
        """Name and value of the menu's item as they are drawn; what is above and below them moves."""
        return between(Image.open(BytesIO(self.simulation.get("/lcd", Cookie=cookie).body)))

    def shows_item(self, name: str, value: str, cookie: str = "", *, editing: bool = False) -> None:
        page = MenuPage("", "", name, value, "", 0, editing)
        expected = between(Image.open(BytesIO(png(draw(page)))))
        wait_for(lambda: self.item(cookie) == expected, f"the menu shows {name} {value}")

    def opens_menu(self, cookie: str) -> None:
        """``o``, held from afar for longer than 2 s: the menu that somebody at the unit opened is not others'."""
        self.touches("middle", 1, cookie)
        self.lives(3)
        self.touches("middle", 0, cookie)  # from afar a hold counts when it ends
        self.shows_item("MODE", "Normal")

    def enters(self, pin: str = PIN) -> str:
        """Gives the PIN from afar; the cookie that is remembered."""
        answer = self.simulation.post("/lcd-verify-password", f"password={pin}".encode())
        [kept] = SimpleCookie(answer.headers["Set-Cookie"]).values()
        return f"{kept.key}={kept.value}"

    def touches(self, button: str, pressed: int, cookie: str) -> None:
        answer = self.simulation.post(f"/lcd?button={button}&pressed={pressed}", Cookie=cookie).json
        assert answer == {"button": {**UP, button: "down"} if pressed else UP}

    def keys(self, cookie: str, *buttons: str) -> None:
        """Presses and releases one after the other, from afar."""
        for button in buttons:
            self.touches(button, 1, cookie)
            self.touches(button, 0, cookie)

    def leaves(self, cookie: str) -> None:
        """Presses ``o`` at EXIT, which may end the stay of ``cookie`` before the button is let go."""
        self.touches("middle", 1, cookie)
        self.simulation.post("/lcd?button=middle&pressed=0", Cookie=cookie)

    def lives(self, seconds: int) -> None:
        """Waits by the daemon's own clock."""
        until = self.simulation.state["uptime_s"] + seconds
        wait_for(lambda: self.simulation.state["uptime_s"] > until, f"{seconds} s pass")


def between(picture: Image.Image) -> bytes:
    width, height = picture.size
    return picture.convert("1").crop((0, TINY.height, width, height - NARROW.height)).tobytes()


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(
        tmp_path_factory.mktemp("lcd") / "state", ("--set", f"lcd_pin={int(PIN)}", *INSTALLER_PIN)
    ) as simulation:
        yield simulation


@pytest.fixture
def unit(simulation: Simulation) -> Unit:
    return Unit(simulation)


def test_the_picture_says_what_the_charger_does(unit: Unit) -> None:
    unit.shows(READY)
    answer = unit.simulation.get("/lcd")
    picture = Image.open(BytesIO(answer.body))
    assert (picture.format, picture.size) == ("PNG", (128, 64))
    assert unit.simulation.get("/lcd", If_None_Match=answer.headers["ETag"]).status == 304
    unit.simulation.plug()
    unit.shows(Words(("CHARGING", "13.0A")))
    unit.simulation.patch(car={"plugged": False})
    unit.shows(READY)


def test_a_setting_is_changed_with_three_keys_and_stored_by_exit(unit: Unit) -> None:
    cookie = unit.enters()
    unit.opens_menu(cookie)
    unit.keys(cookie, "middle")
    unit.shows_item("MODE", "Normal", editing=True)
    unit.keys(cookie, "right")
    unit.shows_item("MODE", "Smart", editing=True)
    unit.keys(cookie, "middle", "left")
    unit.shows_item("EXIT", "")
    assert unit.simulation.settings["mode"] == "NORMAL", "nothing is in force before EXIT"
    unit.keys(cookie, "middle")
    wait_for(lambda: unit.simulation.settings["mode"] == "SMART", "EXIT stores it")
    unit.simulation.post("/settings?mode=1")
    unit.shows(READY)


def test_what_belongs_to_the_installation_is_not_changed_from_afar_without_the_installer(unit: Unit) -> None:
    cookie = unit.enters()
    unit.opens_menu(cookie)
    unit.keys(cookie, "right", "middle", "right")
    unit.shows_item("LOCK", "Disabled")
    unit.keys(cookie, "left")
    unit.shows_item("CONFIG", "Socket")
    unit.keys(cookie, "left", "left", "middle")
    unit.shows(READY)


def test_the_digits_of_a_pin_are_seen_by_those_only_who_are_in(unit: Unit) -> None:
    cookie = unit.enters()
    unit.opens_menu(cookie)
    unit.keys(cookie, "left", "left", "left", "left")
    unit.shows_item("LCD PIN", "Set")
    unit.keys(cookie, "middle")
    unit.shows_item("LCD PIN", "____", editing=True)
    one, zero = ("right", "right", "middle"), ("right", "middle")
    for keys, digits in ((("left",), "0___"), (("left",), "9___"), (("middle", *one), "91__"), (("right",), "910_")):
        unit.keys(cookie, *keys)
        unit.shows_item("LCD PIN", digits, cookie, editing=True)
        assert unit.item() != unit.item(cookie)
    unit.shows_item("LCD PIN", "***_", editing=True)
    unit.keys(cookie, "middle", *one, "right", "right", "right")
    unit.leaves(cookie)
    unit.shows(READY)
    answer = unit.simulation.post(f"/lcd?button=left&pressed=0&pin={PIN}").json
    assert answer == {"button": REFUSED, "reason": "the PIN is wrong"}
    assert unit.simulation.post("/lcd?button=left&pressed=0", Cookie=cookie).json["button"] == REFUSED
    cookie = unit.enters("9101")
    unit.opens_menu(cookie)
    unit.keys(cookie, "left", "left", "left", "left", "middle", *one, *zero, *zero, *zero, "right", "right", "right")
    unit.leaves(cookie)
    unit.shows(READY)
    assert unit.enters() != cookie


def test_the_installer_chooses_another_pin_in_the_menu_and_rest_asks_for_that(unit: Unit) -> None:
    simulation = unit.simulation
    cookie = unit.enters(f"{PIN}&installer=2468")
    unit.opens_menu(cookie)
    unit.keys(cookie, "left", "left", "left")
    unit.shows_item("INST PIN", "Set")
    unit.keys(cookie, "middle", "right", "right", "middle", "right", "middle", "right", "middle", "right", "middle")
    unit.shows_item("INST PIN", "****____", editing=True)
    unit.shows_item("INST PIN", "1000____", cookie, editing=True)
    unit.keys(cookie, "middle")
    unit.shows_item("INST PIN", "Set")
    change = b'{"current_max": 16}'
    assert simulation.http("PATCH", "/api/v1/settings", change, **AS_INSTALLER).status == 200, "nothing before EXIT"
    unit.keys(cookie, "right", "right", "middle")
    unit.shows(READY)
    wait_for(
        lambda: simulation.http("PATCH", "/api/v1/settings", change, Authorization=NEW).status == 200, "it is kept"
    )
    assert simulation.http("PATCH", "/api/v1/settings", change, **AS_INSTALLER).status == 401
    assert "installer_pin" not in json.loads((simulation.state_dir / "settings.json").read_text())["settings"]


def test_two_clients_who_press_the_same_button_never_make_it_stick(unit: Unit) -> None:
    """Owners' bug 32 (D35 PR#178): with two browsers open, a press repeated for ever."""
    stays, vanishes = unit.enters(), unit.enters()
    unit.opens_menu(stays)
    unit.touches("right", 1, vanishes)
    unit.touches("right", 1, stays)
    unit.touches("right", 0, stays)
    seen: set[bytes] = set()

    def runs() -> bool:
        seen.add(unit.item())
        return len(seen) > 3

    wait_for(runs, "a key that is down runs through the menu")
    unit.lives(LOST_S)
    item = unit.item()
    unit.lives(2)
    assert unit.item() == item, "and a lost one stops"
    unit.touches("right", 0, vanishes)
    assert unit.item() == item
    unit.keys(stays, "left")
    wait_for(lambda: unit.item() != item, "the others go on")
