"""The documents that are there, and their fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
)

_FENCED = re.compile(r"^(?P<indent> *)```(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences; ``kind`` is what the first says of it, ``line`` where it begins."""

    page: Path
    kind: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, kind: str | None = None) -> list[Block]:
    """The blocks of ``page``, of one ``kind`` or of every."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(
            page,
            match["kind"],
            re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE),
            text.count("\n", 0, match.start()) + 1,
        )
        for match in _FENCED.finditer(text)
    ]
    return [block for block in found if kind in {None, block.kind}]


def all_blocks(kind: str) -> list[Block]:
    """The blocks of one ``kind`` in all documents."""
    return [block for page in PAGES for block in blocks(page, kind)]


def prose(page: Path) -> str:
    """``page`` without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))
