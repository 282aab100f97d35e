"""What real code asked of a disk, one thing after the other, between which states: where a cut can be made."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.powercut.disk import (
    Acked,
    Begun,
    Create,
    Disk,
    Files,
    Op,
    Rename,
    SyncFile,
    SyncFolder,
    Truncate,
    Unlink,
    Write,
)

State = TypeVar("State")


class History(Generic[State]):
    """One run of the code on a folder that has ``start`` in it."""

    def __init__(self, start: Files) -> None:
        self.start = start
        self.ops: list[Op] = []
        self.states: list[State] = []
        self._files = {name: number for number, name in enumerate(start)}
        self._next = len(start)

    # ---- what the code does ----

    def begins(self, state: State) -> None:
        """The code has this to keep from now on; the first is what it found."""
        self.states.append(state)
        if len(self.states) > 1:
            self.ops.append(Begun(len(self.states) - 1))

    def is_kept(self) -> None:
        """It says that the state that was begun last is on the disk."""
        self.ops.append(Acked(len(self.states) - 1))

    # ---- what it asks of the disk ----

    def file(self, name: str) -> int | None:
        """The number of the file of this name."""
        return self._files.get(name)

    def create(self, name: str) -> int:
        """The number of a new file."""
        number, self._next = self._next, self._next + 1
        self._files[name] = number
        self.ops.append(Create(name, number))
        return number

    def write(self, file: int, offset: int, data: bytes) -> None:
        """See Write."""
        self.ops.append(Write(file, offset, data))

    def truncate(self, file: int, size: int) -> None:
        """See Truncate."""
        self.ops.append(Truncate(file, size))

    def rename(self, name: str, to: str) -> None:
        """See Rename."""
        self._files[to] = self._files.pop(name)
        self.ops.append(Rename(name, to))

    def unlink(self, name: str) -> None:
        """See Unlink."""
        del self._files[name]
        self.ops.append(Unlink(name))

    def sync(self, file: int) -> None:
        """See SyncFile."""
        self.ops.append(SyncFile(file))

    def sync_folder(self) -> None:
        """See SyncFolder."""
        self.ops.append(SyncFolder())

    # ---- cuts ----

    def cuts(self, moments: Sequence[int], dice: random.Random, *, lying: bool = False) -> "Iterator[Cut[State]]":
        """What is left when the power goes after so many ops each; ``moments`` are in their order."""
        disk, done = Disk(self.start), 0
        kept, begun = [0], 0
        for moment in moments:
            for op in self.ops[done:moment]:
                disk.apply(op)
                if isinstance(op, Begun):
                    begun = op.number
                elif isinstance(op, Acked) and op.number > kept[-1]:
                    kept.append(op.number)
            done = moment
            lies = lying and len(kept) > 2 and dice.random() < 0.3
            sure = kept[-2] if lies else kept[-1]
            yield Cut(moment, disk.left(dice, lying=lies), self, sure, begun, kept[-1], lies)


@dataclass(frozen=True, slots=True)
class Cut(Generic[State]):
    """A cut after ``moment`` calls: what is ``left``, and by their numbers which states may be found."""

    moment: int
    left: Files
    history: History[State]
    first: int
    last: int
    kept: int
    """The last one that the code said was kept; on a disk that ``lied`` an earlier one may be found."""
    lied: bool

    @property
    def good(self) -> Sequence[State]:
        """The states of which one has to be found."""
        return self.history.states[self.first : self.last + 1]
