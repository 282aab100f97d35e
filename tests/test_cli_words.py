"""What `evsed settings` prints of texts that others wrote, and where it cannot print."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evsed.cli import words
from evsed.files import put_text
from tests.silicon.environment import AS_COLLECTED


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("current_max 16 A", "current_max 16 A"),
        ("Café \\ 10", "Café \\ 10"),
        ("\x1b]0;you\x07\x9b2J\x7f", "\\x1b]0;you\\x07\\x9b2J\\x7f"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202eleft \ud800", "\\u202eleft \\ud800"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_printed(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    words.say(text)
    assert capsys.readouterr().out == shown + "\n"


def test_a_terminal_without_a_letter_has_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    words.say("Café")
    words.flush()
    assert raw.getvalue() == b"Caf\\xe9\n"


def test_whoever_closed_both_outputs_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    words.tell("nothing")
    words.flush()
    words.abandon()
    with pytest.raises(OSError, match="Bad file descriptor"):
        words.say("nothing")


def test_a_full_disk_is_said_and_costs_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "evsed", "settings", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=AS_COLLECTED,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == os.EX_IOERR
    assert ended.stderr.splitlines()[-1] == "evsed settings: stdout cannot be written: No space left on device"
    assert "Traceback" not in ended.stderr


# ---- files ----


def test_a_file_is_replaced_for_this_user_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text("old")
    (tmp_path / "settings.json.new").write_text("somebody's")
    put_text(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["settings.json", "settings.json.new"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    if there:
        target.write_text("old")
    link.symlink_to(target)
    put_text(link, "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")


def test_a_pipe_is_written_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        put_text(pipe, "new")
        assert (os.read(reader, 100), pipe.is_fifo()) == (b"new", True)
    finally:
        os.close(reader)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        put_text(file, "\ud800")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("settings.json", "old")]
