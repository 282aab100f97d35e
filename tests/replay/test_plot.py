"""The picture of a day: its size, what is on it, and what is said when there is none."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from evsed.replay.plot import COLOURS, HEIGHT_PX, WIDTH_PX, Curves, PlotError, clock, draw

SECONDS = 7_200


def curves(*, second: bool = False) -> Curves:
    """Two hours with sun, a pulse of the house, and a car that follows."""
    house = [20.0 if 2_000 <= at < 2_300 else 2.0 for at in range(SECONDS)]
    sun = [at / SECONDS * 10 for at in range(SECONDS)]
    offer = [6.0 if drawn > 10 else 16.0 for drawn in house]
    mains = [drawn + offered - given for drawn, offered, given in zip(house, offer, sun, strict=True)]
    other = [12.0] * SECONDS if second else None
    return Curves(house, sun, offer, [0.0, 0.0, *offer[:-2]], mains, 25.0, other, "firmware's offer, 5 $")


def colours(path: Path) -> dict[str, int]:
    """How many pixels have each of the colours of the curves."""
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (WIDTH_PX, HEIGHT_PX))
        found = image.convert("RGB").getcolors(WIDTH_PX * HEIGHT_PX)
    assert found is not None
    counts = {f"#{red:02x}{green:02x}{blue:02x}": count for count, (red, green, blue) in found}  # type: ignore[misc]
    return {name: counts.get(colour, 0) for name, colour in COLOURS.items()}


def test_every_curve_is_on_the_picture(tmp_path: Path) -> None:
    draw(tmp_path / "day.png", "a day for 3 $ and more $", curves())
    found = colours(tmp_path / "day.png")
    assert found.pop("second") == 0
    assert all(count > 50 for count in found.values()), found


def test_a_second_offer_beside_ours(tmp_path: Path) -> None:
    draw(tmp_path / "day.png", "day", curves(second=True))
    assert colours(tmp_path / "day.png")["second"] > 500


def test_a_part_of_the_day(tmp_path: Path) -> None:
    draw(tmp_path / "pulse.png", "pulse", curves(), (1_990, 2_100))
    draw(tmp_path / "later.png", "pulse", curves(), (2_000, 99_999))
    assert (tmp_path / "pulse.png").read_bytes() != (tmp_path / "later.png").read_bytes()
    colours(tmp_path / "pulse.png")


@pytest.mark.parametrize("span", [(9_000, 9_100), (100, 100), (200, 100), (7_199, 7_300)])
def test_a_part_with_nothing_in_it(tmp_path: Path, span: tuple[int, int]) -> None:
    with pytest.raises(PlotError, match=rf"nothing to plot from {span[0]} to {span[1]} s: the trace has 7200 s"):
        draw(tmp_path / "none.png", "none", curves(), span)
    with pytest.raises(PlotError, match="nothing to plot in it: the trace has 0 s"):
        draw(tmp_path / "none.png", "none", Curves([], [], [], [], [], 25.0))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PlotError, match=r"missing/day\.png: cannot be written: No such file"):
        draw(tmp_path / "missing" / "day.png", "day", curves())


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PlotError, match=r"needs matplotlib, which is not here: .* -m pip install matplotlib"):
        draw(tmp_path / "day.png", "day", curves())
    assert not (tmp_path / "day.png").exists()


def test_matplotlib_is_loaded_by_drawing_only() -> None:
    code = "import sys, evsed.replay.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_times() -> None:
    assert clock(0, with_seconds=False) == "0:00"
    assert clock(50_399, with_seconds=False) == "13:59"
    assert clock(3_725, with_seconds=True) == "1:02:05"
