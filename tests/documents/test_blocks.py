"""What stands in the documents' blocks can be used: files are taken, and no block is of a kind that nobody looks at."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from evsed.config import load
from tests.documents.on_a_pi import KIND, on_a_pi, unknown
from tests.documents.pages import PAGES, ROOT, Block, all_blocks, blocks

KINDS = {"sh", KIND, "toml", "json", "yaml", "csv", "text", "ini", "mermaid"}
"""``sh`` is run by test_commands.py, ``text`` is what a program prints or a drawing, ``ini`` the Pi's config.txt."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(blocks(page))
    for block in blocks(page):
        assert block.kind in KINDS, f"{block}: {block.kind!r}"


@pytest.mark.parametrize("block", all_blocks("toml"), ids=str)
def test_every_piece_of_configuration_is_taken(tmp_path: Path, block: Block) -> None:
    assert tomllib.loads(block.text)
    file = tmp_path / "evsed.toml"
    file.write_text(block.text)
    load(file)


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
def test_every_piece_of_yaml_is_some(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


def test_what_evcc_is_told_is_the_same_everywhere() -> None:
    told = [yaml.safe_load(block.text)["chargers"] for block in all_blocks("yaml") if "chargers:" in block.text]
    assert len(told) == 2
    assert told[0] == told[1]
    ((charger,),) = (told[0],)
    assert (charger["type"], charger["template"], charger["chargeMode"]) == ("template", "smart-evse", "smart")


@pytest.mark.parametrize("block", all_blocks("json"), ids=str)
def test_every_piece_of_json_is_some(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("command", on_a_pi())
def test_what_a_command_on_a_pi_names_is_there(command: str) -> None:
    assert unknown(shlex.split(command)) == ""


def test_the_readme_fits_in_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 220
