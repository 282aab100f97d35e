"""/modem, /rfid, /color_*, /lcd, /update and /erasesettings against the real daemon."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest

from tests.scenarios.simulation import AS_INSTALLER, INSTALLER_PIN, Answer, Json, Simulation, wait_for

pytestmark = pytest.mark.daemon

REFUSED = "Value not allowed!"
PIN = 42
UP = {"right": "up", "middle": "up", "left": "up"}


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    options = ("--set", f"lcd_pin={PIN}", "--set", "rfidreader=EnableAll", *INSTALLER_PIN)
    with Simulation(tmp_path_factory.mktemp("unit") / "state", options) as simulation:
        yield simulation


def newer(simulation: Simulation) -> Json:
    document: Json = simulation.get("/settings", User_Agent="evcc/1").json
    return document


# ---- /color_* ----


@pytest.mark.parametrize("name", ["off", "normal", "smart", "solar", "custom"])
def test_a_color_is_echoed_and_shown(simulation: Simulation, name: str) -> None:
    rgb = {"R": 0, "G": 128, "B": 255}
    assert simulation.post(f"/color_{name}?R=0&G=128&B=255").json == {"color": {name: rgb}}
    assert newer(simulation)["color"][name] == rgb
    assert simulation.post(f"/color_{name}", b"R=1&G=2&B=3").json == {"color": {name: {"R": 1, "G": 2, "B": 3}}}


@pytest.mark.parametrize("sent", ["R=1&G=2", "R=1&G=2&B=256", "R=1&G=2&B=-1", "R=1&G=2&B=x", "R=1&R=2&G=2&B=3", "B="])
def test_a_color_of_less_than_three_parts_in_range_is_refused(simulation: Simulation, sent: str) -> None:
    before = newer(simulation)["color"]
    names = {part.partition("=")[0] for part in sent.split("&")}
    assert simulation.post(f"/color_off?{sent}").json == dict.fromkeys(names, REFUSED)
    assert newer(simulation)["color"] == before


def test_no_color_at_all_changes_nothing(simulation: Simulation) -> None:
    assert simulation.post("/color_off").json == {}


# ---- /modem ----


@pytest.mark.parametrize("pwm", ["0", "50", "1000"])
def test_the_pilot_is_locked(simulation: Simulation, pwm: str) -> None:
    answer = simulation.post(f"/modem?pwm={pwm}")
    assert (answer.status, answer.json["pwm"]) == (200, REFUSED)
    assert "[modem] unlocked" in answer.json["reason"]
    assert simulation.evse["pwm"] == 1024


@pytest.mark.parametrize("pwm", ["1001", "5.0", "x", ""])
def test_what_is_no_duty_is_refused(simulation: Simulation, pwm: str) -> None:
    answer = simulation.post(f"/modem?pwm={pwm}").json
    assert answer["pwm"] == REFUSED
    assert "takes 0 to 1000" in answer["reason"]


def test_ending_an_override_is_never_refused(simulation: Simulation) -> None:
    assert simulation.post("/modem?pwm=-1").json == {"pwm": -1}
    assert simulation.post("/modem").json == {}


# ---- /rfid ----


@pytest.mark.parametrize("uid", ["112233445566", "11223344556677", "aAbBcCdDeEfF"])
def test_a_card(simulation: Simulation, uid: str) -> None:
    answer = simulation.post(f"/rfid?rfid={uid}").json
    assert answer["rfid"] == uid
    assert answer["rfid_status"] == simulation.evse["rfid"] != "Not Installed"
    assert newer(simulation)["evse"]["rfid_lastread"] == uid.upper()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("", "Missing rfid parameter"),
        ("rfid=", "Missing rfid parameter"),
        ("rfid=11223344556g", "Invalid RFID hex string"),
        ("rfid=1122334455", "Invalid RFID length"),
        ("rfid=1122334455667", "Invalid RFID length"),
    ],
)
def test_what_is_no_card_is_refused_in_known_words(simulation: Simulation, sent: str, says: str) -> None:
    before = newer(simulation)["evse"]["rfid_lastread"]
    assert simulation.post(f"/rfid?{sent}").json == {"rfid_status": says}
    assert newer(simulation)["evse"]["rfid_lastread"] == before


# ---- /lcd ----


def verify(simulation: Simulation, password: str) -> Answer:
    return simulation.post("/lcd-verify-password", f"password={password}".encode())


@pytest.mark.parametrize("button", ["left", "middle", "right"])
def test_a_button_with_the_pin(simulation: Simulation, button: str) -> None:
    pressed = simulation.post(f"/lcd?button={button}&pressed=1&pin={PIN}")
    assert pressed.json == {"button": {**UP, button: "down"}}
    assert simulation.post(f"/lcd?button={button}&state=0&pin=00{PIN}").json == {"button": UP}


def test_a_pin_given_once_opens_the_buttons_for_whoever_gave_it(simulation: Simulation) -> None:
    answer = verify(simulation, str(PIN))
    assert (answer.status, answer.json) == (200, {"success": True})
    [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert str(PIN) not in cookie.value
    kept = f"{cookie.key}={cookie.value}"
    assert simulation.post("/lcd?button=left&pressed=0", Cookie=kept).json == {"button": UP}
    stranger = simulation.post("/lcd?button=left&pressed=0").json
    assert stranger["button"] == REFUSED
    assert stranger["reason"].startswith("send the LCD PIN")


def test_a_button_held_on_from_afar_does_what_it_does_at_the_unit(simulation: Simulation) -> None:
    """Left, held for 2 s: access denied. What a press was is known at its release, which has to come within 10 s."""
    simulation.post("/settings?mode=1")
    assert simulation.post(f"/lcd?button=left&pressed=1&pin={PIN}").json["button"]["left"] == "down"
    pressed_at = simulation.state["uptime_s"]
    wait_for(lambda: simulation.state["uptime_s"] > pressed_at + 2, "held for more than 2 s")
    assert simulation.settings["mode"] == "NORMAL"
    assert simulation.post(f"/lcd?button=left&pressed=0&pin={PIN}").json["button"]["left"] == "up"
    wait_for(lambda: simulation.settings["mode"] == "OFF", "access is off")
    simulation.post(f"/lcd?button=left&pressed=0&pin={PIN}")
    simulation.post("/settings?mode=1")


@pytest.mark.parametrize("sent", ["", "button=up&pressed=1", "button=left", "button=left&pressed=2", "pressed=1"])
def test_what_is_no_press_is_refused(simulation: Simulation, sent: str) -> None:
    answer = simulation.post(f"/lcd?{sent}&pin={PIN}").json
    assert answer["button"] == REFUSED
    assert "takes" in answer["reason"]


def test_wrong_pins_have_to_wait_and_are_never_said(simulation: Simulation) -> None:
    tries = [verify(simulation, guess) for guess in ("1", "0", "7777", "7777")]
    assert [answer.status for answer in tries] == [200, 200, 200, 429]
    assert [answer.json["success"] for answer in tries] == [False] * 4
    assert 1 <= int(tries[-1].headers["Retry-After"]) <= 10
    assert "wait" in tries[-1].json["reason"]
    assert simulation.post(f"/lcd?button=left&pressed=1&pin={PIN}").status == 429  # the right one waits as well
    assert "7777" not in simulation.said()
    wait_for(lambda: verify(simulation, str(PIN)).status == 200, "the wait is over")


# ---- /update, /erasesettings ----


def test_how_it_is_updated(simulation: Simulation) -> None:
    answer = simulation.get("/update")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b'action="/update"' in answer.body


def test_an_upload_fails_with_the_reason_and_changes_nothing(simulation: Simulation) -> None:
    answer = simulation.post("/update?file=firmware.bin&offset=0&size=4", b"\0\1\2\3", **AS_INSTALLER)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert answer.body.startswith(b"FAIL: this evsed was not installed from its package")


def test_erasing_makes_every_setting_its_default_and_denies_access(simulation: Simulation) -> None:
    simulation.post("/settings?mode=3&current_min=8&lcdlock=1")
    assert simulation.http("DELETE", "/erasesettings", None, **AS_INSTALLER).json == {"erasesettings": True}
    document = newer(simulation)
    assert (document["mode"], document["evse"]["mode"], document["evse"]["access"]) == ("OFF", 0, 0)
    said = document["settings"]
    assert (said["current_min"], said["mains_meter"], said["lcdlock"]) == (6, "Disabled", 0)
    off = simulation.post(f"/lcd?button=left&pressed=1&pin={PIN}").json
    assert "the remote buttons are off" in off["reason"]
    assert simulation.post("/rfid?rfid=112233445566").json == {"rfid_status": "RFID reader not enabled"}
    for wrong in ("GET", "POST"):
        assert simulation.http(wrong, "/erasesettings").status == 405
