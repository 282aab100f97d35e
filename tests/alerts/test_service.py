"""Alerts put together: ways that are on and off, the test, and what is remembered."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.alerts.judge import Open
from evsed.alerts.memory import FILE, Memory
from evsed.alerts.service import NONE_IS_ON, Alerts, NoWayError, TooSoonError
from evsed.alerts.webhook import GIVEN_UP_S, Webhook
from evsed.core.faults import Fault
from evsed.core.snapshot import Snapshot
from tests.alerts.moments import UNIX_S, at, charging, stopped
from tests.alerts.test_ways import Link, Somewhere

RCM = Open("rcm", "text", UNIX_S)


class Unit:
    """A charger whose Snapshot a test gives, with both ways."""

    hangs = False

    def __init__(
        self, directory: Path, webhook: str = "https://hooks.example.org/secret", mqtt: str = "Enabled"
    ) -> None:
        self.snapshot: Snapshot = charging(webhook, mqtt)
        self.somewhere = Somewhere(address=webhook)
        self.link = Link()
        self.now = 0.0
        hook: Webhook = self.somewhere.webhook
        self.alerts = Alerts(self, 90_000, directory, self.link.outbox, hook, lambda: self.now)

    def look(self, snapshot: Snapshot) -> None:
        self.snapshot = replace(snapshot, settings=self.snapshot.settings)
        self.alerts.look(self.snapshot)

    def told(self) -> list[str]:
        """The codes that both ways were told."""
        while self.somewhere.webhook.waiting:
            self.somewhere.webhook.turn()
        self.link.step()
        assert [body.decode() for body in self.somewhere.bodies] == self.link.said
        return [f"{found['event_type']} {found['code']}" for found in map(json.loads, self.link.said)]


def test_both_ways_are_told_the_same(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.look(at(0, stopped(Fault.RCM)))
    unit.look(at(1))
    assert unit.told() == ["fault rcm", "cleared rcm"]
    assert unit.alerts.last is not None
    assert unit.alerts.last["event_type"] == "cleared"
    assert unit.alerts.ways["webhook"].sent == 2


def test_while_all_is_off_nothing_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    unit = Unit(tmp_path, webhook="", mqtt="Disabled")
    unit.look(at(0, stopped(Fault.RCM)))
    assert (unit.told(), list(tmp_path.iterdir())) == ([], [])
    with pytest.raises(NoWayError, match=NONE_IS_ON):
        unit.alerts.test()


def test_a_fault_that_is_there_when_it_is_switched_on_is_told(tmp_path: Path) -> None:
    unit = Unit(tmp_path, webhook="", mqtt="Disabled")
    unit.look(at(0, stopped(Fault.RCM)))
    unit.snapshot = charging("", "Enabled")
    unit.look(at(1, stopped(Fault.RCM)))
    unit.link.step()
    assert len(unit.link.said) == 1
    assert unit.somewhere.bodies == []


def test_what_waits_is_forgotten_when_it_is_switched_off(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.look(at(0, stopped(Fault.RCM)))
    unit.snapshot = charging("", "Disabled")
    unit.look(at(1, stopped(Fault.RCM)))
    assert unit.told() == []
    assert Memory(tmp_path).load() == ()


def test_what_nobody_took_is_tried_again_after_a_restart(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.somewhere.answers = False
    unit.look(at(0, stopped(Fault.RCM)))
    unit.somewhere.webhook.turn()
    kept = (tmp_path / FILE).read_text()
    assert "secret" not in kept
    assert "example.org" not in kept
    Unit(tmp_path).look(at(0, stopped(Fault.RCM)))  # and waits still
    again = Unit(tmp_path)
    again.look(at(0, stopped(Fault.RCM)))
    assert again.told() == ["fault rcm"]
    again.link.infos[0].arrived = True
    again.link.step()
    again.look(at(1, stopped(Fault.RCM)))
    last = Unit(tmp_path)
    last.look(at(2, stopped(Fault.RCM)))
    assert last.told() == []


def test_what_waits_is_kept_by_its_way(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.look(at(0, stopped(Fault.RCM)))
    unit.somewhere.webhook.turn()
    unit.look(at(1, stopped(Fault.RCM)))
    memory = Memory(tmp_path)
    memory.load()
    assert [way for way, _ in memory.waiting] == ["mqtt"]


def test_what_is_given_up_after_an_hour_is_lost_and_not_kept(tmp_path: Path) -> None:
    unit = Unit(tmp_path, mqtt="Disabled")
    unit.somewhere.answers = False
    unit.look(at(0, stopped(Fault.RCM)))
    unit.somewhere.now = GIVEN_UP_S
    unit.somewhere.webhook.turn()
    unit.look(at(1, stopped(Fault.RCM)))
    memory = Memory(tmp_path)
    assert memory.load()
    assert (memory.waiting, unit.somewhere.webhook.lost) == ((), 1)


def test_what_waited_for_a_way_that_is_off_now_is_forgotten(tmp_path: Path) -> None:
    Unit(tmp_path).look(at(0, stopped(Fault.RCM)))
    again = Unit(tmp_path, webhook="")
    again.look(at(0, stopped(Fault.RCM)))
    memory = Memory(tmp_path)
    memory.load()
    assert (again.somewhere.bodies, [way for way, _ in memory.waiting]) == ([], ["mqtt"])


def test_a_latched_fault_is_not_told_again_after_each_restart(tmp_path: Path) -> None:
    before = Unit(tmp_path)
    before.look(at(0, stopped(Fault.RCM)))
    assert before.told() == ["fault rcm"]
    before.link.infos[0].arrived = True
    before.link.step()
    before.look(at(1, stopped(Fault.RCM)))
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    again = Unit(tmp_path)
    again.look(at(0, stopped(Fault.RCM)))
    assert again.told() == []
    unit = Unit(tmp_path)
    unit.look(at(0, stopped(Fault.RCM)))
    unit.look(at(1))
    assert unit.told() == ["cleared rcm"]
    assert Memory(tmp_path).load() == ()


def test_a_test_goes_every_way_and_not_too_often(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    answers = unit.alerts.test()
    unit.link.step()
    unit.link.infos[0].arrived = True
    unit.link.step()
    assert {way: answer.result(10) for way, answer in answers.items()} == {"webhook": "200", "mqtt": "sent"}
    assert json.loads(unit.link.said[0])["event_type"] == "test"
    unit.now = 9.5
    with pytest.raises(TooSoonError, match="try again in 1 s"):
        unit.alerts.test()
    assert "every 10 s" in unit.alerts.begin_test()
    unit.now = 10.0
    assert unit.alerts.begin_test() == ""
    assert unit.alerts.last is None, "a test is no alert"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 10_000,
        '{"schema": 2, "open": []}',
        '{"schema": 1}',
        '{"schema": 1, "open": [1]}',
        '{"schema": 1, "open": [], "waiting": [1]}',
        '{"schema": 1, "open": [], "waiting": {}}',
        '{"schema": 1, "open": [], "waiting": [{"way": "mqtt", "message": "text"}]}',
        '{"schema": 1, "open": [{"code": "nonsense", "text": "", "since": null, "told": true}]}',
        '{"schema": 1, "open": [{"code": "rcm", "text": "", "since": 1e99, "told": true}]}',
        '{"schema": 1, "open": [{"code": [], "text": "", "since": null, "told": true}]}',
        "\udcff",
    ],
)
def test_a_damaged_file_costs_one_message_too_many(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8", errors="surrogateescape")
    memory = Memory(tmp_path)
    assert memory.load() == ()
    assert "may be told again" in caplog.text
    memory.save([RCM])
    assert Memory(tmp_path).load() == (RCM,)


def test_a_disk_that_refuses_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(tmp_path / "gone")
    memory.save([RCM])
    memory.save([])
    assert caplog.text.count("cannot be written") == 1
