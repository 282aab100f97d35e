"""Who is let in as whom, over a real server: secrets, cookies, waiting, and answers that end with a right."""

import base64
import re
import socket
from typing import Any

import pytest

from evsed.api.firmware.posted_settings import TABLE_OF_PARAMETERS
from evsed.api.logins import INSTALLER_S
from evsed.api.mqtt.set_topics import SET_TOPICS, set_command
from evsed.api.tries import FREE_TRIES
from evsed.core.events import ChangeSetting
from evsed.core.settings import TABLE
from tests.api.door import PASSWORD, PIN, Door, basic
from tests.api.served import Served, as_root
from tests.scenarios.simulation import PATIENCE_S

# ---- as whom ----


def test_each_secret_has_its_right(door: Door) -> None:
    token = door.access.add_token("prometheus", "read")
    assert door.right() == "operate"
    assert door.right(Authorization=basic("owner", PASSWORD)) == "operate"
    assert door.right(Authorization=basic("installer", PIN)) == "install"
    assert door.right(Authorization=f"bearer  {token}") == "read"
    assert door.right(Authorization=basic("installer", f"00{PIN}")) == "install", "it is the same number"
    door.login(1)
    assert door.right() == "401"
    assert door.right(Authorization=basic("owner", PASSWORD)) == "operate"


@pytest.mark.parametrize(
    "given",
    [
        "", "Basic", "Basic !", "Basic " + base64.b64encode(b"owner").decode(), basic("admin", PASSWORD), "Digest x",
        basic("Owner", PASSWORD), basic("", PASSWORD), "Basic " + base64.b64encode(b"owner:\xff").decode(), "Bearer",
        "Bearer x", basic("installer", PASSWORD), basic("owner", PIN), PASSWORD,
    ],
)  # fmt: skip
def test_what_is_no_credential_is_refused_and_not_taken_for_nobody_s(door: Door, given: str) -> None:
    answer = door.ask("GET", "/api/v1/state", Authorization=given)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="evsed", charset="UTF-8", Bearer realm="evsed"',
    )
    for secret in (PASSWORD, PIN):
        assert secret not in answer.body.decode()


def test_two_credentials_are_none(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as line:
        head = f"Authorization: {basic('owner', PASSWORD)}\r\n" * 2
        line.sendall(f"GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
        assert line.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_page_is_not_asked_by_a_window_of_its_browser(door: Door) -> None:
    door.login(1)
    answer = door.ask("GET", "/api/v1/state", User_Agent="Mozilla/5.0 (X11; Linux x86_64)")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="evsed"')


def test_the_control_socket_needs_nothing(door: Door) -> None:
    door.login(1)
    with Served(as_root(door.charger.app), door.charger.refusals) as served:
        root = Door(door.charger, served)
        assert root.right() == root.right(Authorization="Bearer none") == "install"
        assert root.ask("DELETE", "/erasesettings").status == 200
    assert not door.charger.site.login_on


# ---- guessing ----


def test_who_guesses_waits_and_who_is_in_does_not(door: Door) -> None:
    cookie, token = door.log_in(password=PASSWORD), door.access.add_token("evcc", "operate")
    for _ in range(FREE_TRIES):
        assert door.right(Authorization=basic("installer", "1357")) == "401"
    answer = door.ask("GET", "/api/v1/state", Authorization=basic("installer", PIN))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    assert door.ask("POST", "/api/v1/login", {"pin": PIN}).status == 429, "it is one door"
    assert door.right(Authorization=basic("owner", PASSWORD)) == "operate", "and the password another one"
    assert door.right(Authorization=basic("installer", PIN)) == "429", "which opens nothing here"
    assert door.right(Cookie=cookie) == door.right(Authorization=f"Bearer {token}") == door.right() == "operate"


# ---- cookies ----


def test_a_cookie_is_for_this_charger_s_page_only(door: Door) -> None:
    answer = door.ask("POST", "/api/v1/login", {"password": PASSWORD})
    assert answer.json == {"right": "operate"}
    parts = {part.strip().lower() for part in str(answer.headers["Set-Cookie"]).split(";")}
    assert {"httponly", "samesite=strict", "path=/", "max-age=2592000"} < parts
    assert "secure" not in parts
    assert door.ask("POST", "/api/v1/login", {"pin": PIN}, Origin="https://evil.example").status == 403


def test_a_cookie_of_https_is_sent_over_https_only(door: Door) -> None:
    async def secure(scope: Any, receive: Any, send: Any) -> None:
        await door.charger.app({**scope, "scheme": "https"}, receive, send)

    with Served(secure, door.charger.refusals) as served:
        answer = Door(door.charger, served).ask("POST", "/api/v1/login", {"password": PASSWORD})
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_a_login_becomes_the_installer_s_and_ends(door: Door) -> None:
    door.login(1)
    owner = door.log_in(password=PASSWORD)
    assert door.right(Cookie=owner) == "operate"
    both = door.log_in(owner, pin=PIN)
    assert (door.right(Cookie=both), door.right(Cookie=owner)) == ("install", "401")
    assert door.ask("POST", "/api/v1/logout", Cookie=both).json == {"right": "nothing"}
    assert door.right(Cookie=both) == "401"
    door.login(0)
    assert door.right(Cookie=both) == "operate", "a cookie whose time is over is nobody's mistake"


@pytest.mark.parametrize("is_owner", [True, False])
def test_the_installer_who_only_looks_is_what_he_was_before_after_half_an_hour(
    door: Door, monkeypatch: pytest.MonkeyPatch, *, is_owner: bool
) -> None:
    keys = door.charger.site.keys
    cookie = door.log_in(door.log_in(password=PASSWORD) if is_owner else "", pin=PIN)
    begun = keys.clock()
    monkeypatch.setattr(keys, "clock", lambda: begun + INSTALLER_S - 60)
    assert door.right(Cookie=cookie) == "install"
    monkeypatch.setattr(keys, "clock", lambda: begun + INSTALLER_S + 60)
    assert door.right(Cookie=cookie) == "operate"
    removed = door.ask("DELETE", "/api/v1/access/password", Cookie=cookie)
    assert removed.status == (200 if is_owner else 403)
    door.access.set_password(PASSWORD)
    door.login(1)
    assert door.right(Cookie=cookie) == "401"


@pytest.mark.parametrize("body", [{}, {"pin": PIN, "password": PASSWORD}, {"pin": 2468}, {"code": PIN}, [], "x"])
def test_what_is_no_login_is_not_taken_and_not_shown(door: Door, body: object) -> None:
    answer = door.ask("POST", "/api/v1/login", body)
    assert answer.status == 422
    assert PIN not in answer.body.decode()


# ---- streams ----


def listens(door: Door, **headers: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", door.port), PATIENCE_S)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    line.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
    heard = b""
    while b"event: state" not in heard:
        heard += line.recv(65_536)
    return line


def ends(line: socket.socket) -> bool:
    """Whether the stream comes to its end: the last chunk of it."""
    with line:
        heard = b""
        while not re.search(rb"\r\n0\r\n\r\n$", heard):
            more = line.recv(65_536)
            if not more:
                return True
            heard += more
        return True


def test_a_stream_ends_with_the_right_to_listen(door: Door) -> None:
    token = door.access.add_token("panel", "read")
    anybody = listens(door)
    program = listens(door, Authorization=f"Bearer {token}")
    script = listens(door, Authorization=basic("installer", PIN))
    browser = listens(door, Cookie=door.log_in(password=PASSWORD))
    door.login(1)
    assert ends(anybody)
    door.access.remove_token("panel")
    assert ends(program)
    door.access.set_pin("1357")
    assert ends(script)
    door.access.set_password("another one")
    assert ends(browser)


# ---- the other doors ----


def test_the_paths_of_the_firmware_and_mqtt_set_nothing_of_the_installer_s() -> None:
    keys = {name for row in TABLE_OF_PARAMETERS for name in row.takes}
    payloads = ["0", "1", "10", "1,2,3", "-", *(name for row in TABLE.values() for name in row.choices.values())]
    for topic in SET_TOPICS:
        commands = [set_command(topic, payload) for payload in payloads]
        keys |= {command.key for command in commands if isinstance(command, ChangeSetting)}
    assert {"current_min", "enable_C2", "cablelock", "color_off"} <= keys
    assert not keys & {key for key, row in TABLE.items() if row.installer or row.secret or key == "login"}
