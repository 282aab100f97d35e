"""Completion as a shell does it: what is offered after the words that somebody has typed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from evsed.cli.parser import build
from evsed.core.settings import TABLE
from tools.manual import completion

ASK = """
source "$1"; shift
[[ "$(complete -p evsed)" == *" -F _evsed evsed" ]] || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
_evsed
(( ${#COMPREPLY[@]} )) && printf '%s\\n' "${COMPREPLY[@]}" || :
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "evsed"
    path.write_text(completion.bash())
    return path


def offered(script: Path, *typed: str) -> list[str]:
    """What bash offers for the last word; it has broken the others at "=", as readline does."""
    asked = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", str(script), "evsed", *typed], capture_output=True, text=True, check=True
    )
    assert asked.stderr == ""
    return sorted(asked.stdout.splitlines())


def test_commands_are_completed(script: Path) -> None:
    assert offered(script, "s") == ["settings", "simulate"]
    deeds = ["diff", "export", "get", "import", "list", "set"]
    assert offered(script, "settings", "") == deeds
    assert offered(script, "doctor", "b") == ["bus"]


def test_the_key_of_a_setting_is_completed(script: Path) -> None:
    keys = sorted(key for key in TABLE if key.startswith("current_m"))
    assert len(keys) > 2
    assert offered(script, "settings", "get", "current_m") == keys
    assert offered(script, "settings", "get", "mode", "current_m") == keys
    assert offered(script, "settings", "set", "current_m") == [f"{key}=" for key in keys]
    assert offered(script, "simulate", "--set", "current_m") == [f"{key}=" for key in keys]


def test_a_secret_is_not_offered(script: Path) -> None:
    secret = [key for key, row in TABLE.items() if row.secret]
    assert secret
    for key in secret:
        assert offered(script, "settings", "set", key) == []


def test_the_choices_of_a_setting_are_completed_behind_its_key(script: Path) -> None:
    names = sorted(name.replace(" ", "\\ ") for name in TABLE["enable_C2"].choices.values())
    assert offered(script, "settings", "set", "enable_C2", "=") == names
    assert offered(script, "settings", "set", "enable_C2", "=", "Not\\ p") == ["Not\\ present"]
    assert offered(script, "settings", "set", "current_max", "=", "1") == []
    assert offered(script, "settings", "set", "current_max", "=", "16", "mod") == ["mode="]


def test_options_and_files_are_completed(script: Path, tmp_path: Path) -> None:
    (tmp_path / "before.json").touch()
    assert offered(script, "settings", "import", "--y") == ["--yes"]
    for words in (("settings", "import"), ("settings", "--config"), ("settings", "diff", "one")):
        assert offered(script, *words, f"{tmp_path}/bef") == [f"{tmp_path}/before.json"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not here to read it")
def test_zsh_reads_its_script(tmp_path: Path) -> None:
    path = tmp_path / "_evsed"
    path.write_text(completion.zsh())
    assert subprocess.run(["zsh", "-n", str(path)], capture_output=True, check=False).stderr == b""


def test_zsh_is_told_the_keys_and_every_command() -> None:
    text = completion.zsh()
    assert text.startswith("#compdef evsed\n")
    assert "compadd -S '' -- mode= " in text
    for command in ("run", "simulate", "settings"):
        assert command in build().format_help()
        assert f"_shtab_evsed_{command}" in text
