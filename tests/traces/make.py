"""A whole trace of a kind, and its file."""

import gzip
from pathlib import Path
from random import Random
from typing import Final

from evsed.replay.trace import COLUMNS, Trace
from tests.traces import house, sun

KINDS: Final = ("clear", "broken", "overcast", "fuse1", "fuse3")
FUSE_SECONDS: Final = 14_400


def make(kind: str, seed: int) -> Trace:
    """The trace of one of KINDS; the same kind and seed give the same trace."""
    household, sky = Random(f"{kind} {seed} house"), Random(f"{kind} {seed} sun")
    name = f"{kind}_{seed}"
    if kind in ("fuse1", "fuse3"):
        gap = house.FUSE1_MEAN_GAP_SECONDS if kind == "fuse1" else house.FUSE3_MEAN_GAP_SECONDS
        return Trace(name, house.fuse(household, FUSE_SECONDS, gap), [(0, 0, 0)] * FUSE_SECONDS)
    skies = {"clear": lambda _: sun.clear(), "broken": sun.broken, "overcast": sun.overcast}
    return Trace(name, house.day(household, sun.DAY_SECONDS), sun.rows(skies[kind](sky)))


def write(trace: Trace, path: Path) -> None:
    """Writes ``trace`` as .csv, or as .csv.gz when the name of ``path`` says so."""
    lines = [",".join(COLUMNS)]
    for second, (drawn, given) in enumerate(zip(trace.house, trace.sun, strict=True)):
        lines.append(",".join(map(str, (second, *drawn, *given))))
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
