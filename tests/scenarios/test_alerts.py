"""Alerts of a whole charger: a fault of the plant reaches a web hook and a real mosquitto."""

import json
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.receiver import Raw, Receiver
from tests.scenarios.broker import Broker, Listener
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon


def alert(listener: Listener, event_type: str) -> Any:
    """The last message at the topic of alerts, once it is of this type."""
    listener.wait_for(
        lambda: json.loads(listener.last.get("Alert", "{}")).get("event_type") == event_type, f"an alert: {event_type}"
    )
    return json.loads(listener.last["Alert"])


def options(broker: Broker, *more: str) -> tuple[str, ...]:
    return ("--mqtt", f"127.0.0.1:{broker.port}", *more)


def test_a_fault_is_told_both_ways_with_the_reason_that_all_show(
    broker: Broker, listener: Listener, state_dir: Path
) -> None:
    with Receiver() as receiver:
        given = options(broker, "--set", f"alert_webhook={receiver.url}", "--set", "alert_mqtt=Enabled")
        with Simulation(state_dir, given) as simulation:
            listener.wait("connected", "online")
            simulation.charge()
            assert receiver.posted == []
            simulation.patch(faults={"rcm": True})
            told = alert(listener, "fault")
            reason = simulation.state["not_charging"]
            assert (told["code"], told["text"]) == (reason["reason"], reason["text"])
            assert (told["code"], told["serial"]) == ("rcm", 90_000)
            assert receiver.wait() == told
            simulation.patch(faults={"rcm": False})
            simulation.press("middle")
            assert alert(listener, "cleared")["code"] == "rcm"
            assert receiver.wait(2)["event_type"] == "cleared"
            assert "Alert" not in listener.retained
            listener.say("Set/AlertTest", "Test")
            assert alert(listener, "test")["text"] == receiver.wait(3)["text"]
            assert "hush" not in simulation.said()
        assert len(receiver.posted) == 3


def test_a_diode_that_is_missing_is_told(broker: Broker, listener: Listener, state_dir: Path) -> None:
    with Simulation(state_dir, options(broker, "--set", "alert_mqtt=Enabled")) as simulation:
        listener.wait("connected", "online")
        simulation.charge()
        simulation.patch(faults={"pilot": "no_diode"})
        told = alert(listener, "fault")
        assert (told["code"], told["state"]) == ("diode", "B1")


def remembered(state_dir: Path) -> tuple[list[str], list[str]]:
    """The codes of what was told, and of what waits."""
    try:
        document = json.loads((state_dir / "alerts.json").read_text())
    except FileNotFoundError:
        return [], []
    return [one["code"] for one in document["open"]], [one["message"]["code"] for one in document["waiting"]]


def test_a_latched_fault_is_not_told_again_after_a_restart(broker: Broker, listener: Listener, state_dir: Path) -> None:
    with Simulation(state_dir, options(broker, "--set", "alert_mqtt=Enabled")) as simulation:
        listener.wait("connected", "online")
        simulation.charge()
        simulation.patch(faults={"rcm": True})
        alert(listener, "fault")
        wait_for(lambda: remembered(state_dir) == (["rcm"], []), "it is remembered, and nothing waits")
        listener.forget()
        simulation.restart()
        listener.wait("Error", "RCM Tripped")
        wait_for(lambda: simulation.state["uptime_s"] > 3, "it had time to tell")
        assert simulation.evse["connected"]
        assert "Alert" not in listener.last


def test_nothing_is_told_by_default(broker: Broker, listener: Listener, state_dir: Path) -> None:
    with Simulation(state_dir, options(broker)) as simulation:
        listener.wait("connected", "online")
        simulation.charge()
        simulation.patch(faults={"rcm": True})
        listener.wait("Error", "RCM Tripped")
        wait_for(lambda: simulation.state["uptime_s"] > 5, "it had time to tell")
        assert simulation.post("/api/v1/alerts/test").status == 409
        assert "Alert" not in listener.last
        assert not (state_dir / "alerts.json").exists()
        shown = simulation.get("/api/v1/alerts").json
        assert (shown["webhook"]["last"], shown["mqtt"]["last"], shown["last_alert"]) == (None, None, None)
        assert (shown["webhook"]["waiting"], shown["mqtt"]["waiting"]) == (0, 0)


def _hangs(_end: socket.socket, over: threading.Event) -> None:
    over.wait()


def test_a_web_hook_that_hangs_holds_nothing_up(state_dir: Path) -> None:
    with Raw(_hangs) as nobody:
        given = ("--set", f"alert_webhook={nobody.url}")
        with Simulation(state_dir, given) as simulation:
            simulation.charge()
            simulation.patch(faults={"rcm": True})
            wait_for(lambda: nobody.connections, "it is being told")
            assert simulation.state["not_charging"]["reason"] == "rcm"
            assert simulation.feeds()
            assert simulation.interrupt() in {0, -signal.SIGINT, 130}
