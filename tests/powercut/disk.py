"""One folder on a disk: what was asked of it, and what of that a power cut may leave.

What was synced is there. Of what was not, a journalling file system leaves some: the entries of a folder in the order
in which they were made, up to some point; the bytes of a file in any 512-byte sectors, with zeros between them, and up
to any size that the file has had.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

SECTOR = 512

Files: TypeAlias = dict[str, bytes]
"""What is in a folder."""


@dataclass(frozen=True, slots=True)
class Create:
    """An empty file gets a name."""

    name: str
    file: int


@dataclass(frozen=True, slots=True)
class Rename:
    """A file changes its name; who had that one loses it."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name goes."""

    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes go into a file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file gets this size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class SyncFile:
    """What is in a file is on the disk from here on."""

    file: int


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The names are on the disk from here on."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The code was given this state to keep; states are numbered."""

    number: int


@dataclass(frozen=True, slots=True)
class Acked:
    """The code said that this state, and so all before it, is kept."""

    number: int


Entry: TypeAlias = Create | Rename | Unlink
Change: TypeAlias = Write | Truncate
Op: TypeAlias = Entry | Change | SyncFile | SyncFolder | Begun | Acked


class Disk:
    """The folder at one moment; ``files`` are in it at the beginning, with the numbers of their order."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._names = {name: number for number, name in enumerate(files)}
        self._contents = dict(enumerate(files.values()))
        self._entries: list[Entry] = []  # since the folder was synced
        self._changes: dict[int, list[Change]] = {}  # since each file was
        self._believed: tuple[int, bytes, list[Change]] | None = None

    def apply(self, op: Op) -> None:
        """Something is asked of the disk."""
        match op:
            case Create() | Rename() | Unlink():
                self._entries.append(op)
            case Write() | Truncate():
                self._changes.setdefault(op.file, []).append(op)
            case SyncFile(file):
                changes, content = self._changes.pop(file, []), self._contents.get(file, b"")
                if changes:
                    self._believed = (file, content, changes)
                self._contents[file] = _whole(content, changes)
            case SyncFolder():
                _enter(self._names, self._entries)
                self._entries = []
            case Begun() | Acked():
                pass

    def left(self, dice: random.Random, *, lying: bool = False) -> Files:
        """What is there after a cut now. ``lying``: the last sync of a file was acknowledged, and not done."""
        names = dict(self._names)
        _enter(names, self._entries[: dice.choice((0, dice.randint(0, len(self._entries)), len(self._entries)))])
        contents, changes = self._contents, self._changes
        if lying and self._believed is not None:
            file, content, before = self._believed
            contents = {**contents, file: content}
            changes = {**changes, file: [*before, *changes.get(file, [])]}
        return {name: _torn(contents.get(file, b""), changes.get(file, []), dice) for name, file in names.items()}


def _enter(names: dict[str, int], entries: Sequence[Entry]) -> None:
    for entry in entries:
        match entry:
            case Create(name, file):
                names[name] = file
            case Rename(name, to):
                names[to] = names.pop(name)
            case Unlink(name):
                del names[name]


def _whole(content: bytes, changes: Sequence[Change]) -> bytes:
    found = bytearray(content)
    for change in changes:
        if isinstance(change, Write):
            _put(found, change.offset, change.data)
        else:
            _resize(found, change.size)
    return bytes(found)


def _torn(content: bytes, changes: Sequence[Change], dice: random.Random) -> bytes:
    """``content`` after some part of ``changes``."""
    if not changes:
        return content
    found = bytearray(content)
    known = dice.choice((0, dice.randint(0, len(changes)), len(changes)))  # changes whose size is on the disk
    likely = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    size = len(content)
    for number, change in enumerate(changes):
        if isinstance(change, Write):
            for offset, piece in _sectors(change):
                if dice.random() < likely:
                    _put(found, offset, piece)
            size = max(size, change.offset + len(change.data)) if number < known else size
        elif number < known:
            _resize(found, change.size)
            size = change.size
    if size > len(content) and dice.random() < 0.25:
        size = dice.randrange(len(content), size, SECTOR)
    _resize(found, size)
    return bytes(found)


def _sectors(write: Write) -> Iterator[tuple[int, bytes]]:
    """The parts of what is written that go to the disk whole or not at all."""
    at, end = write.offset, write.offset + len(write.data)
    while at < end:
        following = min(end, (at // SECTOR + 1) * SECTOR)
        yield at, write.data[at - write.offset : following - write.offset]
        at = following


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        _resize(content, offset)
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
