"""The ADC on its SPI device: what a burst asks, what its codes mean, and what a chip that does not answer gives."""

import ctypes
import errno
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.pilot import Level, judge
from evsed.core.ports import BoardLostError
from evsed.hw.adc import CODES, PILOT_SAMPLES, Look, Sampler, frame, pilot_table, proximity_ohms, temperature_table
from evsed.hw.spidev import WR_MODE, Message, Transfer, message_number
from evsed.wiring import Adc
from tests.hw.spi_chip import SpiChip, clocked

ADC = Adc()
NOTHING = Look(())


def code_for(millivolts: int) -> int:
    return round((millivolts - ADC.pilot_zero_mv) * CODES / (ADC.pilot_full_mv - ADC.pilot_zero_mv))


def chip(pilot_mv: int = 12_000, proximity: int = 738, temperature: int = 2_048) -> SpiChip:
    return SpiChip({0: [code_for(pilot_mv)], 1: [proximity], 2: [temperature]})


def sampler(spi: SpiChip, adc: Adc = ADC) -> Sampler:
    return Sampler(adc, spi.open, spi.ioctl)


# ---- the kernel's interface ----


def test_the_kernel_s_numbers_and_sizes() -> None:
    assert ctypes.sizeof(Transfer) == 32
    assert WR_MODE == 0x4001_6B01
    assert message_number(1) == 0x4020_6B00  # SPI_IOC_MESSAGE(1)
    assert message_number(106) == 0x4D40_6B00
    assert Transfer.cs_change.offset == 27


@pytest.mark.parametrize("frames", [[], [b"abc"] * 512, [b"a" * 4_097]])
def test_a_message_that_the_kernel_would_refuse_is_a_mistake_of_ours(frames: list[bytes]) -> None:
    with pytest.raises(ValueError, match="no SPI message"):
        Message("/dev/spidev0.1", 1_000_000, frames)


@pytest.mark.parametrize("channel", range(8))
@pytest.mark.parametrize("idle", [0, 1])
def test_a_frame_asks_for_its_channel_and_the_code_stands_in_the_last_12_bits(channel: int, idle: int) -> None:
    answer = clocked(frame(channel), lambda asked: 0x900 + asked, idle)
    assert (answer[1] & 15) << 8 | answer[2] == 0x900 + channel
    assert not answer[1] & 0x10


def test_a_look_is_one_message_that_lets_go_of_the_chip_after_each_frame() -> None:
    spi = chip()
    looks = sampler(spi)
    looks.look()
    (message,) = spi.messages
    assert spi.opens == ["/dev/spidev0.1"]
    assert spi.mode == 0
    assert [sent for sent, _, _ in message] == [frame(0)] * PILOT_SAMPLES + [frame(1)] * 3 + [frame(2)] * 3
    assert {hz for _, hz, _ in message} == {1_000_000}
    assert all(cs_change for _, _, cs_change in message[:-1])
    assert not spi.selected


def test_what_is_not_fitted_is_not_asked() -> None:
    spi = SpiChip({3: [code_for(9_000)]})
    look = sampler(spi, replace(ADC, chip="mcp3204", pilot=3, proximity=-1, temperature=-1)).look()
    assert look == Look((pilot_table(ADC)[code_for(9_000)],) * PILOT_SAMPLES, None, None)
    assert len(spi.messages[0]) == PILOT_SAMPLES
    only_warm = sampler(chip(), replace(ADC, proximity=-1)).look()
    assert (only_warm.proximity_ohms, only_warm.temperature_c) == (None, 25)
    only_cable = sampler(chip(), replace(ADC, temperature=-1)).look()
    assert (only_cable.proximity_ohms, only_cable.temperature_c) == (220, None)


# ---- what codes mean ----


@pytest.mark.parametrize("millivolts", [-12_000, 0, 3_000, 6_000, 9_000, 12_000])
@pytest.mark.parametrize("idle", [0, 1])
def test_the_pilot_in_millivolts_to_one_code(millivolts: int, idle: int) -> None:
    spi = chip(millivolts)
    spi.idle = idle
    look = sampler(spi).look()
    assert len(look.pilot_mv) == PILOT_SAMPLES
    assert all(abs(each - millivolts) <= 9 for each in look.pilot_mv)


def test_samples_keep_their_order() -> None:
    spi = chip()
    spi.codes[0] = range(1, 4_001, 40)
    assert list(sampler(spi).look().pilot_mv) == [pilot_table(ADC)[code] for code in range(1, 4_001, 40)]


@pytest.mark.parametrize(
    ("codes", "ohms"),
    [((738, 738, 738), 220), ((4_095, 738, 738), 220), ((0, 738, 738), 220), ((2_458,) * 3, 1_501), ((0,) * 3, 0),
     ((4_047,) * 3, 82_592), ((4_048,) * 3, None), ((4_095,) * 3, None), ((), None)],
)  # fmt: skip
def test_proximity_is_the_middle_sample_s_resistor(codes: tuple[int, ...], ohms: int | None) -> None:
    assert proximity_ohms(codes, 1_000) == ohms


@pytest.mark.parametrize("ohms", [100, 220, 680, 1_500])
def test_the_cables_of_the_norm_are_read_to_1_percent(ohms: int) -> None:
    spi = chip(proximity=CODES * ohms // (1_000 + ohms))
    read = sampler(spi).look().proximity_ohms
    assert read is not None
    assert abs(read - ohms) <= ohms / 100


@pytest.mark.parametrize(
    ("code", "degrees"), [(2_048, 25), (3_157, 0), (707, 65), (3_999, -40), (0, None), (47, None), (60, None),
                          (4_048, None), (4_095, None)],
)  # fmt: skip
def test_degrees_of_a_10_k_ntc_with_beta_3950(code: int, degrees: int | None) -> None:
    assert temperature_table(ADC)[code] == degrees
    assert sampler(chip(temperature=code)).look().temperature_c == degrees


def test_it_is_never_colder_with_less_resistance() -> None:
    known = [degrees for degrees in temperature_table(ADC) if degrees is not None]
    assert known == sorted(known, reverse=True)
    assert known[0] == 150
    assert known[-1] <= -48


# ---- chips and devices that do not answer ----


@pytest.mark.parametrize(("line", "says"), [(0xFF, "stays high"), (0x00, "stays low")])
def test_a_data_line_that_does_not_move_is_no_look(line: int, says: str) -> None:
    spi = chip()
    spi.line = line
    looks = sampler(spi)
    assert looks.look() == NOTHING
    assert "/dev/spidev0.1: the mcp3208 does not answer" in looks.trouble
    assert says in looks.trouble
    spi.line = None
    assert looks.look().pilot_mv
    assert looks.trouble == ""


@given(st.binary(min_size=1, max_size=60), st.integers(0, 105))
def test_one_null_bit_that_is_set_spoils_the_look(noise: bytes, at: int) -> None:
    spi = chip()
    looks = sampler(spi)

    def ioctl(fd: int, number: int, argument: ctypes.Array[Transfer]) -> int:
        carried: int = spi.ioctl(fd, number, argument)
        for place, byte in enumerate(noise, at):
            transfer = argument[place % len(argument)]
            ctypes.memmove(transfer.rx_buf + 1, bytes([byte | 0x10]), 1)
        return carried

    looks._message._ioctl = ioctl
    assert looks.look() == NOTHING
    looks.close()


@pytest.mark.parametrize("error", [errno.EIO, errno.ETIMEDOUT, errno.EINTR])
def test_an_odd_error_costs_one_look(error: int) -> None:
    spi = chip()
    looks = sampler(spi)
    spi.fails = [error]
    assert looks.look() == NOTHING
    assert looks.trouble.startswith("/dev/spidev0.1: ")
    assert looks.look().pilot_mv
    assert looks.trouble == ""


def test_a_message_that_was_cut_short_is_no_look() -> None:
    spi = chip()
    spi.carries = 300
    looks = sampler(spi)
    assert looks.look() == NOTHING
    assert looks.trouble == "/dev/spidev0.1 carried 300 of 318 bytes"


@pytest.mark.parametrize("error", [errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.EMSGSIZE, errno.EBADF])
def test_a_device_that_is_gone_is_the_board_lost(error: int) -> None:
    spi = chip()
    looks = sampler(spi)
    spi.fails = [error]
    with pytest.raises(BoardLostError, match=r"/dev/spidev0\.1 is gone"):
        looks.look()


@pytest.mark.parametrize(
    ("error", "says"),
    [(errno.ENOENT, "dtparam=spi=on"), (errno.EACCES, "group spi"), (errno.EIO, "cannot be opened: Input/output")],
)
def test_a_device_that_cannot_be_opened_says_what_to_do(error: int, says: str) -> None:
    spi = SpiChip(open_error=error)
    with pytest.raises(BoardLostError, match=says):
        sampler(spi)


def test_what_is_no_spi_device_is_told() -> None:
    spi = SpiChip(fails=[errno.ENOTTY])
    with pytest.raises(BoardLostError, match="is it an SPI device"):
        sampler(spi)


def test_the_real_ioctl_is_asked_by_itself() -> None:
    with pytest.raises(BoardLostError, match="/dev/null takes no SPI mode 0"):
        Sampler(replace(ADC, device="/dev/null"))


def test_closing_twice_is_closing_once() -> None:
    looks = sampler(chip())
    looks.close()
    looks.close()
    with pytest.raises(BoardLostError):
        looks.look()


def test_pulses_are_read_as_the_car_they_come_from() -> None:
    spi = chip()
    high, low = code_for(6_000), code_for(-12_000)
    spi.codes[0] = ([high] * 18 + [low] * 16 + [high] * 17 + [low] * 16 + [high] * 17 + [low] * 16)[:100]
    reading = judge(sampler(spi).look().pilot_mv, 5_000, Level.INVALID)
    assert (reading.level, reading.negative_seen) == (Level.WANTS_POWER, True)
