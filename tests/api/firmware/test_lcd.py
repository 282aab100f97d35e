"""/lcd: who sees which picture, and as whom a button is pressed."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

import pytest

from evsed import credentials, runtime
from evsed.api.app import create_app
from evsed.api.firmware.lcd import LcdDocument
from evsed.api.tries import FREE_TRIES
from evsed.core.buttons import HOLD_MS, Gesture, RemoteButtons
from evsed.core.events import Button, ChangeSetting, Command, PressButton, Verdict
from evsed.core.screens.reading import Kind
from evsed.core.snapshot import Saved
from evsed.lcd.face import Shown
from tests.api.served import Charger, Served
from tests.api.v1.v1 import fits
from tests.core.story import settings
from tests.scenarios.simulation import PATIENCE_S, Answer, http

PIN, INSTALLER = "0042", "86420135"
HERE = "127.0.0.1"

BOTH = frozenset({"lcd_pin", "installer_pin"})


class Unit:
    """A charger with an LCD, which notes what its control loop is asked."""

    root = ""

    def __init__(self, charger: Charger) -> None:
        self.charger = charger
        self._submit = charger.runtime.submit
        self.commands: list[Command] = []
        self.looks: list[frozenset[str]] = []
        self.face = b"PNG"

    def submit(self, command: Command) -> "Future[Verdict]":
        self.commands.append(command)
        return self._submit(command)

    def look(self, veiled: frozenset[str]) -> Shown:
        self.looks.append(veiled)
        return Shown(self.face, Kind.WORDS, ("READY TO", "CHARGE"))

    def get(self, **headers: str) -> Answer:
        return http("GET", f"{self.root}/lcd", None, **headers)

    def read(self, **headers: str) -> Any:
        answer = http("GET", f"{self.root}/lcd?format=json", None, **headers)
        assert answer.status == 200, answer.body
        fits(answer.json, LcdDocument)
        return answer.json

    def press(self, cookie: str = "", pressed: int = 1, token: str = "", **sent: str) -> PressButton | str:
        """Presses the middle button, or releases it: what the control loop was asked, or why it was not."""
        body = "&".join(f"{name}={value}" for name, value in sent.items())
        headers = {"Cookie": cookie} | ({"Authorization": token} if token else {})
        answer = http("POST", f"{self.root}/lcd?button=middle&pressed={pressed}", body.encode(), **headers)
        if "reason" in answer.json:
            return str(answer.json["reason"])
        command = self.commands.pop()
        assert isinstance(command, PressButton)
        return command

    def verify(self, cookie: str = "", **sent: str) -> str:
        """The cookie, or the reason for having none."""
        body = "&".join(f"{name}={value}" for name, value in sent.items())
        answer = http("POST", f"{self.root}/lcd-verify-password", body.encode(), Cookie=cookie)
        if not answer.json["success"]:
            return str(answer.json["reason"])
        [kept] = SimpleCookie(answer.headers["Set-Cookie"]).values()
        assert (kept["httponly"], kept["samesite"]) == (True, "strict")
        return f"{kept.key}={kept.value}"


@pytest.fixture
def installer() -> str:
    return INSTALLER


@pytest.fixture
def unit(installer: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unit]:
    monkeypatch.setattr(credentials, "_N", 2)
    charger = Charger(Saved(settings=settings(lcd_pin=42)))
    charger.access.set_pin(installer or None)
    unit = Unit(charger)
    monkeypatch.setattr(charger.runtime, "submit", unit.submit)
    with charger, Served(create_app(replace(charger.site, lcd=unit.look)), charger.refusals) as served:
        unit.root = f"http://127.0.0.1:{served.port}"
        yield unit


def test_everybody_may_look_and_who_is_in_sees_the_digits_too(unit: Unit) -> None:
    answer = unit.get()
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, "image/png", b"PNG")
    assert answer.headers["Cache-Control"] == "no-store"
    unit.get(Cookie="evsed-lcd=forged")
    unit.get(Cookie=unit.verify(password=PIN))
    assert unit.looks == [BOTH, BOTH, frozenset({"installer_pin"})]


def test_the_digits_of_the_installer_s_pin_are_for_who_may_install(unit: Unit) -> None:
    """Who gave the LCD PIN alone would read from afar the PIN that is being set at the unit."""
    unit.get(Authorization=unit.charger.token("operate"))
    unit.get(Authorization=unit.charger.token("install"))
    cookie = unit.verify(password=PIN, installer=INSTALLER)
    unit.get(Cookie=cookie)
    unit.charger.access.set_pin("9753")
    unit.get(Cookie=cookie)
    assert unit.looks == [BOTH, frozenset({"lcd_pin"}), frozenset(), frozenset({"installer_pin"})]


def test_the_page_hears_what_is_shown_and_whether_it_may_press(unit: Unit) -> None:
    seen = unit.read()
    assert seen == {
        "png": b64encode(b"PNG").decode(), "kind": "words", "lines": ["READY TO", "CHARGE"], "backlight_s": 0,
        "locked": False, "buttons": "pin", "installer": False,
    }  # fmt: skip
    cookie = unit.verify(password=PIN)
    assert (unit.read(Cookie=cookie)["buttons"], unit.read(Cookie=cookie)["installer"]) == ("open", False)
    assert unit.read(Cookie=unit.verify(password=PIN, installer=INSTALLER))["installer"] is True
    assert unit.read(Authorization=unit.charger.token("install"))["installer"] is True
    assert unit.looks[0] == BOTH
    unit.charger.site.runtime.submit(ChangeSetting("lcd_pin", 0)).result(PATIENCE_S)
    assert unit.read(Cookie=cookie)["buttons"] == "off"


def test_the_lcd_is_a_picture_or_json(unit: Unit) -> None:
    assert http("GET", f"{unit.root}/lcd?format=gif", None).status == 422


def test_a_picture_that_has_not_changed_is_not_sent_again(unit: Unit) -> None:
    seen = unit.get().headers["ETag"]
    again = unit.get(If_None_Match=seen)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", seen)
    unit.face = b"other"
    assert unit.get(If_None_Match=seen).body == b"other"


def test_a_control_loop_that_does_not_answer_is_for_the_picture_to_say(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = unit.verify(password=PIN)
    monkeypatch.setattr(runtime, "STALE_MS", -1)
    assert unit.get(Cookie=cookie).status == 200
    assert unit.looks == [BOTH]


def test_a_press_is_that_of_a_visitor_or_of_an_address(unit: Unit) -> None:
    assert unit.press(pin=PIN) == unit.press(pin="42") == PressButton(Button.MIDDLE, True, HERE)
    cookies = [unit.verify(password=PIN) for _ in range(2)]
    first, second = (unit.press(cookie) for cookie in cookies)
    assert isinstance(first, PressButton)
    assert isinstance(second, PressButton)
    assert len({first.client, second.client, HERE}) == 3
    assert unit.press(cookies[0], pin=PIN) == first
    assert cookies[0].partition("=")[2] not in first.client, "what opens the buttons goes no further"
    assert unit.press("evsed-lcd=forged", pin=PIN) == PressButton(Button.MIDDLE, True, HERE)


def test_two_scripts_at_one_address_press_the_same_button_and_neither_ends_the_other_s(unit: Unit) -> None:
    buttons = RemoteButtons()
    held = HOLD_MS + 1
    for client, pressed, now in (("holds", 1, 0), ("taps", 1, 500), ("taps", 0, 600), ("holds", 0, held)):
        touch = unit.press(pressed=pressed, pin=PIN, client=client)
        assert isinstance(touch, PressButton)
        buttons.take(touch, now)
    gestures = [gesture for _, gesture in buttons.feed(held)]
    assert gestures == [Gesture.PRESSED, Gesture.PRESSED, Gesture.SHORT, Gesture.HELD]


def test_a_client_s_name_adds_to_who_it_is_and_does_not_replace_it(unit: Unit) -> None:
    cookie = unit.verify(password=PIN)
    names = ("", "a", "b", quote("Küche 2"), "x" * 32)
    touches = [unit.press(pin=PIN, client=name) for name in names] + [unit.press(cookie, client=name) for name in names]
    assert len({touch.client for touch in touches if isinstance(touch, PressButton)}) == len(touches)
    assert touches[0] == unit.press(pin=PIN), "an empty one is none"
    assert touches[1] == unit.press(pin=PIN, client="a"), "and the same one is the same"


@pytest.mark.parametrize("client", ["x" * 33, "a%0Ab", "%00", "%E2%80%AE", "a&client=b"])
def test_a_client_that_is_no_short_printable_text_is_refused(unit: Unit, client: str) -> None:
    assert unit.press(pin=PIN, client=client) == "client takes at most 32 printable characters"
    assert (unit.commands, unit.charger.refusals.count) == ([], 1)


def test_a_client_may_say_for_how_long_it_has_the_button_down(unit: Unit) -> None:
    assert unit.press(pin=PIN, pressed=0, held_ms="120") == PressButton(Button.MIDDLE, False, HERE, held=120)
    assert unit.press(pin=PIN, held_ms="1000") == PressButton(Button.MIDDLE, True, HERE, held=1_000)
    assert unit.press(pin=PIN, held_ms="") == PressButton(Button.MIDDLE, True, HERE)
    for wrong in ("-1", "10001", "1.5", "long"):
        assert unit.press(pin=PIN, held_ms=wrong) == "held_ms takes a whole number from 0 to 10000"


def test_the_installer_is_known_by_both_pins(unit: Unit) -> None:
    assert unit.press(pin=PIN, installer=INSTALLER) == PressButton(Button.MIDDLE, True, HERE, installer=True)
    assert unit.press(pin=PIN, installer="") == PressButton(Button.MIDDLE, True, HERE)
    assert "send the LCD PIN" in str(unit.press(installer=INSTALLER))
    owner = unit.verify(password=PIN)
    fitter = unit.verify(password=PIN, installer=INSTALLER)
    presses = [unit.press(owner), unit.press(fitter), unit.press(owner, installer=INSTALLER), unit.press(owner)]
    assert [isinstance(press, PressButton) and press.installer for press in presses] == [False, True, True, False]
    assert unit.verify(owner, installer=INSTALLER) == owner, "who is in gives the installer's PIN alone"
    later = unit.press(owner)
    assert isinstance(later, PressButton)
    assert later.installer


def test_who_may_install_anyway_is_the_installer_and_needs_the_lcd_pin_all_the_same(unit: Unit) -> None:
    for right in ("operate", "install"):
        token = unit.charger.token(right)
        press = unit.press(token=token, pin=PIN)
        assert isinstance(press, PressButton)
        assert press.installer == (right == "install")
        assert "send the LCD PIN" in str(unit.press(token=token))


def test_another_installer_s_pin_ends_what_the_old_one_opened(unit: Unit) -> None:
    fitter = unit.verify(password=PIN, installer=INSTALLER)
    unit.charger.access.set_pin("2468")
    press = unit.press(fitter)
    assert isinstance(press, PressButton)
    assert not press.installer
    assert unit.verify(password=PIN, installer=INSTALLER) == "the PIN is wrong"


def test_who_guesses_the_installer_s_pin_here_waits_everywhere_and_the_lcd_pin_does_not_help(unit: Unit) -> None:
    for _ in range(FREE_TRIES):
        assert unit.verify(password=PIN, installer="97531097") == "the PIN is wrong"
        assert unit.verify(password=PIN).startswith("evsed-lcd=")
    assert "wait" in unit.verify(password=PIN, installer=INSTALLER)
    login = http("POST", f"{unit.root}/api/v1/login", f'{{"pin": "{INSTALLER}"}}'.encode())
    assert (login.status, int(login.headers["Retry-After"]) > 0) == (429, True)


def test_who_does_not_know_the_lcd_pin_learns_nothing_of_the_installer_s(unit: Unit) -> None:
    answers = {unit.press(pin="1", installer=given) for given in (INSTALLER, "97531097")}
    assert answers == {"the PIN is wrong"}
    assert isinstance(unit.press(token=unit.charger.token(), pin=PIN), PressButton)


def test_wrong_pins_of_either_count_and_are_never_said(unit: Unit, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "97531097"
    assert unit.verify(password=PIN, installer=wrong) == unit.press(pin=PIN, installer=wrong) == "the PIN is wrong"
    owner = unit.verify(password=PIN)
    assert unit.press(owner, installer=wrong) == "the PIN is wrong", f"it is the last of {FREE_TRIES}"
    assert "wait" in unit.verify(password=PIN, installer=INSTALLER)
    assert isinstance(unit.press(owner), PressButton), "who is in stays in"
    assert unit.charger.refusals.count == 4
    for secret in (wrong, INSTALLER, owner.partition("=")[2]):
        assert secret not in caplog.text


def test_a_pin_that_is_left_empty_is_none_given(unit: Unit) -> None:
    owner = unit.verify(password=PIN)
    for _ in range(FREE_TRIES + 1):
        assert unit.press(owner, pin="") == unit.press(owner), "who is in stays in"
        assert "send the LCD PIN" in str(unit.press(pin=""))
        assert "send the LCD PIN" in unit.verify(password="")
    assert unit.verify(owner, password="") == owner
    assert unit.press(pin=PIN) == PressButton(Button.MIDDLE, True, HERE), "none of them counted as wrong"
    assert unit.press(owner, pin="+") == "the PIN is wrong", "a blank is not empty"


@pytest.mark.parametrize("installer", [""])
def test_without_an_installer_s_pin_nobody_is_the_installer(unit: Unit) -> None:
    for refused in (unit.verify(password=PIN, installer="1234"), unit.press(pin=PIN, installer="1234")):
        assert "set INST PIN in the menu" in str(refused)
    assert unit.press(pin=PIN) == PressButton(Button.MIDDLE, True, HERE)


def test_rest_asks_for_the_installer_s_pin_too(unit: Unit) -> None:
    """Until version 0.1 it did not: whoever reached the port changed MAX."""
    answers = [
        http("PATCH", f"{unit.root}/api/v1/settings", b'{"current_max": 16}', **headers)
        for headers in ({}, {"Authorization": unit.charger.token()})
    ]
    assert [answer.status for answer in answers] == [403, 200]
    assert answers[0].json["errors"][0]["pointer"] == "#/current_max"
    assert unit.charger.site.snapshot.settings.current_max == 16
