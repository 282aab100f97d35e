"""Cards against the real daemon: REST and MQTT swipes, the cable lock of EnableOne, a restart, and `evsed cards`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import cli
from tests.scenarios.broker import Broker, Listener
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

ANN, BOB, EVE = "04A1B2C3D4E5F6", "0A1B2C3D4E5F", "DEADBEEF0000"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Simulation]:
    options = ("--set", "rfidreader=EnableOne", "--set", "lock=Solenoid", "--mqtt", f"127.0.0.1:{broker.port}")
    with Simulation(tmp_path_factory.mktemp("cards") / "state", options) as simulation:
        wait_for(lambda: simulation.settings["mqtt"]["status"] == "Connected", "it finds the broker")
        yield simulation


def swipe(simulation: Simulation, uid: str) -> str:
    said: str = simulation.post(f"/rfid?rfid={uid}").json["rfid_status"]
    return said


def cards(simulation: Simulation, *words: str) -> int:
    return cli.main(["cards", "--url", simulation.url(""), *words])


def charges(simulation: Simulation) -> bool:
    return bool(simulation.plant["contactor1"])


def reason(simulation: Simulation) -> str:
    waits = simulation.state["not_charging"]
    return "" if waits is None else str(waits["reason"])


def test_the_command_line_keeps_the_list(
    simulation: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cards(simulation, "add", ANN, "Ann") == 0
    assert cards(simulation, "add", ANN, "Anna") == 0
    assert cards(simulation, "add", EVE.lower(), "--disabled") == 0
    assert cards(simulation) == 0
    assert capsys.readouterr().out.splitlines() == [
        "added",
        "it was known already, and is now as said",
        "added",
        f"{ANN}  enabled   Anna",
        f"{EVE}    disabled",
        "2 of 100 cards; RFID is EnableOne",
    ]
    for name in ("cards.csv", "cards.json"):
        file = tmp_path / name
        assert cards(simulation, "export", str(file)) == 0
        assert (file.stat().st_mode & 0o777, ANN in file.read_text()) == (0o600, True)
        assert cards(simulation, "import", "--replace", "--yes", str(file)) == 0
        assert capsys.readouterr().out.endswith("nothing to change\n")
    (tmp_path / "more.csv").write_text(f"{BOB},Bob\n")
    assert cards(simulation, "import", "--yes", str(tmp_path / "more.csv")) == 0
    assert capsys.readouterr().out == f"new:     {BOB}    enabled   Bob\n1 changed, 3 cards in all\n"
    (tmp_path / "wrong.csv").write_text(f"uid,name\n{BOB},Bob\n04A1,x\n")
    assert cards(simulation, "import", "--yes", str(tmp_path / "wrong.csv")) == 65
    assert "line 3, column 1 (uid): a card's number" in capsys.readouterr().err
    for deed, uid, status in (
        ("enable", EVE, 0),
        ("disable", EVE, 0),
        ("enable", "112233445566", 1),
        ("remove", ANN, 0),
    ):
        assert cards(simulation, deed, uid) == status
    assert cards(simulation, "remove", BOB, "11:22:33:44:55:66") == 1
    assert cards(simulation, "remove", ANN) == 1
    assert cards(simulation, "add", "04A1") == 1
    assert cards(simulation, "add", ANN, "Ann") == 0
    told = capsys.readouterr()
    assert "11:22:33:44:55:66: there is no such card; evsed cards names all there are" in told.err
    assert f"{BOB}: removed" not in told.out
    assert [card["uid"] for card in simulation.get("/api/v1/cards").json["cards"]] == [EVE, BOB, ANN]


def test_who_may_only_look_brings_no_cards(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = f"unix:{simulation.state_dir / 'control.sock'}"
    assert cli.main(["access", "--url", root, "token", "add", "looks", "--right", "read"]) == 0
    monkeypatch.setenv("EVSED_TOKEN", capsys.readouterr().out.strip())
    (tmp_path / "more.csv").write_text(f"{EVE},Eve\n")
    assert cards(simulation, "import", "--yes", str(tmp_path / "more.csv")) == 1
    assert cards(simulation, "remove", EVE) == 1
    assert "this token may only look" in capsys.readouterr().err
    assert cli.main(["access", "--url", root, "token", "remove", "looks"]) == 0


def test_a_card_starts_locks_and_only_the_same_card_stops_and_unlocks(simulation: Simulation) -> None:
    assert reason(simulation) == "card"
    simulation.plug()
    wait_for(lambda: simulation.state["connected"], "the car is seen")
    assert (reason(simulation), simulation.plant["locked"]) == ("card", False)
    assert swipe(simulation, EVE) == "Invalid"
    assert swipe(simulation, ANN) == "Present"
    wait_for(lambda: charges(simulation), "it charges")
    assert simulation.plant["locked"]
    assert simulation.get("/api/v1/cards").json["holder"] == ANN
    assert simulation.state["card"]["name"] == "Ann"
    assert swipe(simulation, BOB) == "Invalid"
    assert charges(simulation)
    simulation.restart()
    wait_for(lambda: charges(simulation), "the session goes on")
    assert simulation.get("/api/v1/cards").json["holder"] == ANN
    assert simulation.plant["locked"]
    assert swipe(simulation, ANN) == "Present"
    wait_for(lambda: not charges(simulation), "it stops")
    wait_for(lambda: not simulation.plant["locked"], "the cable can be pulled")
    assert simulation.state["connected"]


def test_the_next_car_needs_a_card_which_may_come_by_mqtt(simulation: Simulation, broker: Broker) -> None:
    listener = Listener(broker, simulation.settings["mqtt"]["topic_prefix"])
    swipe(simulation, BOB)
    wait_for(lambda: charges(simulation), "it charges")
    simulation.patch(car={"plugged": False})
    wait_for(lambda: not simulation.state["connected"], "the car has gone")
    assert simulation.evse["access"]  # for 60 s, as clients expect
    simulation.plug()
    wait_for(lambda: simulation.state["connected"], "another car is there")
    assert (reason(simulation), simulation.settings["mode"]) == ("card", "OFF")
    listener.say("Set/RFID", "112233445566")
    listener.wait("RFID", "Invalid")
    listener.say("Set/RFID", ANN)
    listener.wait("CardName", "Ann")
    wait_for(lambda: charges(simulation), "it charges")
    assert swipe(simulation, ANN) == "Present"
    assert not any(uid in simulation.said() for uid in (ANN, BOB, EVE, "112233445566"))
    listener.close()
