"""The control loop's end: what silence, lateness and hanging up of the guard mean to it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evsed.core.actions import SAFE, Outputs
from evsed.core.ports import BoardLostError
from evsed.hw import guardlink
from evsed.hw.guard import STATUS, Alive, pack_alive
from evsed.hw.guardlink import LOST_MS, GuardLink, status
from evsed.hw.lease import Feed, pack_feed, unpack_feed

CLOSED = Outputs(contactor1=True)


class Scripted:
    """A guard that says what a test wants; it answers in the thread of whoever sends."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5_000
        self.answer: Callable[[int, Outputs], Alive | None] = self.honest
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.bind(str(path))
        self.door.listen()
        self.end: socket.socket | None = None
        self.fed: list[Outputs] = []
        self.expiries = 0
        monkeypatch.setattr(guardlink, "monotonic_ms", lambda: self.now)
        monkeypatch.setattr(guardlink, "ANSWER_MS", 1)

        def overheard(feed: Feed) -> bytes:
            self._react(feed.sequence, feed.outputs)
            return pack_feed(feed)

        monkeypatch.setattr(guardlink, "pack_feed", overheard)

    def honest(self, sequence: int, outputs: Outputs) -> Alive | None:
        return Alive(sequence, outputs.contactor1, outputs.contactor2, self.expiries, 0)

    def silent(self, _sequence: int, _outputs: Outputs) -> Alive | None:
        return None

    def _react(self, sequence: int, outputs: Outputs) -> None:
        if self.end is None:
            self.end, _ = self.door.accept()
        self.fed.append(outputs)
        alive = self.answer(sequence, outputs)
        if alive is not None:
            self.end.send(pack_alive(alive))

    def close(self) -> None:
        self.door.close()
        if self.end is not None:
            self.end.close()


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    scripted = Scripted(tmp_path / "guard", monkeypatch)
    yield scripted
    scripted.close()


@pytest.fixture
def link(scripted: Scripted, tmp_path: Path) -> Iterator[GuardLink]:
    link = GuardLink(str(tmp_path / "guard"))
    assert scripted.fed == [SAFE]
    yield link
    link.close()


def test_a_feed_counts_when_it_is_confirmed(scripted: Scripted, link: GuardLink) -> None:
    assert link.feed(CLOSED)
    scripted.answer = lambda sequence, _outputs: Alive(sequence, False, False, 1, 0)
    assert not link.feed(CLOSED), "the guard does not close before it was asked for open"
    assert link.expiries == 1


def test_a_guard_that_is_a_little_late_confirms_what_was_asked_all_along(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = lambda sequence, outputs: Alive(sequence - 1, outputs.contactor1, False, 0, 0)
    assert not link.feed(CLOSED), "that was an answer to the feed before, which asked for open"
    scripted.now += 25
    assert link.feed(CLOSED)
    scripted.now += guardlink.STILL_MS + 1
    assert not link.feed(CLOSED), "too old"


def test_a_guard_that_answers_ever_older_feeds_is_lost(scripted: Scripted, link: GuardLink) -> None:
    link.feed(CLOSED)
    first = link._sequence
    scripted.answer = lambda _sequence, outputs: Alive(first, outputs.contactor1, False, 0, 0)
    link.feed(CLOSED)
    scripted.now += LOST_MS
    with pytest.raises(BoardLostError, match="has not answered"):
        link.feed(CLOSED)


def test_an_answer_to_no_feed_of_ours_counts_for_nothing(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = lambda sequence, outputs: Alive(sequence + 1000, outputs.contactor1, False, 0, 0)
    assert not link.feed(CLOSED)
    scripted.now += LOST_MS
    with pytest.raises(BoardLostError, match="has not answered"):
        link.feed(CLOSED)


def test_late_answers_are_passed_over(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = scripted.silent
    assert not link.feed(CLOSED)
    assert scripted.end is not None
    scripted.end.send(pack_alive(Alive(2, True, False, 0, 0)))
    scripted.answer = scripted.honest
    assert link.feed(SAFE)


def test_a_guard_that_is_silent_for_200_ms_is_lost(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = scripted.silent
    assert not link.feed(CLOSED)
    scripted.now += LOST_MS - 1
    assert not link.feed(CLOSED)
    scripted.now += 1
    with pytest.raises(BoardLostError, match="has not answered for 200 ms"):
        link.feed(CLOSED)


def test_a_control_loop_that_was_late_itself_does_not_blame_the_guard(scripted: Scripted, link: GuardLink) -> None:
    scripted.now += 700
    scripted.answer = scripted.silent
    assert not link.feed(SAFE)
    scripted.answer = scripted.honest
    assert link.feed(SAFE)


def test_a_guard_that_does_not_read_is_silent_and_nothing_waits(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = scripted.silent
    for _ in range(2_000):  # more than the socket takes
        assert not link.feed(SAFE)
    scripted.now += LOST_MS
    with pytest.raises(BoardLostError, match="has not answered"):
        link.feed(SAFE)


def test_a_guard_that_hangs_up_is_lost_at_once(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = scripted.silent
    assert scripted.end is not None
    scripted.end.close()
    with pytest.raises(BoardLostError, match=r"has (gone|hung up)"):
        link.feed(SAFE)


def test_nonsense_is_no_answer(scripted: Scripted, link: GuardLink) -> None:
    scripted.answer = scripted.silent
    assert scripted.end is not None
    scripted.end.send(b"what?")
    assert not link.feed(SAFE)


def test_a_guard_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BoardLostError, match="systemctl status evsed-guard"):
        GuardLink(str(tmp_path / "none"))


def test_a_guard_that_never_confirms_is_no_guard(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guardlink, "_BEGINS_MS", 10)
    scripted.answer = lambda sequence, _outputs: Alive(sequence, True, False, 0, 0)
    with pytest.raises(BoardLostError, match="does not make the outputs safe"):
        GuardLink(str(tmp_path / "guard"))


def test_a_status_does_not_feed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(tmp_path / "guard"))
        door.listen()
        assert status(str(tmp_path / "guard"), timeout_ms=1) is None, "it does not answer"
        end, _ = door.accept()
        data = end.recv(64)
        assert (data, unpack_feed(data)) == (STATUS, None)
        end.close()
    with pytest.raises(OSError, match="refused"):
        status(str(tmp_path / "guard"))
