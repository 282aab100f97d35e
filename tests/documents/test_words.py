"""What the text itself names is there: commands, targets of make, messages, the version."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from evsed import __version__
from evsed.api.firmware.report import Unit, settings_document
from evsed.api.mqtt.set_topics import set_command
from evsed.cli import parser
from evsed.core.setting import Offers
from evsed.core.settings import TABLE, Settings
from tests.documents.on_a_pi import not_taken
from tests.documents.pages import PAGES, ROOT, blocks, prose
from tests.lcd_scenes import installed

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
        for target in (word for word in code.removeprefix("sudo ").split()[1:] if "=" not in word):
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


# ---- the first run ----


def _items(**given: str) -> set[str]:
    """What the menu shows of a new charger with other settings."""
    settings = Settings()
    for key, value in given.items():
        settings = settings.replace(key, value)
    return {row.lcd_name for row in TABLE.values() if row.lcd_name and row.shown(settings, Offers())}


def _named_items(text: str) -> set[str]:
    names = sorted((row.lcd_name for row in TABLE.values() if row.lcd_name), key=len, reverse=True)
    return set(re.findall(rf"\b({'|'.join(names)})\b", text))


def _between(page: str, begin: str, end: str) -> str:
    """The one place in ``page`` between two pieces of its text, as one line."""
    (found,) = re.findall(
        f"{re.escape(begin)}(.*?){re.escape(end)}", " ".join((ROOT / page).read_text(encoding="utf-8").split())
    )
    return str(found)


def test_what_a_new_charger_s_menu_lacks_is_told() -> None:
    fresh, smart, metered = _items(), _items(mode="Smart"), _items(mode="Smart", mains_meter="API")
    assert _named_items(_between("docs/lcd.md", "menu is short.", "while MODE")) == smart - fresh
    assert _named_items(_between("docs/lcd.md", "Smart or Solar;", "once MAINS MET")) == metered - smart
    assert _named_items(_between("README.md", "nothing charges yet. Set", "in the menu")) <= fresh
    assert _named_items(_between("README.md", "`o` for 2 s). It has", "only while MODE is Smart")) <= smart - fresh
    assert _named_items(_between("README.md", "Smart or Solar, and", "once there is a mains meter")) <= metered - smart


def test_what_get_settings_says_before_it_is_set_up_is_told() -> None:
    text = (ROOT / "docs/rest.md").read_text(encoding="utf-8").split("## Cleaner")[0]
    evse = settings_document(installed(described=False), Unit())["evse"]
    for key in (key for key, value in evse.items() if value is None):
        assert f"`evse.{key}`" in text
    assert f"`{evse['state']}`" in text
