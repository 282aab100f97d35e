"""docs/board.md, docs/evsed.toml and docs/bench-checklist.md say what the code does and assumes."""

import json
import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from evsed.config import Installation, load
from evsed.hw.guardplan import IDLE, write_plan
from evsed.wiring import GUARDED, Line, Pins, Wiring
from evsed.wiring_rules import INPUTS, pigpio_mask

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/board.md").read_text()
REFERENCE = ROOT / "docs/evsed.toml"
LEVELS = {False: "3.3 V", True: "0 V"}


def described(name: str, line: Line | None) -> tuple[str, ...]:
    """A row of the table of pins, without its last column."""
    direction = "in" if name in INPUTS else "out"
    if line is None:
        return (f"`{name}`", "not fitted", "", direction, "")
    return (
        f"`{name}`",
        str(line.gpio),
        LEVELS[line.active_low],
        direction,
        str(line.pull) if direction == "in" else "",
    )


def test_the_table_of_pins_is_the_reference_board() -> None:
    section = PAGE.split("## The reference board's pins")[1].split("\n| ADC")[0]
    rows = [
        tuple(cell.strip() for cell in row.split("|")[1:6]) for row in section.splitlines() if row.startswith("| `")
    ]
    pins = Pins()
    assert rows == [described(item.name, getattr(pins, item.name)) for item in fields(pins)]


def test_every_input_is_one_and_no_guarded_line_is() -> None:
    assert set(INPUTS) <= {item.name for item in fields(Pins)}
    assert not set(INPUTS) & set(GUARDED)


def test_the_table_of_channels_is_the_reference_board() -> None:
    adc = Wiring().adc
    told = dict(re.findall(r"^\| `(pilot|proximity|temperature)` \| ([0-9]) \|", PAGE, re.MULTILINE))
    assert told == {"pilot": str(adc.pilot), "proximity": str(adc.proximity), "temperature": str(adc.temperature)}
    assert f"{adc.pilot_zero_mv / 1000:g} V reads 0, +{adc.pilot_full_mv / 1000:g} V would read 4096" in PAGE
    assert f"`{adc.device}`, clocked with {adc.hz // 1_000_000} MHz" in PAGE
    assert f"beta {adc.ntc_beta}" in PAGE


def test_pigpiods_mask_is_that_of_the_reference_board() -> None:
    assert f"-x {pigpio_mask(Wiring()):#x}\n" in PAGE


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_taken(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    assert load(file).board.kind == "pi"


def test_the_reference_file_is_the_defaults_and_drives_no_pin(tmp_path: Path) -> None:
    assert load(REFERENCE) == Installation()
    copy = tmp_path / "evsed.toml"
    copy.write_text(REFERENCE.read_text().replace('"/run/evsed/guard"', f'"{tmp_path}/guard"'))
    assert json.loads(write_plan(copy).read_text()) == IDLE


def test_the_reference_file_has_every_key() -> None:
    document = tomllib.loads(REFERENCE.read_text())
    document["board"] = {"wiring": {}, **document["board"]}
    wiring = {item.name for item in fields(Wiring)}
    document["board"]["wiring"] = {key: document["board"].pop(key) for key in list(document["board"]) if key in wiring}
    assert missing(Installation(), document, "") == []


def missing(record: Any, table: dict[str, Any], prefix: str) -> list[str]:
    """The keys of ``record`` that ``table`` leaves out, below each other too."""
    absent = []
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name not in table:
            absent.append(prefix + item.name)
            continue
        inner = value[0] if item.name == "bus" else value
        if is_dataclass(inner) and not isinstance(inner, Line):
            absent += missing(inner, table[item.name], f"{prefix}{item.name}.")
    return absent


# ---- the bench checklist ----

ROWS = re.findall(
    r"^\| ([0-9]+) \| (.+) \| (.+) \| `([^`]+)` \|$", (ROOT / "docs/bench-checklist.md").read_text(), re.MULTILINE
)


def test_the_checklist_s_rows_are_numbered_and_name_files_that_exist() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) > 20
    for number, _, _, file in ROWS:
        assert (ROOT / file).is_file(), f"{number}: {file}"


def _listed(text: str) -> set[int]:
    """The numbers in ``text``, with those between the ends of "33 to 43"."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_the_checklist_says_for_which_rows_set_up_has_to_be_done_on_the_bench() -> None:
    page = (ROOT / "docs/bench-checklist.md").read_text()
    told = re.search(r"no mains on the contactors .* SET UP to Done\. Then rows\n\s+([^.]+)\.", page)
    assert told
    dying = page[page.index("## Death of processes") : page.index("## What people touch")]
    charging = {int(number) for number, do, expect, _ in ROWS if re.search(r"\bcharg(e|ing)\b", f"{do} {expect}")}
    assert _listed(told[1]) == charging | {int(number) for number in re.findall(r"^\| (\d+)", dying, re.MULTILINE)}
    assert "SET UP back to Not done" in page[told.end() : page.index("## Before anything")]


def test_every_unconfirmed_assumption_is_on_the_checklist() -> None:
    code = {path: path.read_text() for path in ROOT.glob("evsed/**/*.py")}
    assumed = {str(path.relative_to(ROOT)) for path, text in code.items() if "unconfirmed" in text.lower()}
    assert assumed
    assert assumed <= {row[3] for row in ROWS}
