"""No secret leaves a charger: each is given wherever it can be, rightly and wrongly, and then looked for everywhere.

Looked at are the log at DEBUG (also as it is heard live, by telnet too), the answer to every request that gave one and
to every GET, all of MQTT, what the command line prints, records as text, and the modes of the files.
"""

import base64
import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from evsed.config import Installation, Installer, Mqtt
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.doors.certificate import ensure
from evsed.doors.control import connect
from evsed.localweb import ControlConnection
from tests.api.served import Charger
from tests.live_log import Hearing, with_telnet
from tests.scenarios.broker import Broker, Listener
from tests.scenarios.simulation import PATIENCE_S, Simulation, wait_for
from tests.silicon.environment import AS_COLLECTED

MQTT_PASSWORD = "mqtt-windmill52"  # noqa: S105 - secrets that a test can look for, and too simple to be hidden by value
INSTALLER_PIN = "86420135"
PASSWORD = "owner-Vx4Np8Tc"  # noqa: S105
HOOK_KEY = "hook-lighthouse41"
CARD = "04A1B2C3D4E5F6"
LCD_PINS = ("7391", "6284", "9517", "3806")
WRONG = "wrong-Gh5Sx9Qa"
WRONG_PIN = "97531864"
KEPT_OPEN_S = 3.0
_BROKEN = b'{"pin": "' + WRONG.encode()

_ALL_LINES = """
import logging
def setLevel(self, level):
    self.level = logging.DEBUG
    self.manager._clear_cache()
logging.Logger.setLevel = setLevel
"""


@dataclass
class Said:
    """What a charger has said, by where; and the secrets that have to be nowhere in it."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def leaks(self, said: dict[str, str] | None = None) -> list[str]:
        """Each secret that stands somewhere, and where; also as a query or Basic would carry it."""
        found = []
        for place, text in (self.answers if said is None else said).items():
            found += [f"{name} in {place}" for name, secret in self.secrets.items() if holds(text, secret)]
        return found


def holds(text: str, secret: str) -> bool:
    """Whether ``secret`` stands in ``text``, as itself; a short number only where it is no part of another one."""
    if secret.isdecimal():
        return re.search(rf"(?<![0-9.]){secret}(?![0-9])", text) is not None
    return secret.casefold() in text.casefold()


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class Story:
    """A charger, its broker, and everybody who has something to hide."""

    def __init__(self, simulation: Simulation, broker: Broker, listener: Listener) -> None:
        self.simulation, self.broker, self.listener = simulation, broker, listener
        self.said = Said()
        self.token = ""
        self.heard: dict[str, Hearing] = {}

    @property
    def socket(self) -> Path:
        return self.simulation.state_dir / "control.sock"

    def ask(
        self, method: str, path: str, body: object = None, *, here: bool = False, **headers: str
    ) -> tuple[int, str]:
        """Status and text of an answer, which is looked at later; ``here``: over the control socket."""
        connection = (
            ControlConnection(self.socket, PATIENCE_S)
            if here
            else HTTPConnection("127.0.0.1", self.simulation.port, timeout=PATIENCE_S)
        )
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        form = {"Content-Type": "application/json"} if sent is not None else {}
        try:
            connection.request(method, path, sent, {**form, **headers})
            answer = connection.getresponse()
            text = read(connection, answer, endless="event-stream" in (answer.getheader("Content-Type") or ""))
        finally:
            connection.close()
        said = f"{answer.getheaders()} {text}"
        self.said.answers[f"{len(self.said.answers)}. {method} {path.partition('?')[0]} {answer.status}"] = said
        return answer.status, text

    def good(self, method: str, path: str, body: object = None, **headers: str) -> str:
        status, text = self.ask(method, path, body, here=True, **headers)
        assert status in {200, 201, 204}, (path, text)
        return text

    def listen(self) -> None:
        """From now on the live log is heard in both ways in which it comes by itself."""
        port = with_telnet(self.simulation)
        self.heard["telnet"] = Hearing(socket.create_connection(("127.0.0.1", port), PATIENCE_S))
        asks = b"GET /api/v1/log?follow&level=debug&last=2000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.heard["the stream"] = Hearing(connect(self.socket, PATIENCE_S), asks)

    # ---- what is set ----

    def give(self) -> None:
        """Sets every secret that a charger can have."""
        before = " ".join(self.everything().values())
        lcd_pin = next(pin for pin in LCD_PINS if not holds(before, pin))
        hook = f"https://hooks.example.invalid/{HOOK_KEY}?key={HOOK_KEY}"
        self.good("PATCH", "/api/v1/settings", {"alert_webhook": hook, "lcd_pin": int(lcd_pin)})
        self.good("PUT", "/api/v1/access/pin", {"pin": INSTALLER_PIN})
        self.good("PUT", "/api/v1/access/password", {"password": PASSWORD})
        made = json.loads(self.good("POST", "/api/v1/access/tokens", {"name": "evcc", "right": "install"}))
        self.token = str(made["token"])
        self.said.answers.popitem()  # this once it is told
        broker = f"mqtt_update=1&mqtt_host=127.0.0.1&mqtt_port={self.broker.port}&mqtt_username=u"
        self.good("POST", f"/settings?{broker}&mqtt_password={MQTT_PASSWORD}")
        _, key = ensure(self.simulation.state_dir, 1, _now())
        self.said.secrets |= {
            "the broker's password": MQTT_PASSWORD,
            "the installer's PIN": INSTALLER_PIN,
            "the owner's password": PASSWORD,
            "the token": self.token,
            "the webhook's key": HOOK_KEY,
            "the LCD's PIN": lcd_pin,
            "the key of TLS": key.read_text().splitlines()[1],
            "what was wrong": WRONG,
            "a wrong PIN": WRONG_PIN,
            "Basic": basic("installer", INSTALLER_PIN).split()[1],
            "Basic of a wrong PIN": basic("installer", WRONG_PIN).split()[1],
        }

    # ---- what is wrong ----

    def err(self) -> None:
        """Gives secrets where they are not taken, in every way there is."""
        for name in ("pin", "password"):
            for value in (WRONG + "x" * 500, WRONG + "\x00", [WRONG], {WRONG: WRONG}, None, WRONG_PIN + WRONG):
                self.ask("PUT", f"/api/v1/access/{name}", {name: value}, here=True)
            self.ask("PUT", f"/api/v1/access/{name}", _BROKEN, here=True)
            self.ask("PUT", f"/api/v1/access/{name}", {name: WRONG_PIN}, Authorization=f"Bearer {WRONG}")
        for setting in ("alert_webhook", "lcd_pin", "installer_pin", "no_such_secret"):
            for wrong in (WRONG, [WRONG], {"a": WRONG}, WRONG_PIN + WRONG, int(WRONG_PIN) * 10**20):
                self.ask("PATCH", "/api/v1/settings", {setting: wrong}, here=True)
                self.ask("PATCH", "/api/v1/settings", {setting: wrong, "current_max": "much"})
        self.ask("PATCH", "/api/v1/settings", b"{" + WRONG.encode(), here=True)
        self.ask("POST", f"/settings?mqtt_update=1&mqtt_password={WRONG}%00")
        self.ask("POST", f"/settings?mqtt_password={WRONG}")
        self.ask("POST", f"/settings?lcd_pin={WRONG_PIN}&pin={WRONG}")
        for name, secret in (("installer", WRONG_PIN), ("owner", WRONG), (WRONG, WRONG), ("installer", WRONG)):
            self.ask("GET", "/api/v1/state", Authorization=basic(name, secret))
        self.ask("GET", "/api/v1/state", Authorization=f"Basic {WRONG}")
        self.ask("GET", "/api/v1/state", Authorization=WRONG)
        self.ask("GET", "/api/v1/state", Cookie=f"evsed-session={WRONG}; pin={WRONG_PIN}")
        for given in ({"pin": WRONG_PIN}, {"password": WRONG}, {"pin": [WRONG]}, {"pin": WRONG, "password": WRONG}):
            self.ask("POST", "/api/v1/login", given)
        self.ask("POST", "/api/v1/login", _BROKEN)
        for path in ("/lcd", "/lcd-verify-password"):
            query = f"button=left&state=1&pressed=1&pin={WRONG_PIN}&password={WRONG}&installer={WRONG_PIN}"
            self.ask("POST", f"{path}?{query}")
            self.ask("POST", path, query.encode())
            self.ask("POST", path, {"password": WRONG, "pin": WRONG_PIN})
        for path in ("/nothing", "/api/v1/state", "/api/v1/meters", "/docs", "/web/none", "/erasesettings"):
            self.ask("POST", f"{path}?pin={WRONG_PIN}&token={WRONG}", {"pin": WRONG})
            self.ask("GET", f"{path}?pin={WRONG_PIN}&token={WRONG}")
        self.ask("GET", "/settings?pin=" + WRONG + "x" * 9_000)
        self.ask("POST", f"/settings?pin={WRONG_PIN}", Origin="http://example.org")
        self.ask("POST", f"/settings?pin={WRONG_PIN}", Host="example.org")
        for raw in (f"GET /{WRONG} NONSENSE", f"{WRONG}\r\n\r\n", f"GET /?pin={WRONG} HTTP/1.1\r\nX: {WRONG}\x00"):
            self.raw(raw.encode() + b"\r\n\r\n")
        self.listener.say("Set/RFID", CARD)
        self.listener.say("Set/RFID", CARD, retain=True)
        self.listener.say("Set/RFID", f"{CARD}0")
        self.ask("POST", f"/rfid?rfid={CARD}")
        for body in (None, {"webhook": WRONG}):
            self.ask("POST", "/api/v1/alerts/test", body, here=True)
        restored = {"format": "evsed settings", "settings": {"lcd_pin": WRONG, "alert_webhook": WRONG}}
        for here in (False, True):
            self.ask("POST", "/api/v1/restore", restored, here=here)
            self.ask("POST", "/api/v1/restore?preview=1", restored, here=here)

    def raw(self, sent: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.simulation.port), PATIENCE_S) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            said = b""
            while data := client.recv(65_536):
                said += data
        self.said.answers[f"{len(self.said.answers)}. bytes"] = said.decode("utf-8", "replace")

    # ---- what is shown ----

    def everything(self) -> dict[str, str]:
        """What every GET answers, to anybody and to root."""
        found = {}
        for path in gets():
            for here in (False, True):
                status, text = self.ask("GET", path, here=here)
                assert status != 500, (path, text)
                found[f"GET {path}, {'root' if here else 'anybody'}"] = text
        return found

    def commands(self) -> dict[str, str]:
        """What the command line prints."""
        words = self.simulation.daemon_command()
        config = words[words.index("--config") + 1]
        return {
            " ".join(command): run(*command, "--config", config)
            for command in (
                ("settings",),
                ("settings", "list", "--json"),
                ("settings", "export"),
                ("settings", "get", "alert_webhook", "lcd_pin", "installer_pin"),
                ("settings", "set", f"alert_webhook={WRONG}"),
                ("access",),
                ("log", "--level", "debug", "--last", "2000"),
                ("doctor",),
            )
        }


def _now() -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415 - nowhere else

    return datetime.now(UTC)


def read(connection: HTTPConnection, answer: Any, *, endless: bool) -> str:
    """The body; of a stream, what it begins with."""
    if not endless:
        return str(answer.read().decode("utf-8", "replace"))
    connection.sock.settimeout(KEPT_OPEN_S)
    said = b""
    try:
        while len(said) < 20_000 and b"\n\n" not in said:
            said += answer.read1(4_096)
    except (TimeoutError, HTTPException):
        pass
    return said.decode("utf-8", "replace")


def gets() -> list[str]:
    """Every path that the application answers GET to; what is in braces becomes something."""
    with Charger() as charger:
        routes = list(iter_route_contexts(charger.app.routes))
    paths = {str(route.path) for route in routes if not route.methods or "GET" in route.methods}
    return sorted(re.sub(r"\{[^}]*\}", "1", path) for path in paths)


def run(*words: str) -> str:
    """What `evsed` prints. What it ends with does not matter here."""
    command = [sys.executable, "-m", "evsed", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=AS_COLLECTED, timeout=PATIENCE_S)
    assert done.stdout or done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything has been given, rightly and wrongly; the charger still runs."""
    directory = tmp_path_factory.mktemp("secrets")
    (directory / "all").mkdir()
    (directory / "all" / "sitecustomize.py").write_text(_ALL_LINES)
    with pytest.MonkeyPatch.context() as patch, Broker(directory) as broker:
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, (str(directory / "all"), os.environ.get("PYTHONPATH"))))
        )
        with Simulation(directory / "state") as simulation:
            listener = Listener(broker, "SmartEVSE-90000")
            everywhere = Listener(broker, "homeassistant")
            told = Story(simulation, broker, listener)
            told.listen()
            told.give()
            wait_for(lambda: listener.last, "the broker is told")
            told.err()
            yield told
            listener.close()
            everywhere.close()
            for hearing in told.heard.values():
                hearing.close()


def test_no_answer_holds_a_secret(story: Story) -> None:
    assert story.said.secrets
    assert story.said.leaks() == []


def test_no_get_shows_a_secret(story: Story) -> None:
    assert story.said.leaks(story.everything()) == []


def test_the_command_line_prints_no_secret(story: Story) -> None:
    printed = story.commands()
    assert "daemon" in printed["doctor"]
    assert story.said.leaks(printed) == []


def test_no_topic_holds_a_secret(story: Story) -> None:
    told = {topic: payload for topic, payload in story.listener.everything().items() if not topic.startswith("Set/")}
    assert told
    assert story.said.leaks(told) == []


def test_the_log_holds_no_secret_at_debug_either(story: Story) -> None:
    log = story.simulation.said()
    assert "DEBUG" in log
    assert "is refused" in log
    assert story.said.leaks({line: line for line in log.splitlines()}) == []
    assert not holds(log, CARD)


def test_the_live_log_holds_no_secret_at_debug_either(story: Story) -> None:
    end = "nonsense-at-the-end"
    story.ask("PUT", "/api/v1/mode", {"mode": end})
    for where, hearing in story.heard.items():
        wait_for(lambda hearing=hearing: end in hearing.said, f"{where} has heard all")  # type: ignore[misc]
        assert "is refused" in hearing.said
        assert story.said.leaks({line: line for line in hearing.said.splitlines()}) == [], where
        assert not holds(hearing.said, CARD)
    assert '"level":"debug"' in story.heard["the stream"].said
    assert '"why":"lost"' not in story.heard["the stream"].said
    assert " DEBUG " not in story.heard["telnet"].said


def test_nobody_else_may_read_the_state(story: Story) -> None:
    wrong = []
    for path in [story.simulation.state_dir, *story.simulation.state_dir.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077:
            wrong.append(f"{path.name}: {mode:o}")
    assert wrong == []


def test_files_hold_no_more_than_they_have_to(story: Story) -> None:
    """What is only compared is kept hashed: PIN, password and token are in no file."""
    hashed = {INSTALLER_PIN, PASSWORD, story.token, WRONG, WRONG_PIN}
    for path in story.simulation.state_dir.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert [secret for secret in hashed if secret in text] == [], path.name


def test_records_as_text_show_no_secret() -> None:
    installation = Installation(mqtt=Mqtt(password=MQTT_PASSWORD), installer=Installer(INSTALLER_PIN))
    assert MQTT_PASSWORD not in repr(installation)
    assert INSTALLER_PIN not in repr(installation)
    settings = Settings()
    for key, row in TABLE.items():
        if row.secret and row.kept:
            settings = settings.replace(key, 7391 if not row.is_text else f"https://example.invalid/{HOOK_KEY}")
    for record in (settings, Saved(settings=settings)):
        assert HOOK_KEY not in repr(record)
        assert "7391" not in repr(record)
