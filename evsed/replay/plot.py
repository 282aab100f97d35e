"""A picture of a replayed day as PNG. What is shown comes from elsewhere; matplotlib is loaded when it is drawn."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evsed.libraries import install

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PX: Final = 1_600
HEIGHT_PX: Final = 700
COLOURS: Final = {
    "house": "#8c6d4f",
    "sun": "#f2b632",
    "mains": "#9a9a9a",
    "second": "#7b3fa0",
    "offer": "#1f5fbf",
    "car": "#1f9e57",
    "limit": "#d62728",
}
"""Told apart also by who does not see red against green."""
_DPI: Final = 100
_MOST_TICKS: Final = 14
_TICK_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)


class PlotError(Exception):
    """There is no picture; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn: ampere, one figure a second from the first second of the trace, all of the same length."""

    house: list[float]
    """The highest phase."""
    sun: list[float]
    """The highest phase."""
    offer: list[float]
    """0 while nothing is offered."""
    car: list[float]
    """L1 of the car."""
    mains: list[float]
    """The highest phase; export is negative."""
    limit: float
    """MAINS, A."""
    second_offer: list[float] | None = None
    """Another offer beside ours."""
    second_label: str = "firmware's offer"


def load() -> None:
    """Loads matplotlib, which takes a second. Raises PlotError when it is not installed."""
    try:
        import matplotlib.backends.backend_agg  # noqa: PLC0415
        import matplotlib.figure  # noqa: F401, PLC0415
    except ImportError as error:
        raise PlotError(f"a plot needs matplotlib, which is not here: {install(['matplotlib'])}") from error


def draw(path: Path, title: str, curves: Curves, span: tuple[int, int] | None = None) -> None:
    """Writes a PNG of 1600 x 700 px to ``path``; ``span`` shows the seconds from its first up to its second only.

    Raises PlotError when matplotlib is not installed, there is nothing to show, or the file cannot be written.
    """
    start, end = _shown(curves, span)
    load()
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - takes a second to load
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(WIDTH_PX / _DPI, HEIGHT_PX / _DPI), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    _fill(figure, curves, start, end)
    figure.axes[0].set_title(_plain(title))
    try:
        figure.savefig(path, format="png", dpi=_DPI)
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror}; name another file") from error


def _shown(curves: Curves, span: tuple[int, int] | None) -> tuple[int, int]:
    """The first second that is shown and the one after the last."""
    seconds = len(curves.house)
    start, end = span or (0, seconds)
    start, end = max(0, start), min(end, seconds)
    if end - start < 2:
        wanted = f"from {span[0]} to {span[1]} s" if span else "in it"
        raise PlotError(f"there is nothing to plot {wanted}: the trace has {seconds} s; show at least two of them")
    return start, end


def _fill(figure: "Figure", curves: Curves, start: int, end: int) -> None:
    axes = figure.add_subplot()
    times = range(start, end)
    sun = curves.sun[start:end]
    for name, area in (("sun", sun), ("car", curves.car[start:end])):
        axes.fill_between(times, area, color=COLOURS[name], alpha=0.3, linewidth=0, step="post")
    lines: list[tuple[str, str, list[float] | None, float]] = [
        ("sun", "sun", curves.sun if any(sun) else None, 1.0),
        ("mains", "mains, highest phase", curves.mains, 0.8),
        ("house", "house", curves.house, 1.0),
        ("second", curves.second_label, curves.second_offer, 1.0),
        ("car", "car", curves.car, 1.6),
        ("offer", "offer", curves.offer, 1.2),
    ]
    for name, label, values, width in lines:
        if values is not None:
            shown = values[start:end]
            axes.plot(times, shown, color=COLOURS[name], label=_plain(label), linewidth=width, drawstyle="steps-post")
    limit = f"limit {curves.limit:g} A"
    axes.axhline(curves.limit, color=COLOURS["limit"], linestyle="--", linewidth=1.5, label=limit)
    _frame(axes, start, end)


def _frame(axes: "Axes", start: int, end: int) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator  # noqa: PLC0415 - as above

    fitting = (step for step in _TICK_SECONDS if (end - start) / step <= _MOST_TICKS)
    step = next(fitting, _TICK_SECONDS[-1])
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: clock(second, with_seconds=step < 60)))
    axes.set_xlabel("time (h:mm:ss)" if step < 60 else "time (h:mm)")
    axes.set_ylabel("A")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=7, frameon=False)
    for line in legend.get_lines():
        line.set_linewidth(3)


def clock(second: float, *, with_seconds: bool) -> str:
    """Seconds since the start of the trace as h:mm or h:mm:ss."""
    whole = math.floor(second + 0.5)
    hours, minutes = whole // 3_600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if with_seconds else f"{hours}:{minutes:02}"


def _plain(text: str) -> str:
    """A dollar sign would begin a formula."""
    return text.replace("$", r"\$")
