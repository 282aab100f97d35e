"""The PN532 over a pseudo-terminal, and a reader's thread: swipes, faults, coming back."""

import logging
import random
import time
from collections.abc import Callable, Iterator

import pytest

from evsed.core.events import SwipeCard
from evsed.hw.rfid import pn532 as pn532_module
from evsed.hw.rfid import reader as reader_module
from evsed.hw.rfid import reader_for
from evsed.hw.rfid.pn532 import Pn532
from evsed.hw.rfid.reader import Reader, ReaderError
from evsed.hw.rfid.spi import SpiTransport
from evsed.wiring import Rfid
from tests.hw.rfid.pn532_chip import SerialChip, SpiChip

SEVEN = bytes.fromhex("04A1B2C3D4E5F6")


@pytest.fixture
def chip() -> Iterator[SerialChip]:
    chip = SerialChip()
    yield chip
    chip.close()


def soon(reached: Callable[[], bool], within_s: float = 20.0) -> None:
    """Waits for what another thread does; a generous bound, since these machines are slow."""
    until = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < until, "this did not happen"
        time.sleep(0.005)


def test_the_chip_is_woken_and_configured(chip: SerialChip) -> None:
    pn532 = Pn532(chip.device)
    assert chip.strangers == 0
    assert [command[0] for command in chip.commands] == [0x14, 0x02, 0x32]
    assert pn532.read() is None
    pn532.close()


def test_a_card_is_read_at_every_look_while_it_is_there(chip: SerialChip) -> None:
    pn532 = Pn532(chip.device)
    cards = {SEVEN: "04A1B2C3D4E5F6", b"\xde\xad\xbe\xef": "DEADBEEF0000", bytes(10): None, None: None}
    for card, uid in cards.items():
        chip.card = card
        assert [pn532.read() for _ in range(3)] == [uid] * 3
    pn532.close()


def test_a_garbled_answer_is_no_card_and_no_end(chip: SerialChip) -> None:
    pn532 = Pn532(chip.device)
    chip.card = SEVEN
    chip.garbled = 1
    assert pn532.read() is None
    chip.cut = 1
    assert pn532.read() is None
    soon(lambda: pn532.read() == "04A1B2C3D4E5F6")
    pn532.close()


def test_a_chip_that_falls_silent_is_told(chip: SerialChip) -> None:
    pn532 = Pn532(chip.device)
    chip.silent = True
    assert [pn532.read() for _ in range(7)] == [None] * 7
    with pytest.raises(ReaderError, match=f"{chip.device}: the PN532 no longer answers: look at its plug"):
        pn532.read()
    pn532.close()


def test_no_chip_or_another_one_is_told(chip: SerialChip) -> None:
    chip.chip = 0x33
    with pytest.raises(ReaderError, match=r"no PN532 answers there: it has to be set to HSU \(UART\)"):
        Pn532(chip.device)
    chip.silent = True
    with pytest.raises(ReaderError, match="no PN532 answers there"):
        Pn532(chip.device)
    with pytest.raises(ReaderError, match="nowhere cannot be opened: No such file"):
        Pn532("/dev/nowhere")


def test_whatever_comes_over_the_wire_ends_no_thread(chip: SerialChip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pn532_module, "_POLL_S", 0.0)
    pn532 = Pn532(chip.device)
    chip.babbles = random.Random(7)
    failures = 0
    for _ in range(12):
        try:
            assert pn532.read() is None  # a valid answer by chance is too rare to be seen
        except ReaderError:
            failures += 1
    assert failures >= 3
    chip.babbles, chip.card = None, SEVEN
    soon(lambda: pn532.read() == "04A1B2C3D4E5F6")
    pn532.close()


# ---- on SPI ----

SPI = "/dev/spidev1.0"


def on_spi(chip: SpiChip) -> Pn532:
    return Pn532(SPI, lambda device: SpiTransport(device, chip.open, chip.ioctl))


def test_the_same_on_spi() -> None:
    chip = SpiChip()
    pn532 = on_spi(chip)
    assert (chip.mode, chip.strangers) == (0, 0)
    cards = {SEVEN: "04A1B2C3D4E5F6", b"\xde\xad\xbe\xef": "DEADBEEF0000", None: None}
    for card, uid in cards.items():
        chip.card = card
        assert [pn532.read() for _ in range(2)] == [uid] * 2
    chip.card, chip.garbled = SEVEN, 1
    assert pn532.read() is None
    soon(lambda: pn532.read() == "04A1B2C3D4E5F6")
    pn532.close()


def test_a_spi_device_that_goes_away_is_told() -> None:
    chip = SpiChip()
    pn532 = on_spi(chip)
    chip.gone = True
    with pytest.raises(ReaderError, match=f"{SPI}: the PN532 no longer answers"):
        pn532.read()
    pn532.close()


def test_no_chip_on_spi_is_told() -> None:
    chip = SpiChip()
    chip.silent = True
    with pytest.raises(ReaderError, match=f"{SPI}: no PN532 answers there: it has to be set to SPI and have 5 V"):
        on_spi(chip)
    chip.gone = True
    with pytest.raises(ReaderError, match=f"{SPI} takes no SPI mode 0: Cannot send after"):
        on_spi(chip)
    with pytest.raises(ReaderError, match=r"spidev9\.9 cannot be opened: No such file"):
        Pn532("/dev/spidev9.9")


# ---- the reader's thread ----


def running(chip: SerialChip) -> tuple[Reader, list[SwipeCard]]:
    swipes: list[SwipeCard] = []
    reader = reader_for(Rfid("pn532", chip.device), swipes.append)
    assert reader is not None
    reader.start()
    return reader, swipes


def test_a_held_card_is_posted_once(chip: SerialChip) -> None:
    reader, swipes = running(chip)
    chip.card = SEVEN
    soon(lambda: bool(swipes))
    looks = len(chip.commands)
    soon(lambda: len(chip.commands) > looks + 6)
    assert swipes == [SwipeCard("04A1B2C3D4E5F6")]
    chip.card = b"\x01\x02\x03\x04"
    soon(lambda: len(swipes) == 2)
    reader.close()
    assert swipes[1] == SwipeCard("010203040000")


def test_a_reader_that_comes_and_goes_is_told_once_each(
    chip: SerialChip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader_module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(reader_module, "LONGEST_WAIT_S", 0.02)
    caplog.set_level(logging.INFO)
    chip.silent = True
    reader, swipes = running(chip)
    soon(lambda: chip.commands.count(b"\x14\x01\x00\x00") >= 3)
    chip.silent = False
    chip.card = SEVEN
    soon(lambda: bool(swipes))
    chip.unplug()
    soon(lambda: sum("PN532 no longer answers" in record.getMessage() for record in caplog.records) == 1)
    reader.close()
    texts = [record.getMessage() for record in caplog.records]
    assert sum("no PN532 answers there" in text for text in texts) == 1
    assert texts.count("card reader: it works again") == 1


def test_no_reader_is_none() -> None:
    assert reader_for(Rfid(), lambda _: None) is None
    keyboard = reader_for(Rfid("keyboard", "/dev/input/by-id/nowhere"), lambda _: None)
    assert keyboard is not None
    keyboard.start()
    keyboard.close()
