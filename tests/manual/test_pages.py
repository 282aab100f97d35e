"""The man pages: everything that the parser takes is in them, always the same, and man has no complaint."""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evsed import __version__
from evsed.alerts import memory as alerts
from evsed.backup.kept import _KEPT
from evsed.cli.parser import build
from evsed.logbook import log as sessions
from tools.manual.__main__ import files, main

DAY_S = 1_795_305_600


def every_parser(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [each for below in action.choices.values() for each in every_parser(below)]
    return found


def section(page: str, command: str) -> str:
    """What the page says of one command."""
    return re.split(r"^\.S[SH]", page.partition(f".SS \\fB{command}\\fR\n")[2], flags=re.MULTILINE)[0]


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return files(DAY_S)


def test_each_option_is_in_the_section_of_its_command(written: dict[str, str]) -> None:
    page = written["man/man1/evsed.1"]
    commands = every_parser(build())[1:]
    assert len(commands) > 10
    for parser in commands:
        told = section(page, parser.prog).replace("\\-", "-")
        for action in parser._actions:
            if "--help" not in action.option_strings and not isinstance(action, argparse._SubParsersAction):
                name = (action.option_strings or [str(action.metavar)])[-1]
                assert f"\\fB{name}\\fR" in told, (parser.prog, name)


def test_the_page_says_what_the_parser_cannot(written: dict[str, str]) -> None:
    page = written["man/man1/evsed.1"]
    for heading in ("DESCRIPTION", "COMMANDS", "EXAMPLES", "FILES", "EXIT STATUS", "SIGNALS", "SEE ALSO"):
        assert page.count(f"\n.SH {heading}\n") == 1, heading


def test_the_page_names_every_file_that_the_daemon_keeps(written: dict[str, str]) -> None:
    kept = {*_KEPT, alerts.FILE, sessions.NAME} - {"settings.json.previous"}
    files = written["man/man1/evsed.1"].partition("\n.SH FILES\n")[2].partition("\n.SH ")[0]
    assert {name for name in kept if f".I /var/lib/evsed/{name}\n" in files} == kept


def test_the_examples_of_the_page_are_taken_by_the_parser(written: dict[str, str]) -> None:
    examples = re.findall(r"^\.EX\n(.*?)\.EE", written["man/man1/evsed.1"], re.MULTILINE | re.DOTALL)
    commands = [line.split() for example in examples for line in example.splitlines()]
    assert len(commands) > 5
    for program, *arguments in commands:
        assert program == "evsed"
        assert build().parse_args(arguments).command == arguments[0]


def test_a_page_has_the_date_that_it_is_told_and_else_none(written: dict[str, str]) -> None:
    undated = files(None)
    for name, text in written.items():
        if name.startswith("man/"):
            title, number = Path(name).stem.upper(), name[-1]
            assert text.startswith(f'.TH {title} {number} "2026-11-22" "evsed {__version__}" "evsed"\n.SH NAME\n')
            assert undated[name].startswith(f'.TH {title} {number} "" ')


def test_nothing_depends_on_who_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: dict[str, str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(DAY_S))
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("COLUMNS", "40")
    main([str(tmp_path)])
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for name, text in written.items():
        assert (tmp_path / name).read_text() == text


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not here to complain")
def test_man_has_no_complaint(tmp_path: Path, written: dict[str, str]) -> None:
    for name, text in written.items():
        if name.startswith("man/"):
            page = tmp_path / Path(name).name
            page.write_text(text)
            command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)]
            shown = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
            assert (shown.returncode, shown.stderr) == (0, b""), name


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not here to complain")
def test_mandoc_has_no_complaint(tmp_path: Path, written: dict[str, str]) -> None:
    for name, text in written.items():
        if name.startswith("man/"):
            page = tmp_path / Path(name).name
            page.write_text(text)
            assert subprocess.run(["mandoc", "-T", "lint", str(page)], capture_output=True, check=False).stdout == b""


@pytest.mark.skipif(importlib.util.find_spec("evsed.update") is None, reason="there is no evsed-update yet")
def test_each_option_of_evsed_update_is_in_its_page(
    written: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        importlib.import_module("evsed.update.command").main(["--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert options
    page = written["man/man8/evsed-update.8"].replace("\\-", "-")
    for option in options:
        assert f"\n.B {option}\n" in page, option
