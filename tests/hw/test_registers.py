"""Our registers: as the firmware showed its own, what is refused, and that nothing in between is taken."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.events import ChangeSetting, ChooseMode, Command, Override
from evsed.core.model import Access, MeterRole, MeterValues, Mode, ModeChoice, PhaseCurrents
from evsed.core.settings import TABLE
from evsed.core.snapshot import MeterView, Snapshot
from evsed.core.states import State
from evsed.core.wire import MasterOffered, MasterSet, MasterTold
from evsed.hw import registers
from evsed.hw.registers import RefusedError, from_master, from_outside, read
from tests.core.story import Story, settings

WORDS = st.integers(0, 0xFFFF)


def charger(**given: object) -> Snapshot:
    """One that has just been switched on, with these settings."""
    return replace(Story().snapshot, settings=settings(**given), meters=dict.fromkeys(MeterRole, SILENT))


SILENT = MeterView(MeterValues(), fresh=False, heard=False, health=None)
NODE = charger(loadbl="Node 1", current_max=16)
HOSTS = (0x020A, 0x020D)


def status(snapshot: Snapshot, count: int = 8) -> str:
    return "".join(f"{word:04x}" for word in read(snapshot, 0, config_changed=False, first=0, count=count))


# ---- reading ----


def test_the_status_is_as_the_firmware_showed_it() -> None:
    """Answers to 0n0400000008 of recorded runs: nothing plugged in, charging with 12.0 A, waiting with error 1."""
    assert status(NODE) == "00000000000000000000000100000000"
    plugged = replace(NODE, cable=320)
    assert status(replace(plugged, state=State.C, offer=120)) == "00020000007800000000000100000010"
    assert status(replace(plugged, state=State.B, offer=60)) == "00010000003c00000000000100000010"
    assert status(replace(plugged, state=State.B1, error_bits=1)) == "00090001000000000000000100000010"
    smart = replace(plugged, settings=settings(current_max=16, mode="Smart"))
    assert status(replace(smart, state=State.C, offer=117)) == "00020000007500010000000100000010"


@pytest.mark.parametrize(
    ("given", "cable", "most"),
    [
        ({"current_max": 16}, 0, 0),
        ({"current_max": 16}, 320, 16),
        ({"current_max": 32}, 160, 16),
        ({"current_max": 32, "config": "Fixed"}, 0, 32),
    ],
)
def test_the_most_is_the_least_of_cable_and_max(given: dict[str, object], cable: int, most: int) -> None:
    assert read(replace(charger(**given), cable=cable), 0, False, 7, 1) == [most]


def test_the_rest_of_the_status() -> None:
    measured = MeterView(MeterValues(currents=PhaseCurrents(98, 101, 0)), fresh=True, heard=True, health=None)
    snapshot = replace(
        NODE,
        solar_stop_s=599,
        access=Access.PAUSE,
        phases=3,
        temperature_c=25,
        meters={**NODE.meters, MeterRole.EV: measured},
    )
    assert read(snapshot, 0x1_2345, True, 4, 8) == [599, 2, 1, 0, 3, 101, 298, 0x2345]
    exporting = replace(measured, values=MeterValues(currents=PhaseCurrents(-20, -1, -3)))
    assert read(replace(snapshot, meters={**NODE.meters, MeterRole.EV: exporting}), 0, False, 9, 1) == [0xFFFF]


def test_what_is_unknown_is_no_number_that_anybody_could_believe() -> None:
    unknown = replace(NODE, temperature_c=None)
    assert read(unknown, 0, False, 9, 2) == [0x8000, 0]  # -3276.8 A, 0 K
    old = MeterView(MeterValues(currents=PhaseCurrents(98, 101, 0)), fresh=False, heard=True, health=None)
    assert read(replace(NODE, meters={**NODE.meters, MeterRole.EV: old}), 0, False, 9, 1) == [0x8000]


def test_every_setting_with_a_register_is_shown() -> None:
    for key, row in TABLE.items():
        if row.register is not None:
            expected = 0 if row.is_text else NODE.settings[key]
            assert read(NODE, 0, False, row.register, 1) == [expected]
    assert len(read(NODE, 0, False, 0x0100, 10)) == 10
    assert len(read(NODE, 0, False, 0x0200, 22)) == 22
    assert read(NODE, 0, False, 0x0108, 2) == [4, 12]  # Eastron3P at 12, as a master asks for it


@pytest.mark.parametrize(
    ("first", "count"),
    [(0x000C, 1), (0x000B, 2), (0, 13), (0x0020, 11), (0x00FF, 2), (0x0109, 2), (0x0216, 1), (0x0200, 23), (0xFFFF, 2)],
)
def test_beyond_a_block_there_is_nothing(first: int, count: int) -> None:
    with pytest.raises(RefusedError, match="there is no register") as refusal:
        read(NODE, 0, False, first, count)
    assert refusal.value.code == 2


@given(st.integers(0, 0x0220), st.integers(1, 30))
def test_a_run_is_read_as_its_registers_one_by_one(first: int, count: int) -> None:
    def one(register: int) -> int | None:
        try:
            return read(NODE, 7, False, register, 1)[0]
        except RefusedError:
            return None

    alone = [one(register) for register in range(first, first + count)]
    try:
        assert read(NODE, 7, False, first, count) == alone
    except RefusedError:
        assert None in alone


# ---- what our master writes ----


def refused(first: int, *values: int, snapshot: Snapshot = NODE) -> tuple[int, str]:
    """The code and the text with which a write of our master is refused."""
    with pytest.raises(RefusedError) as refusal:
        from_master(snapshot, first, values)
    return refusal.value.code, str(refusal.value)


def test_the_master_grants_stops_and_tells_the_mode() -> None:
    """Frames of recorded runs: 0210000000020400050000, 0410000000020400040001, 0210000000050a00020000000000020076."""
    assert from_master(NODE, 0, (5, 0)) == MasterTold(state=5, error=0)
    assert from_master(NODE, 0, (4, 1)) == MasterTold(state=4, error=1)
    assert from_master(NODE, 0, (2, 0, 0, 2, 0x76)) == MasterTold(2, 0, Mode.SOLAR, 118)
    assert from_master(NODE, 0, (9,)) == MasterTold(state=9)
    assert from_master(NODE, 3, (1, 0)) == MasterTold(mode=Mode.SMART, solar_s=0)
    assert from_master(NODE, 1, (255,)) == MasterTold(error=255)
    assert from_master(NODE, 0, (2, 0, 0, 1, 0, 1, 0)) == MasterTold(2, 0, Mode.SMART, 0)


def test_the_master_has_read_our_configuration() -> None:
    """Frame of a recorded run: 020600060000."""
    assert from_master(NODE, 6, (0,)) is None
    assert refused(6, 1)[0] == 3


def test_impossible_orders_of_a_master_are_refused() -> None:
    """A mode byte of 186 was once accepted, and shown as the charger's mode."""
    assert refused(0, 2, 0, 0, 186, 0) == (3, "register 0x0003: a mode is 0 to 2, not 186")
    assert refused(0, 15) == (3, "register 0x0000: a state is 0 to 14, not 15")
    assert refused(0, 2, 256) == (3, "register 0x0001: error bits is 0 to 255, not 256")
    assert refused(3, 1, 3_601)[0] == 3
    assert refused(4, 0, 3)[0] == 3
    assert from_master(NODE, 3, (2, 3_600)) == MasterTold(mode=Mode.SOLAR, solar_s=3_600)


@pytest.mark.parametrize(("first", "count"), [(2, 1), (5, 1), (7, 1), (0, 8), (6, 2), (0x0B, 1), (0x1F, 1), (0x21, 8)])
def test_what_a_master_has_not_to_write(first: int, count: int) -> None:
    assert refused(first, *[0] * count)[0] == 2


def test_an_offer_is_the_one_in_our_own_place() -> None:
    offers = (160, 61, 62, 63, 64, 65, 66, 67)
    assert from_master(NODE, 0x0020, offers) == MasterOffered(61, None)
    last = charger(loadbl="Node 7")
    assert from_master(last, 0x0020, (*offers, 169, 0xFFF6, 0)) == MasterOffered(67, PhaseCurrents(169, -10, 0))
    assert from_master(NODE, 0x0020, (0, 800, *[0] * 6, 2_000, 0xF830, 0)) == MasterOffered(
        800, PhaseCurrents(2_000, -2_000, 0)
    )


def test_a_house_that_takes_more_than_its_fuse_keeps_no_offer_from_the_nodes() -> None:
    told = from_master(NODE, 0x0020, (60,) * 8 + (2_150, 2_100, 1_900))
    assert told == MasterOffered(60, PhaseCurrents(2_150, 2_100, 1_900))


def test_impossible_offers_are_refused() -> None:
    assert refused(0x0020, *[0] * 7, 801) == (3, "register 0x0027: an offer is 0 to 800 (0.1 A), not 801")
    code, text = refused(0x0020, *[0] * 9, 10_001, 0)
    assert (code, text[:17]) == (3, "register 0x0029: ")
    assert refused(0x0020, *[0] * 10, 0xD8EF)[0] == 3
    for count in (1, 7, 9, 10, 12):
        assert refused(0x0020, *[0] * count)[0] == 2
    assert refused(0x0020, *[0] * 8, snapshot=charger())[0] == 2  # no node


def test_system_settings_come_in_one_go_and_host_names_only_fill_the_row() -> None:
    words = read(charger(mode="Smart", current_main=35, mains_meter="ABB"), 0, False, 0x0200, 22)
    for register in HOSTS:
        words[register - 0x0200] = 7
    told = from_master(NODE, 0x0200, words)
    assert isinstance(told, MasterSet)
    values = dict(told.values)
    assert (values["mode"], values["current_main"], values["mains_meter"]) == (1, 35, 6)
    assert len(values) == 20
    assert from_master(NODE, 0x020A, (0,)) is None
    assert from_master(NODE, 0x0204, (25, 4)) == MasterSet((("current_main", 25), ("solar_start_current", 4)))


def test_one_wrong_system_setting_refuses_all() -> None:
    words = read(NODE, 0, False, 0x0200, 22)
    words[4] = 9
    assert refused(0x0200, *words) == (
        3,
        "register 0x0204: current_main takes a whole number from 10 to 200 A; not 9",
    )
    assert refused(0x0208, 18)[0] == 3  # a meter type that there is not
    assert refused(0x0215, 0, 0)[0] == 2


def test_one_node_setting_at_a_time() -> None:
    assert from_master(NODE, 0x0103, (32,)) == ChangeSetting("current_max", 32)
    assert refused(0x0103, 81)[0] == 3
    assert refused(0x0102, 6, 16) == (3, "2 registers from 0x0102: settings are written one at a time")
    assert refused(0x010A, 0)[0] == 2


@given(st.integers(0, 0x0220), st.lists(WORDS, min_size=1, max_size=25))
def test_whatever_a_master_writes_is_understood_whole_or_refused(first: int, values: list[int]) -> None:
    try:
        meant: object = from_master(NODE, first, values)
    except RefusedError as error:
        meant = error
    match meant:
        case RefusedError(code=code):
            assert code in {2, 3}
            assert "0x" in str(meant)
        case MasterSet(pairs):
            assert all(TABLE[key].parse(value) == value for key, value in pairs)
            assert len(pairs) == len(values) - sum(first <= host < first + len(values) for host in HOSTS)
        case MasterOffered(offer):
            assert 0 <= offer <= 800
        case MasterTold():
            assert first + len(values) <= 7
        case _:
            assert len(values) == 1


# ---- what a program outside writes ----


@pytest.mark.parametrize(
    ("register", "value", "command"),
    [
        (2, 80, Override(80)),
        (2, 0, Override(0)),
        (3, 1, ChangeSetting("mode", 1)),
        (5, 0, ChooseMode(ModeChoice.OFF)),
        (5, 1, ChooseMode(ModeChoice.SOLAR)),
        (5, 2, ChooseMode(ModeChoice.PAUSE)),
        (0x0102, 8, ChangeSetting("current_min", 8)),
        (0x0205, 5, ChangeSetting("solar_start_current", 5)),
    ],
)
def test_a_program_commands(register: int, value: int, command: Command) -> None:
    assert from_outside(charger(mode="Solar"), register, (value,)) == command


@pytest.mark.parametrize(
    ("first", "values", "code"),
    [
        *[(register, (0,), 2) for register in (0, 1, 4, 6, 7, 8, 11, 0x20, 0x010A, 0x0216, *HOSTS)],
        (2, (801,), 3),
        (3, (3,), 3),
        (5, (3,), 3),
        (0x0205, (49,), 3),
        (2, (80, 1), 3),
        (0x0205, (4, 10), 3),
        *[(register, (row.default,), 2) for register, row in registers.SETTINGS.items() if row.installer],
    ],
)
def test_what_a_program_may_not_write(first: int, values: tuple[int, ...], code: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        from_outside(NODE, first, values)
    assert refusal.value.code == code


def test_no_two_settings_share_a_register() -> None:
    with_register = [row for row in TABLE.values() if row.register is not None]
    assert len(registers.SETTINGS) == len(with_register) == 32
