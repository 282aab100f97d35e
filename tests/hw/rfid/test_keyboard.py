"""The keyboard-type reader over a pipe that says what the kernel would."""

import errno
import fcntl
import os
import random
import select
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.hw.rfid.keyboard import KEYS, Keyboard
from evsed.hw.rfid.reader import ReaderError

_EVENT = struct.Struct("@llHHi")
_CODES = {digit: code for code, digit in reversed(KEYS.items())}
_ENTER, _SHIFT = 28, 42


class Reader:
    """The device's end of the kernel's queue, and the ioctl beside it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR)
        self.grabbed = 0
        self.refuses = 0

    def ioctl(self, _fd: int, number: int, argument: int) -> int:
        if self.refuses:
            raise OSError(self.refuses, os.strerror(self.refuses))
        assert number == 0x40044590
        self.grabbed += argument
        return 0

    def press(self, *codes: int) -> None:
        for code in codes:
            scan, down, up, sync = (4, 4, 0x70000 + code), (1, code, 1), (1, code, 0), (0, 0, 0)
            os.write(self.fd, b"".join(_EVENT.pack(0, 0, *event) for event in (scan, down, sync, up, sync)))

    def types(self, text: str) -> None:
        for letter in text:
            self.press(*([_SHIFT] if letter.isupper() else []), _CODES[letter.upper()])
        self.press(_ENTER)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path / "event-kbd")
    yield reader
    os.close(reader.fd)


def swiped(keyboard: Keyboard) -> list[str]:
    """Every card until the reader has nothing more to say."""
    cards = []
    while select.select([keyboard._fd], [], [], 0)[0]:
        cards.append(keyboard.read())
    return [card for card in cards if card is not None]


def test_typed_cards_are_read_and_kept_from_the_console(reader: Reader) -> None:
    keyboard = Keyboard(reader.path, reader.ioctl)
    assert reader.grabbed == 1
    reader.types("0004086814")
    assert swiped(keyboard) == ["003E5C1E0000"]
    reader.types("04A1b2C3D4e5F6")
    assert swiped(keyboard) == ["04A1B2C3D4E5F6"]
    reader.press(82, 82, 82, 71, 72, 80, 77, 79, 76, 81, 96)  # on the keypad: 0007826153
    assert swiped(keyboard) == ["00776AE90000"]
    keyboard.close()


def test_what_is_no_card_is_told_without_its_digits(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    keyboard = Keyboard(reader.path, reader.ioctl)
    reader.types("123")
    reader.press(_CODES["1"], 57, _ENTER)  # a space
    assert swiped(keyboard) == []
    reader.press(*[_CODES["9"]] * 300, _ENTER)
    assert swiped(keyboard) == []
    texts = [record.getMessage() for record in caplog.records]
    assert [text.split(": ")[1].split(" ")[0] for text in texts] == ["3", "2", "32"]
    assert "123" not in texts[0]
    reader.press(_ENTER)
    assert swiped(keyboard) == []
    assert len(caplog.records) == 3
    keyboard.close()


def test_a_number_that_was_cut_off_is_forgotten(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard = Keyboard(reader.path, reader.ioctl)
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    reader.press(_CODES["7"], _CODES["7"])
    assert keyboard.read() is None
    now += 1.5
    reader.types("DEADBEEF")
    assert swiped(keyboard) == ["DEADBEEF0000"]
    keyboard.close()


@pytest.mark.parametrize("lost", range(11))
def test_a_number_of_which_the_kernel_lost_keys_is_no_card(
    reader: Reader, caplog: pytest.LogCaptureFixture, lost: int
) -> None:
    """Two digits less than ten are eight, which would be another card's."""
    keyboard = Keyboard(reader.path, reader.ioctl)
    digits = [_CODES[digit] for digit in "0012345678"]
    reader.press(*digits[: max(0, lost - 2)])
    os.write(reader.fd, _EVENT.pack(0, 0, 0, 3, 0))
    reader.press(*digits[lost:], _ENTER)
    assert swiped(keyboard) == []
    assert [record.getMessage().split(": ")[1] for record in caplog.records] == [
        "keys were lost, this number does not count; swipe again"
    ]
    reader.types("0004086814")
    assert swiped(keyboard) == ["003E5C1E0000"]
    keyboard.close()


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EBUSY, "another program uses it already"), (errno.ENODEV, "No such device")]
)
def test_a_grab_that_is_refused_is_told(reader: Reader, number: int, says: str) -> None:
    reader.refuses = number
    with pytest.raises(ReaderError, match=f"event-kbd: {says}"):
        Keyboard(reader.path, reader.ioctl)


def test_what_is_no_input_device_is_told(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="it is no input device"):
        Keyboard(reader.path, fcntl.ioctl)
    with pytest.raises(ReaderError, match=r"nowhere: it is not there: plug the reader in, or look at rfid\.device"):
        Keyboard(str(tmp_path / "nowhere"), reader.ioctl)


def test_whatever_comes_from_the_device_ends_no_thread(reader: Reader) -> None:
    keyboard = Keyboard(reader.path, reader.ioctl)
    dice = random.Random(3)
    for _ in range(200):
        os.write(reader.fd, dice.randbytes(dice.randrange(1, 200)))
        swiped(keyboard)
    keyboard.close()


def test_an_unplugged_reader_is_told(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "kbd")
    keyboard = Keyboard(reader.path, reader.ioctl)
    os.close(reader.fd)
    with pytest.raises(ReaderError, match="kbd: it was unplugged"):
        keyboard.read()
    keyboard.close()
