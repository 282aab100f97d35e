"""What the text itself names is there: commands, targets of make, messages, the version."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from evsed import __version__
from evsed.api.mqtt.set_topics import set_command
from evsed.cli import parser
from tests.documents.on_a_pi import not_taken
from tests.documents.pages import PAGES, ROOT, blocks, prose

_CODE = re.compile(r"`([^`\n]+)`")


def named(page: Path, begin: str) -> list[str]:
    """What stands as code in the text of ``page`` and begins so."""
    return [code for code in _CODE.findall(prose(page)) if re.match(f"(sudo )?{begin} ", code)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_text_are_taken(page: Path) -> None:
    commands = {name for action in parser.build()._actions for name in (action.choices or ())}
    for code in named(page, "evsed"):
        words = [word for word in shlex.split(code) if word != "sudo"]
        assert words[1] in commands, code
        assert len(words) == 2 or not_taken(words[1:]) == "", code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_in_the_text_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for code in named(page, "make"):
        for target in (word for word in code.split()[1:] if "=" not in word):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), code


def test_the_automation_for_home_assistant_says_what_is_understood() -> None:
    (block,) = blocks(ROOT / "docs/mqtt.md", "yaml")
    (automation,) = yaml.safe_load(block.text)["automation"]
    actions: list[dict[str, Any]] = automation["actions"]
    for action in actions:
        _, _, topic = action["data"]["topic"].partition("/Set/")
        assert set_command(topic, action["data"]["payload"]) is not None


def test_the_newest_version_is_told_first() -> None:
    told = re.findall(r"^## ([0-9.]+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert told[0] == __version__
