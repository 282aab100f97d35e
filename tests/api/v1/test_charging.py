"""/api/v1/mode, /override and /timer: what they take, what they refuse, and what they show then."""

import json
import time
from datetime import datetime
from typing import Any

import pytest

from evsed.api.v1.bodies import NotTakenError
from evsed.api.v1.charging import ModeDocument, OverrideDocument
from evsed.api.v1.timer import TimerDocument, read_timer
from evsed.core.events import DelayedCharging
from evsed.core.model import ModeChoice
from tests.api.v1.v1 import Client, fits

NO_TIMER = {
    "mode": None, "start": None, "start_local": None, "stop": None, "stop_local": None, "daily": False,
    "waiting": False,
}  # fmt: skip
HOUR = 3_600


# ---- mode ----


@pytest.mark.parametrize("name", ["Off", "Normal", "Smart", "SOLAR", "Pause"])
def test_a_mode_is_chosen_by_its_name(client: Client, name: str) -> None:
    answer = client.send("PUT", "/mode", {"mode": name})
    assert (answer.status, answer.json) == (200, {"mode": name.upper()})
    assert client.get("/mode") == {"mode": name.upper()}
    fits(answer.json, ModeDocument)


@pytest.mark.parametrize("body", [{"mode": "Fast"}, {"mode": 3}, {"mode": None}, {}])
def test_what_is_no_mode_is_refused(client: Client, body: object) -> None:
    detail, errors = client.refused("PUT", "/mode", body)
    assert detail == "mode takes Off, Normal, Solar, Smart, Pause"
    assert errors == [{"detail": detail, "pointer": "#/mode"}]


def test_a_mode_that_lacks_its_meter_is_refused(client: Client) -> None:
    client.send("PATCH", "/settings", {"mains_meter": "Disabled"})
    detail, errors = client.refused("PUT", "/mode", {"mode": "Solar"})
    assert "needs a mains meter" in detail
    assert errors[0]["pointer"] == "#/mode"


def test_an_unknown_key_is_told(client: Client) -> None:
    detail, errors = client.refused("PUT", "/mode", {"mode": "Smart", "moed": 1})
    assert (detail, errors[0]["pointer"]) == ("'moed' is not known here; known are mode", "#/moed")


# ---- override ----


def test_an_override_comes_and_ends(client: Client) -> None:
    assert client.get("/override") == {"current": None}
    answer = client.send("PUT", "/override", {"current": 10.5})
    assert (answer.status, answer.json, client.get("/override")) == (200, {"current": 10.5}, {"current": 10.5})
    fits(answer.json, OverrideDocument)
    assert client.send("PUT", "/override", {"current": None}).json == {"current": None}
    client.send("PUT", "/override", {"current": 8})
    assert client.send("DELETE", "/override").json == {"current": None}


@pytest.mark.parametrize(
    "sent", ["5", "0", "14", "-6", '"8"', "true", "[]", "8.25", "1e300", "-4e-50", "NaN", "Infinity", "1e999"]
)
def test_what_is_no_override_is_refused(client: Client, sent: str) -> None:
    client.send("PUT", "/override", {"current": 8})
    _detail, errors = client.refused("PUT", "/override", f'{{"current": {sent}}}'.encode())
    assert errors[0]["pointer"] == "#/current"
    assert client.get("/override") == {"current": 8}


# ---- timer ----


@pytest.mark.usefixtures("amsterdam")
@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"start": 1_800_000_000}, DelayedCharging(ModeChoice.SMART, 1_800_000_000)),
        ({"start": 1_800_000_000, "stop": None, "daily": False}, DelayedCharging(ModeChoice.SMART, 1_800_000_000)),
        ({"start": "2026-11-22T23:30"}, DelayedCharging(ModeChoice.SMART, 1_795_386_600)),
        ({"start": "2026-11-22T23:30:00+01:00"}, DelayedCharging(ModeChoice.SMART, 1_795_386_600)),
        ({"start": "2026-11-22T22:30Z"}, DelayedCharging(ModeChoice.SMART, 1_795_386_600)),
        ({"start": "2026-03-29T02:30"}, DelayedCharging(ModeChoice.SMART, 1_774_747_800)),  # a time that is skipped
        ({"start": "2026-10-25T02:30"}, DelayedCharging(ModeChoice.SMART, 1_792_888_200)),  # the first of two
        (
            {"start": "2026-11-22T23:30", "stop": "2026-11-23T06:00", "daily": True},
            DelayedCharging(ModeChoice.SMART, 1_795_386_600, 1_795_410_000, repeat=True),
        ),
    ],
)
def test_times_are_local_or_unix(body: dict[str, Any], command: DelayedCharging) -> None:
    assert read_timer(json.dumps({"mode": "Smart", **body}).encode()) == command


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"start": "23:30"}, ["/start"]),
        ({"start": "2026-13-22T23:30"}, ["/start"]),
        ({"start": "0001-01-01T00:00"}, ["/start"]),
        ({"start": "20261122T2330"}, ["/start"]),
        ({"start": None}, ["/start"]),
        ({}, ["/start"]),
        ({"start": 0}, ["/start"]),
        ({"start": 1e300}, ["/start"]),
        ({"start": True}, ["/start"]),
        ({"start": 1_800_000_000, "stop": "later", "daily": 1}, ["/daily", "/stop"]),
        ({"start": 1_800_000_000, "mode": "Fast"}, ["/mode"]),
        ({"start": 1_800_000_000, "repeat": True}, ["/repeat"]),
    ],
)
def test_what_is_no_timer_is_told_with_the_key(body: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(NotTakenError) as refusal:
        read_timer(json.dumps({"mode": "Smart", **body}).encode())
    assert [error.pointer for error in refusal.value.errors] == pointers


def test_a_timer_is_set_shown_and_forgotten(client: Client) -> None:
    assert client.get("/timer") == NO_TIMER
    start = int(time.time()) // 60 * 60 + HOUR
    answer = client.send("PUT", "/timer", {"mode": "Smart", "start": start, "stop": start + HOUR, "daily": True})
    assert answer.status == 200, answer.body
    fits(answer.json, TimerDocument)
    timer = answer.json
    assert (timer["mode"], timer["start"], timer["stop"]) == ("SMART", start, start + HOUR)
    assert (timer["daily"], timer["waiting"]) == (True, True)
    assert datetime.fromisoformat(timer["start_local"]).timestamp() == start
    assert client.get("/mode") == {"mode": "OFF"}
    kept = client.charger.memory.saved
    assert kept is not None
    assert kept.timer.start_s == start
    assert client.send("DELETE", "/timer").json == NO_TIMER
    assert client.get("/mode") == {"mode": "OFF"}
    assert client.send("DELETE", "/timer").json == NO_TIMER


def test_local_times_go_in_as_they_come_out(client: Client) -> None:
    start = int(time.time()) // 60 * 60 + HOUR
    local = datetime.fromtimestamp(start).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ006 - the system's zone is meant
    timer = client.send("PUT", "/timer", {"mode": "Normal", "start": local}).json
    assert (timer["start"], timer["start_local"][:16]) == (start, local)
    assert (timer["stop"], timer["stop_local"], timer["daily"]) == (None, None, False)


def test_a_start_that_has_passed_is_now(client: Client) -> None:
    answer = client.send("PUT", "/timer", {"mode": "Smart", "start": int(time.time()) - 60})
    assert (answer.json, client.get("/mode")) == (NO_TIMER, {"mode": "SMART"})


def test_forgetting_a_timer_whose_stop_is_to_come_leaves_the_charger_on(client: Client) -> None:
    now = int(time.time())
    client.send("PUT", "/timer", {"mode": "Smart", "start": now - 60, "stop": now + HOUR, "daily": True})
    assert client.get("/timer")["waiting"] is False
    client.send("DELETE", "/timer")
    assert (client.get("/timer"), client.get("/mode")) == (NO_TIMER, {"mode": "SMART"})


@pytest.mark.parametrize(
    ("mode", "stop_after", "says", "pointer"),
    [
        ("Solar", None, "a start time goes with Normal or Smart", "#/mode"),
        ("Smart", -1, "the stop has to come after the start", "#/stop"),
        ("Smart", 0, "the stop has to come after the start", "#/stop"),
    ],
)
def test_the_rules_of_delayed_charging(
    client: Client, mode: str, stop_after: int | None, says: str, pointer: str
) -> None:
    start = int(time.time()) + HOUR
    body = {"mode": mode, "start": start, "stop": None if stop_after is None else start + stop_after}
    detail, errors = client.refused("PUT", "/timer", body)
    assert says in detail
    assert errors[0]["pointer"] == pointer
