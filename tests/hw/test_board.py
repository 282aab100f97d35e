"""The Pi's board over parts that a test holds in its hands: who is told what, in which order, and what loss means."""

import json
import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from evsed.config import ConfigError
from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, SAFE, LockDrive, Outputs, PilotDrive, pilot_offering
from evsed.core.events import Button, Inputs
from evsed.core.model import Equipment
from evsed.core.ports import BoardLostError
from evsed.hw import board as board_module
from evsed.hw.adc import Look
from evsed.hw.board import PiBoard, open_board
from evsed.hw.guardplan import guard_plan
from evsed.hw.lines import LineLook
from evsed.wiring import Driver, Pins, Pwm, Wiring
from tests.hw.guarding import plan_for
from tests.silicon.pwmtree import make_tree

CHARGING = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160), lock=LockDrive.LOCK)


class Parts:
    """Guard's link, pilot, ADC, lines and panel, in one; ``told`` is what they heard, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.confirms = True
        self.expiries = 0
        self.lost: set[str] = set()

    def _tell(self, who: str, what: object = None) -> None:
        self.told.append((who, what))
        if who in self.lost:
            raise BoardLostError(f"the {who} has gone")

    def feed(self, outputs: Outputs) -> bool:
        self._tell("guard", outputs)
        return self.confirms

    def drive(self, drive: PilotDrive) -> None:
        self._tell("pilot", drive)

    def keep(self) -> None:
        self._tell("keep")

    def forget(self) -> None:
        self._tell("forget")

    def open_contactors(self) -> None:
        self._tell("second path")

    def buttons(self) -> frozenset[Button]:
        return frozenset({Button.LEFT})

    def switch_closed(self) -> bool | None:
        return None

    def close(self) -> None:
        self._tell("close")

    def heard(self, who: str) -> list[object]:
        return [what for name, what in self.told if name == who]


class Sampler:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.seen = Look((9_000,) * 100, 220, 31)
        self.trouble = ""

    def look(self) -> Look:
        self.parts._tell("adc")
        return self.seen

    def close(self) -> None:
        self.parts._tell("close")


class DigitalInputs:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def look(self) -> LineLook:
        self.parts._tell("lines")
        return LineLook(rcm=True, locked=True, closed1=False, closed2=None)

    def close(self) -> None:
        self.parts._tell("close")


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def made_safe(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The plans with which evsed-safe's ways were gone."""
    plans: list[dict[str, Any]] = []

    def make_safe(plan: dict[str, Any]) -> list[str]:
        plans.append(plan)
        return ["the contactors' lines cannot be driven: busy"]

    monkeypatch.setattr(board_module, "make_safe", make_safe)
    return plans


def board_of(parts: Parts, pins: Pins | None = None) -> PiBoard:
    link: Any = parts
    board = PiBoard(pins or Pins(), {"the": "plan"}, link, parts, Sampler(parts), DigitalInputs(parts), parts)
    assert parts.told == [("guard", SAFE), ("pilot", PILOT_HIGH), ("keep", None)], "safe before anything else"
    parts.told.clear()
    return board


@pytest.fixture
def board(parts: Parts) -> PiBoard:
    return board_of(parts)


def test_the_guard_hears_everything_first(parts: Parts, board: PiBoard) -> None:
    board.apply(CHARGING)
    assert parts.told == [("guard", CHARGING), ("pilot", CHARGING.pilot), ("keep", None)]


def test_a_look_has_every_input(board: PiBoard) -> None:
    assert board.sample() == Inputs(
        pilot_mv=(9_000,) * 100,
        proximity_ohms=220,
        temperature_c=31,
        rcm_tripped=True,
        buttons=frozenset({Button.LEFT}),
        switch_closed=None,
        closed1=False,
        closed2=None,
        locked=True,
    )


def test_while_the_guard_does_not_confirm_nothing_counts_as_seen(parts: Parts, board: PiBoard) -> None:
    parts.confirms = False
    board.apply(CHARGING)
    assert board.sample() == Inputs(pilot_mv=(), rcm_tripped=True), "but for a residual current"
    parts.confirms = True
    board.apply(SAFE)
    assert board.sample().pilot_mv


def test_what_the_guard_took_away_is_written_again(parts: Parts, board: PiBoard) -> None:
    parts.expiries = 1
    board.apply(SAFE)
    board.apply(SAFE)
    assert [name for name, _ in parts.told] == ["guard", "forget", "pilot", "keep", "guard", "pilot", "keep"]


def test_a_lost_guard_is_opened_past_and_told(
    parts: Parts, board: PiBoard, made_safe: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    parts.lost = {"guard"}
    with caplog.at_level(logging.CRITICAL), pytest.raises(BoardLostError, match="the guard has gone"):
        board.apply(CHARGING)
    assert [name for name, _ in parts.told] == ["guard", "second path"]
    assert made_safe == [{"the": "plan"}]
    assert "NOT SAFE: the contactors' lines cannot be driven: busy. Switch the supply off" in caplog.text
    assert not board.sample().pilot_mv


def test_guard_and_pigpiod_lost_together_leave_evsed_safes_way(
    parts: Parts, board: PiBoard, made_safe: list[dict[str, Any]]
) -> None:
    parts.lost = {"guard", "second path"}
    with pytest.raises(BoardLostError, match="the guard has gone"):
        board.apply(CHARGING)
    assert len(made_safe) == 1


def test_pulses_that_were_decided_before_a_stall_are_not_driven_after_it(
    parts: Parts, board: PiBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of a feed for longer than the lease: the guard has taken the pilot meanwhile."""
    times = iter([10_000, 10_550, 10_560, 10_561])
    monkeypatch.setattr(board_module, "monotonic_ms", lambda: next(times))
    board.apply(CHARGING)
    board.apply(CHARGING)
    assert parts.heard("pilot") == [PILOT_HIGH, CHARGING.pilot]


@pytest.mark.parametrize("part", ["pilot", "keep"])
def test_pulses_that_nobody_leads_are_cut_off(parts: Parts, board: PiBoard, part: str) -> None:
    board.apply(CHARGING)
    parts.lost = {part}
    with pytest.raises(BoardLostError, match=f"the {part} has gone"):
        board.apply(CHARGING)
    assert parts.heard("guard")[-1] == Outputs(pilot=PILOT_OFF)
    parts.told.clear()
    board.apply(SAFE)
    assert parts.told == [("guard", Outputs(pilot=PILOT_OFF))], "and stay so"


def test_an_adc_that_does_not_answer_is_told_once_in_a_while(
    parts: Parts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, now = board_of(parts), [1_000]
    monkeypatch.setattr(board_module, "monotonic_ms", lambda: now[0])
    sampler: Any = board._sampler
    sampler.seen, sampler.trouble = Look(()), "/dev/spidev0.1: stays low"
    for _ in range(100):
        now[0] += 10
        assert board.sample().pilot_mv == ()
    assert [record.getMessage() for record in caplog.records] == [
        "/dev/spidev0.1: stays low: the pilot is not seen, and nothing charges meanwhile. evsed doctor says more"
    ]
    now[0] += 60_000
    board.sample()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("part", ["adc", "lines"])
def test_lost_inputs_end_the_loop(parts: Parts, board: PiBoard, part: str) -> None:
    parts.lost = {part}
    with pytest.raises(BoardLostError, match=f"the {part} has gone"):
        board.sample()


def test_a_board_that_cannot_disconnect_holds_the_pilot_at_minus_12_v(parts: Parts) -> None:
    board = board_of(parts, Pins(pilot_off=None, rcm_test=None))
    board.apply(Outputs(pilot=PILOT_OFF, lock=LockDrive.UNLOCK))
    assert parts.heard("guard") == [Outputs(pilot=PILOT_LOW, lock=LockDrive.UNLOCK)]
    assert parts.heard("pilot") == [PILOT_LOW]
    assert not board.equipment.rcm_test


def test_what_is_not_wired_is_told_to_the_core(parts: Parts) -> None:
    assert board_of(parts).equipment == Equipment(rcm_test=True, needs_set_up=True)
    bare = Pins(rcm=None, rcm_test=None, lock=None, unlock=None, contactor2=None)
    assert board_of(Parts(), bare).equipment == Equipment(
        rcm_test=False, rcm=False, lock=False, contactor2=False, needs_set_up=True
    )


def test_closing_lets_go_of_everything_whatever_is_lost(parts: Parts, board: PiBoard) -> None:
    assert board.equipment.rcm_test
    parts.lost = {"close"}
    board.close()
    assert len(parts.heard("close")) == 4


def test_the_kernels_driver_wants_no_pigpiod_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired script of ours in it would pull the contactors' lines low every 10 ms while the guard closes them."""
    monkeypatch.setattr(board_module, "GuardLink", lambda _path: Parts())
    chip = make_tree(tmp_path / "pwm")
    with socket.create_server(("127.0.0.1", 0)) as pigpiod:
        port = pigpiod.getsockname()[1]
        wiring = Wiring(Driver.KERNEL, guard=str(tmp_path / "guard"), pwm=Pwm(str(chip.parent)), pigpio_port=port)
        (tmp_path / "guard.json").write_text(json.dumps(guard_plan(wiring)))
        with pytest.raises(ConfigError, match=f"pigpiod answers on port {port}: two would drive the same pins"):
            open_board(wiring, Parts())


def test_a_guard_with_another_wiring_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "GuardLink", lambda _path: Parts())
    wiring = Wiring(driver=Driver.PIGPIO, guard=str(tmp_path / "guard"))
    with pytest.raises(ConfigError, match="which evsed-guard writes when it starts, cannot be read"):
        open_board(wiring, Parts())
    plan = plan_for(tmp_path)
    plan["lines"]["contactor1"] = [5, False]
    (tmp_path / "guard.json").write_text(json.dumps(plan))
    with pytest.raises(ConfigError, match="sudo systemctl restart evsed-guard evsed"):
        open_board(wiring, Parts())
