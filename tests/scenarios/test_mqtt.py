"""MQTT against a real mosquitto."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.broker import PREFIX, Broker, Listener
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon


@pytest.fixture
def simulation(broker: Broker, state_dir: Path) -> Iterator[Simulation]:
    with Simulation(state_dir, ("--mqtt", f"127.0.0.1:{broker.port}")) as simulation:
        yield simulation


def test_it_says_what_happens_and_does_what_it_is_told(simulation: Simulation, listener: Listener) -> None:
    listener.wait("connected", "online")
    for topic, payload in (
        ("State", "Ready to Charge"),
        ("StateID", "A"),
        ("Mode", "Normal"),
        ("ChargeCurrent", "0"),
        ("MainsCurrentL1", "10"),
        ("MainsCurrentL2", "10"),
        ("MainsCurrentL3", "10"),
        ("EVPlugState", "Disconnected"),
        ("Error", "None"),
        ("EVImportActiveEnergy", "0"),
    ):
        listener.wait(topic, payload)
    assert simulation.settings["mqtt"]["status"] == "Connected"
    simulation.charge()
    listener.wait("EVPlugState", "Connected")
    listener.wait("State", "Charging")
    listener.wait("ChargeCurrent", "130")
    listener.wait("MainsCurrentL1", "140")
    listener.wait("EVCurrentL3", "130")
    listener.say("Set/CurrentOverride", "80")
    listener.wait("ChargeCurrentOverride", "80")
    listener.wait("ChargeCurrent", "80")
    listener.say("Set/Mode", "Off")
    listener.wait("Mode", "Off")
    listener.wait("Access", "Deny")
    wait_for(lambda: not simulation.plant["contactor1"], "Off opens the contactor")
    listener.wait("CableLock", "0")
    listener.say("Set/CableLock", "1")
    listener.wait("CableLock", "1")
    for choice in ("Smart", "Solar", "Pause", "Normal"):
        listener.say("Set/Mode", choice)
        listener.wait("Mode", choice)


def test_what_is_not_understood_changes_nothing_and_is_logged(simulation: Simulation, listener: Listener) -> None:
    listener.wait("connected", "online")
    before = simulation.settings["settings"], simulation.settings["mode"]
    for topic, payload in (
        ("Set/Mode", "smart"),
        ("Set/Mode", ""),
        ("Set/Mode", b"\xff\x00"),
        ("Set/Mode", "x" * 5_000),
        ("Set/CurrentOverride", "-1"),
        ("Set/CurrentOverride", "8.5"),
        ("Set/CurrentOverride", "131"),
        ("Set/CurrentOverride", "99999999"),
        ("Set/CableLock", "2"),
        ("Set/CircuitMeter", "60:50"),
        ("Set/CircuitMeter", "60:50:40"),
        ("Set/Nonsense", "1"),
    ):
        listener.say(topic, payload)
    listener.say("Set/Mode", "smart")
    listener.say("Set/Mode", "Smart")
    listener.wait("Mode", "Smart")
    assert simulation.said().count("'smart' is refused") == 1
    assert (simulation.settings["settings"], before[1]) == (before[0], "NORMAL")
    said = simulation.said()
    assert f"MQTT {PREFIX}/Set/Mode: 'smart' is refused: not a payload of this topic" in said
    assert "'131' is refused: the override takes 0 or 60 to 130" in said
    assert "'60:50' is refused: not a payload of this topic" in said
    assert "'60:50:40' is refused: the circuit meter is not of type API" in said
    assert "CircuitCurrentL1" not in listener.last
    assert "x" * 81 not in said
    assert "Traceback" not in said


def test_a_circuit_meter_that_is_told_over_mqtt(broker: Broker, listener: Listener, state_dir: Path) -> None:
    options = ("--mqtt", f"127.0.0.1:{broker.port}", "--set", "circuit_meter=API")
    with Simulation(state_dir, options) as simulation:
        listener.wait("connected", "online")
        listener.say("Set/CircuitMeter", "60:-50:2000")
        for phase, payload in (("L1", "60"), ("L2", "-50"), ("L3", "2000")):
            listener.wait(f"CircuitCurrent{phase}", payload)
        listener.say("Set/CircuitMeter", "60:50:2001")
        wait_for(lambda: "'60:50:2001' is refused: each current has to be within" in simulation.said(), "it is logged")
        assert listener.last["CircuitCurrentL2"] == "-50"


def test_a_limit_is_lent_over_mqtt(simulation: Simulation, listener: Listener) -> None:
    listener.wait("connected", "online")
    listener.wait("Limit", "none")
    simulation.charge()
    listener.say("Set/Limit", "8.5:3600")
    listener.wait("Limit", "8.5")
    listener.wait("ChargeCurrent", "85")
    refused = simulation.state["refused_inputs"]
    for payload in ("81", "81", "6:0", "nan", "1:"):
        listener.say("Set/Limit", payload)
    listener.say("Set/Limit", "0")
    listener.wait("Limit", "0")
    listener.wait("State", "Charging Stopped")
    assert simulation.state["not_charging"]["reason"] == "limited_outside"
    assert 0 < simulation.state["outside_limit"]["seconds_left"] <= 60
    said = simulation.said()
    assert said.count("'81' is refused: the limit takes 0 to 80 A; not 81") == 1
    assert "'6:0' is refused: a limit is lent for 1 to 86400 seconds; not 0" in said
    assert "'nan' is refused: not a payload of this topic" in said
    assert simulation.state["refused_inputs"] == refused + 5
    listener.say("Set/Limit", "-")
    listener.wait("Limit", "none")
    listener.wait("State", "Charging")


def test_a_retained_set_message_is_old_news(broker: Broker, listener: Listener, state_dir: Path) -> None:
    """SK#169: a retained message at reconnect changed the mode."""
    listener.say("Set/Mode", "Off", retain=True)
    with Simulation(state_dir, ("--mqtt", f"127.0.0.1:{broker.port}")) as simulation:
        listener.wait("connected", "online")
        wait_for(lambda: "old news" in simulation.said(), "it is logged")
        assert simulation.settings["mode"] == "NORMAL"


def test_the_last_will_is_heard_when_the_daemon_dies(simulation: Simulation, listener: Listener) -> None:
    listener.wait("connected", "online")
    os.kill(simulation.daemon_pid, signal.SIGKILL)
    listener.wait("connected", "offline")


def test_a_clean_end_says_offline(simulation: Simulation, listener: Listener) -> None:
    listener.wait("connected", "online")
    simulation.interrupt()
    listener.wait("connected", "offline")


def test_a_broker_that_comes_and_goes_is_found_again(
    broker: Broker, simulation: Simulation, listener: Listener
) -> None:
    listener.wait("connected", "online")
    broker.stop()
    wait_for(lambda: simulation.settings["mqtt"]["status"] == "Disconnected", "the loss is shown")
    listener.forget()
    broker.start()
    listener.wait("connected", "online")
    listener.wait("State", "Ready to Charge")


def test_a_broker_that_is_away_never_delays_charging(tmp_path: Path, state_dir: Path) -> None:
    broker = Broker(tmp_path)
    with Simulation(state_dir, ("--mqtt", f"127.0.0.1:{broker.port}")) as simulation:
        simulation.charge()
        wait_for(lambda: "cannot be reached; trying for ever" in simulation.said(), "it is said once")
        with broker:
            listener = Listener(broker, PREFIX)
            listener.wait("State", "Charging")
            listener.close()
        assert simulation.said().count("cannot be reached") == 1


def test_a_broker_that_is_set_over_rest_is_used_at_once_and_after_a_restart(
    listener: Listener, simulation: Simulation, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with Broker(tmp_path / "other") as other:
        there = Listener(other, "garage")
        listener.wait("connected", "online")
        answer = simulation.post(
            f"/settings?mqtt_update=1&mqtt_host=127.0.0.1&mqtt_port={other.port}&mqtt_topic_prefix=garage"
        )
        assert answer.json["mqtt_port"] == other.port
        listener.wait("connected", "offline")
        there.wait("connected", "online")
        there.wait("State", "Ready to Charge")
        assert simulation.settings["mqtt"]["port"] == other.port
        wait_for(lambda: simulation.settings["mqtt"]["status"] == "Connected", "it is shown")
        command = simulation.kill()
        there.wait("connected", "offline")
        simulation.start(command)
        there.wait("connected", "online")
        there.close()


def test_the_daemon_is_found_by_home_assistant(simulation: Simulation, broker: Broker) -> None:
    house = Listener(broker, "homeassistant")
    house.wait_for(lambda: "device/evsed_90000/config" in house.everything(), "the device is announced")
    assert (
        f'"configuration_url": "http://smartevse-90000.local:{simulation.port}/"'
        in house.last["device/evsed_90000/config"]
    )
    house.close()
