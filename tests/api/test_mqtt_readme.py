"""The README's MQTT tables are those of the code."""

from tests.api.mqtt_readme import README, tables, with_tables


def test_the_readme_has_the_tables_of_the_code() -> None:
    readme = README.read_text(encoding="utf-8")
    assert with_tables(readme) == readme, "make docs writes them anew"


def test_families_share_a_line() -> None:
    lines = tables().splitlines()
    assert "| `MainsCurrentL1`, `L2`, `L3` | 0.1 A, negative is export |  | sensor |" in lines
    assert "| `Set/ColorOff`, `Normal`, `Smart`, `Solar`, `Custom` | `R,G,B`, 0 to 255 each |" in lines
