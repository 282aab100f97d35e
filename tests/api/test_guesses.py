"""What is left of the guesses at PINs, over a restart."""

import json
import logging
from pathlib import Path

import pytest

from evsed.api.guesses import Guesses
from evsed.api.tries import FREE_OF_ALL, LONGEST_WAIT_S


class Clocks:
    """The time, which a test sets."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 1_000.0, 2_000_000_000.0

    def started(self, directory: Path) -> Guesses:
        guesses = Guesses(directory, lambda: self.monotonic, lambda: self.wall)
        guesses.load()
        return guesses

    def left(self, guesses: Guesses) -> tuple[float, float]:
        return guesses.installer.left(self.monotonic), guesses.lcd.left(self.monotonic)


def all_guessed(directory: Path, clocks: Clocks) -> None:
    guesses = clocks.started(directory)
    for _ in range(FREE_OF_ALL):
        guesses.installer.wrong(clocks.monotonic)
    guesses.lcd.wrong(clocks.monotonic)
    assert guesses.keep()


def test_at_first_all_are_free(tmp_path: Path) -> None:
    clocks = Clocks()
    assert clocks.left(clocks.started(tmp_path)) == (FREE_OF_ALL, FREE_OF_ALL)


def test_a_restart_gives_nothing_but_the_time_that_it_took(tmp_path: Path) -> None:
    clocks = Clocks()
    all_guessed(tmp_path, clocks)
    clocks.monotonic = 5.0  # the system was started too
    assert clocks.left(clocks.started(tmp_path)) == (0, FREE_OF_ALL - 1)
    clocks.wall += 2 * LONGEST_WAIT_S
    assert clocks.left(clocks.started(tmp_path)) == (2, FREE_OF_ALL)
    assert (tmp_path / "guesses.json").stat().st_mode & 0o777 == 0o600


def test_a_clock_that_jumps_back_gives_nothing_and_one_that_jumps_ahead_no_more_than_there_is(tmp_path: Path) -> None:
    clocks = Clocks()
    all_guessed(tmp_path, clocks)
    clocks.wall = 0.0
    assert clocks.left(clocks.started(tmp_path)) == (0, FREE_OF_ALL - 1)
    clocks.wall = 9e9
    assert clocks.left(clocks.started(tmp_path)) == (FREE_OF_ALL, FREE_OF_ALL)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "\x00", "{}", '{"schema":2,"unix_s":1,"left":{"installer":1,"lcd":1}}',
        '{"schema":1,"unix_s":"x","left":{"installer":1,"lcd":1}}', '{"schema":1,"unix_s":1,"left":{"installer":1}}',
        '{"schema":1,"unix_s":NaN,"left":{"installer":1,"lcd":1}}', '{"schema":1,"unix_s":1,"left":[]}',
        '{"schema":1,"unix_s":1,"left":{"installer":true,"lcd":1}}', "[" * 20_000, "1" + "0" * 5_000,
        '{"schema":1,"unix_s":1,"left":{"installer":-1,"lcd":1e999}}',
    ],
)  # fmt: skip
def test_after_a_damaged_file_one_guess_is_free_and_it_is_said_once(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "guesses.json").write_text(text, encoding="utf-8")
    clocks = Clocks()
    guesses = clocks.started(tmp_path)
    assert clocks.left(guesses) == (1, 1)
    guesses.installer.wrong(clocks.monotonic)
    assert guesses.installer.wait_s(clocks.monotonic) == LONGEST_WAIT_S
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert json.loads((tmp_path / "guesses.json").read_text())["schema"] == 1, "it is whole again"


def test_where_nothing_can_be_written_one_guess_is_free_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "guesses.json.new").mkdir()
    clocks = Clocks()
    guesses = clocks.started(tmp_path)
    assert clocks.left(guesses) == (1, 1)
    assert not guesses.keep()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
