"""The serial number: which source counts, that it is stable, and that it is never 0."""

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.config import Installation, load
from evsed.serialnumber import HIGHEST, LOWEST, serial_number

MACHINE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def machine_id(tmp_path: Path) -> Path:
    path = tmp_path / "machine-id"
    path.write_text(MACHINE + "\n")
    return path


def test_what_the_owner_chose_wins(tmp_path: Path, machine_id: Path) -> None:
    board = tmp_path / "board"
    board.write_bytes(b"10000000abcdef12\0")
    assert serial_number(51_446, [board], machine_id) == 51_446


def test_a_raspberry_pi_has_a_number_of_its_own(tmp_path: Path, machine_id: Path) -> None:
    board = tmp_path / "board"
    board.write_bytes(b"10000000abcdef12\0")
    expected = 1 + 0x10000000ABCDEF12 % 999_999
    assert serial_number(0, [tmp_path / "none", board], machine_id) == expected
    assert serial_number(0, [board], tmp_path / "none") == expected


@pytest.mark.parametrize("text", [b"", b"\0", b"0000000000000000\0", b"To be filled\0", b"\xff\xfe", b"1" * 40])
def test_a_board_without_a_usable_number_leaves_it_to_the_machine_id(
    tmp_path: Path, machine_id: Path, text: bytes
) -> None:
    board = tmp_path / "board"
    board.write_bytes(text)
    digest = hmac.new(bytes.fromhex(MACHINE), b"evsed serial number", hashlib.sha256).digest()
    assert serial_number(0, [board], machine_id) == 1 + int.from_bytes(digest[:8], "big") % 999_999


@pytest.mark.parametrize("text", ["", "uninitialized\n", "0" * 32, "not a machine id"])
def test_where_nothing_tells_who_this_is_it_is_1_and_said(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "machine-id"
    path.write_text(text)
    assert serial_number(0, [tmp_path / "none"], path) == LOWEST
    assert "give each its own with serial =" in caplog.text


@given(st.integers(1, 2**64 - 1))
def test_it_is_never_0_and_has_six_digits_at_most(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    board = tmp_path_factory.getbasetemp() / "any-board"
    board.write_bytes(f"{number:016x}".encode() + b"\0")
    assert LOWEST <= serial_number(0, [board], board) <= HIGHEST
    assert serial_number(0, [board], board) == serial_number(0, [board], board)


def test_this_machine_has_one_that_stays() -> None:
    assert 1 <= serial_number(0) <= HIGHEST
    assert serial_number(0) == serial_number(0)


def test_the_configuration_takes_the_number(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text("serial = 999999\n")
    assert load(file).serial == HIGHEST
    assert Installation().serial == 0  # not chosen
