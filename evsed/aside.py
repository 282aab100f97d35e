"""Files beside settings.json that are kept for another version of evsed: their names, and which of them is of use.

Owns that none is written over by another content: ``settings.json.schema3``, then ``settings.json.schema3-2``.
"""

import re
from itertools import count
from pathlib import Path
from typing import Final

_SCHEMA: Final = re.compile(r"\.schema(\d+)(-\d+)?$")


def name_for(path: Path, schema: int, text: str) -> Path:
    """Where ``text`` goes that is of ``schema``: a name that is free, or has this very text."""
    wanted = path.with_name(f"{path.name}.schema{schema}")
    names = (wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}") for number in count(1))
    return next(name for name in names if not name.exists() or _has(name, text))


def _has(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def schema_of(path: Path) -> int:
    """The schema in a file's name; 0: it has none."""
    found = _SCHEMA.search(path.name)
    return int(found[1]) if found else 0


def newest(path: Path, low: int, high: int) -> Path | None:
    """The file beside ``path`` whose schema is the highest from ``low`` to ``high``, and of these the newest.

    A copy that was the previous one already counts only where there is no other.
    """
    found = [each for each in path.parent.glob(f"{path.name}*") if low <= schema_of(each) <= high and each.is_file()]
    return max(
        found,
        key=lambda each: (".previous." not in each.name, schema_of(each), each.stat().st_mtime_ns, each.name),
        default=None,
    )
