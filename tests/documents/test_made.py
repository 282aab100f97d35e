"""What is made from the code is as the code makes it now, and says something of each key."""

import pytest

from tests.documents import configuration_tables, mqtt_tables
from tests.documents.made import MADE, renewed
from tests.documents.pages import ROOT


@pytest.mark.parametrize("page", sorted({name for name, _, _ in MADE}))
def test_the_references_are_those_of_the_code(page: str) -> None:
    assert renewed(page) == (ROOT / page).read_text(encoding="utf-8"), "make docs writes it anew"


def test_every_key_of_the_installation_is_explained() -> None:
    rows = [line for line in configuration_tables.installation().splitlines() if line.startswith("| `")]
    assert len(rows) > 70
    assert not [row for row in rows if not row.split("|")[4].strip()], "docs/evsed.toml says what for, beside the key"


def test_families_of_topics_share_a_line() -> None:
    lines = mqtt_tables.topics().splitlines()
    assert "| `MainsCurrentL1`, `L2`, `L3` | 0.1 A, negative is export |  | sensor |" in lines
    assert "| `Set/ColorOff`, `Normal`, `Smart`, `Solar`, `Custom` | `R,G,B`, 0 to 255 each |" in lines
