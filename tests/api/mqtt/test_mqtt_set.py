"""``Set/`` messages: what each topic takes, and that nothing else changes anything, however strange it is."""

import random

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from evsed.api.local_time import local_text, unix_of
from evsed.api.mqtt.homeassistant import Identity
from evsed.api.mqtt.link import Contact, MqttLink
from evsed.api.mqtt.set_topics import SET_TOPICS, EndTimer, Reboot, set_command, wrong
from evsed.api.refusals import Refusals
from evsed.config import Mqtt
from evsed.core.events import (
    ChangeSetting,
    Command,
    DelayedCharging,
    OverridePilot,
    PressCustomButton,
    SwipeCard,
    WallClock,
)
from evsed.core.model import ModeChoice
from tests.api.mqtt.unbrokered import PREFIX, START, STOP, Hands, client, told
from tests.core.story import Story


@pytest.mark.parametrize(
    ("topic", "payload", "command"),
    [
        ("CurrentMaxSumMains", "25", ChangeSetting("current_max_sum_mains", 25)),
        ("CurrentMaxSumMains", "0", ChangeSetting("current_max_sum_mains", 600)),
        ("CPPWMOverride", "1024", OverridePilot(10_000)),
        ("CPPWMOverride", "512", OverridePilot(5_000)),
        ("CPPWMOverride", "0", OverridePilot(0)),
        ("CPPWMOverride", "-1", OverridePilot(None)),
        ("EnableC2", "4", ChangeSetting("enable_C2", 4)),
        ("EnableC2", "Solar Off", ChangeSetting("enable_C2", 2)),
        ("ColorSolar", "255,170,0", ChangeSetting("color_solar", "255,170,0")),
        ("ColorCustom", "007,0,00", ChangeSetting("color_custom", "7,0,0")),
        ("RFID", "0123456789ab", SwipeCard("0123456789ab")),
        ("RFID", "0123456789ABCD", SwipeCard("0123456789ABCD")),
        ("RequiredEVCCID", "-", ChangeSetting("required_evccid", "")),
        ("RequiredEVCCID", "DE8AA1234" + "5" * 23, ChangeSetting("required_evccid", "DE8AA1234" + "5" * 23)),
        ("CustomButton", "On", PressCustomButton(True)),
        ("CustomButton", "Off", PressCustomButton(False)),
        ("MinCurrent", "8", ChangeSetting("current_min", 8)),
        ("SolarStopTime", "0", ChangeSetting("solar_stop_time", 0)),
        ("DelayedCharging", "none", EndTimer()),
        ("Reboot", "Reboot", Reboot()),
    ],
)
def test_what_each_topic_takes(topic: str, payload: str, command: Command) -> None:
    assert set_command(topic, payload) == command


@pytest.mark.parametrize(
    "message",
    ["RequiredEVCCID ", "DelayedCharging None", "DelayedCharging none daily",
     "CurrentMaxSumMains ", "CurrentMaxSumMains 10.5", "CPPWMOverride 1025", "CPPWMOverride -2", "CPPWMOverride x",
     "EnableC2 5", "EnableC2 04", "EnableC2 solar off", "EnableC2 On", "ColorOff 256,0,0", "ColorOff 1,2",
     "ColorOff 1,2,3,4", "ColorOff #ffffff", "ColorOff 1, 2, 3", "ColorOff -1,0,0", "RFID 0123", "RFID 0123456789abc",
     "RFID 0123456789gg", "RequiredEVCCID é", "CustomButton on", "CustomButton 1", "MinCurrent 8.0", "Reboot 1",
     "Reboot ", "SolarStopTime ٦", "RequiredEVCCID " + "x" * 33]
)  # fmt: skip
def test_what_is_not_of_the_form_is_no_command(message: str) -> None:
    topic, _, payload = message.partition(" ")
    assert set_command(topic, payload) is None


def test_delayed_charging_is_said_in_words() -> None:
    start_s, stop_s = unix_of(START), unix_of(STOP)
    assert start_s is not None
    assert stop_s is not None
    assert set_command("DelayedCharging", f"Normal {START}") == DelayedCharging(ModeChoice.NORMAL, start_s)
    assert set_command("DelayedCharging", f"Smart {START} {STOP} daily") == DelayedCharging(
        ModeChoice.SMART, start_s, stop_s, repeat=True
    )
    for payload in ("", "Normal", f"Solar {START}", f"Normal {START} {STOP} weekly", f"Normal {START} daily {STOP}",
                    "Normal 2026-02-30T10:00", "Normal 2026-11-21", "Normal 9999-12-31T23:59:00", f"Normal  {START}",
                    "daily", f"{START}", "Normal now"):  # fmt: skip
        assert set_command("DelayedCharging", payload) is None
    assert local_text(start_s) == START


def test_delayed_charging_that_is_set_is_told_in_the_same_words() -> None:
    story = Story()
    story.run(1)
    start_s = unix_of(START)
    assert start_s is not None
    story.core.handle(WallClock(start_s - 3_600), story.now)
    command = set_command("DelayedCharging", f"Smart {START} {STOP} daily")
    assert isinstance(command, DelayedCharging)
    assert told(story) == "none"
    assert story.command(command).accepted
    assert told(story) == f"Smart {START} {STOP} daily"
    story.core.handle(WallClock(start_s + 60), story.now)
    story.run(1)
    assert told(story) == f"until {STOP} daily"


def test_a_refusal_says_what_the_topic_takes() -> None:
    assert wrong("CableLock") == "not a payload of this topic, which takes 0, 1"
    assert wrong("Nonsense") == "there is no such topic"


# ---- the client itself, without a broker ----


def state_of(hands: Hands) -> tuple[object, ...]:
    snapshot = hands.story.snapshot
    return (snapshot.saved, snapshot.override, snapshot.lent, snapshot.custom_button, snapshot.pilot_override,
            snapshot.rfid_last, dict(snapshot.meters), snapshot.battery, hands.reboots)  # fmt: skip


HANDS, REFUSALS, HEAR = client()
WORDS = (
    "Normal",
    "Smart",
    "Off",
    "On",
    "daily",
    START,
    STOP,
    "0",
    "1",
    "-",
    "-1",
    "16",
    "255",
    "10:60",
    ":",
    ",",
    " ",
    "",
)
PAYLOADS = (
    st.binary(max_size=40)
    | st.text(max_size=40).map(str.encode)
    | st.from_regex(rb"[-+0-9.,:]{0,20}", fullmatch=True)
    | st.tuples(st.sampled_from(" :,"), st.lists(st.sampled_from(WORDS), max_size=5)).map(
        lambda parts: parts[0].join(parts[1]).encode()
    )
)


@effort(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SET_TOPICS)) | st.text(max_size=20), PAYLOADS)
def test_a_refused_payload_changes_nothing(topic: str, payload: bytes) -> None:
    _hear_and_check(topic, payload)


def test_random_bytes_change_nothing_when_they_are_refused() -> None:
    dice = random.Random(5)
    for _ in range(20_000):
        topic = dice.choice(sorted(SET_TOPICS))
        _hear_and_check(topic, dice.randbytes(dice.randint(0, 24)))


def _hear_and_check(topic: str, payload: bytes) -> None:
    before, told, count = state_of(HANDS), len(HANDS.refused), REFUSALS.count
    HEAR(topic, payload)
    verdicts = HANDS.refused[told:]
    taken = verdicts == [""] or payload.strip() == b"Reboot"
    if not taken:
        assert state_of(HANDS) == before
        assert REFUSALS.count == count + 1


@pytest.mark.parametrize("topic", sorted(SET_TOPICS))
def test_strange_payloads_of_every_topic(topic: str) -> None:
    hands, refusals, hear = client()
    before = state_of(hands)
    strange = [b"\xff\xfe\x00", b"\x00", b"x" * 1_000_000, b"1" * 513, b"9" * 400, "٦".encode(), b"1e9", b"nan", b"{}"]
    strange = [payload for payload in strange if topic != "RequiredEVCCID" or payload not in {b"1e9", b"nan", b"{}"}]
    for payload in strange:
        hear(topic, payload)
    assert state_of(hands) == before
    assert refusals.count == len(strange)


def test_a_retained_message_is_counted_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    hands, refusals, hear = client()
    for _ in range(3):
        hear("Mode", b"Off", retain=True)
    hear("Reboot", b"Reboot", retain=True)
    assert hands.refused == []
    assert hands.reboots == 0
    assert refusals.count == 4
    assert caplog.text.count("old news") == 2


def test_a_reboot_is_asked_for() -> None:
    hands, refusals, hear = client()
    hear("Reboot", b"Reboot")
    assert (hands.reboots, refusals.count) == (1, 0)


def test_a_card_is_swiped_and_a_colour_is_set() -> None:
    hands, refusals, hear = client()
    hear("RFID", b"0123456789ab")
    hear("ColorSmart", b"1,2,3")
    hear("CustomButton", b"On\n")
    snapshot = hands.story.snapshot
    assert (snapshot.rfid_last, snapshot.settings.color_smart) == ("0123456789AB", "1,2,3")
    assert snapshot.custom_button
    assert (snapshot.rfid_text, refusals.count) == ("Invalid", 1)


def test_the_pilot_is_locked() -> None:
    hands, refusals, hear = client()
    hear("CPPWMOverride", b"512")
    assert hands.story.snapshot.pilot_override is None
    assert refusals.count == 1


def test_tries_become_rarer_and_never_end() -> None:
    us = Identity("90000", 90_000, PREFIX, "http://localhost/")
    link = MqttLink(Contact(Mqtt("nowhere"), us, "evsed-test"), Hands(), Refusals())
    pauses = [link._pause_s() for _ in range(30)]
    for pause, usual in zip(pauses, (1, 2, 4, 8, 16, 32, *(60,) * 24), strict=True):
        assert 0.75 * usual <= pause <= 1.25 * usual
    assert len(set(pauses)) == len(pauses), "chargers of one street do not come back at the same moment"


@pytest.mark.parametrize(("welcome", "held_s", "next_s"), [(True, 60, 1), (True, 5, 60), (False, 60, 60)])
def test_only_a_broker_that_took_us_makes_the_next_loss_a_first_one(
    welcome: bool, held_s: float, next_s: float
) -> None:
    us = Identity("90000", 90_000, PREFIX, "http://localhost/")
    link = MqttLink(Contact(Mqtt("nowhere"), us, "evsed-test"), Hands(), Refusals())
    link._retry_s, link._welcome = 32.0, welcome
    link._ended(held_s)
    assert 0.75 * next_s <= link._pause_s() <= 1.25 * next_s


def test_a_refused_password_is_tried_once_a_minute_only() -> None:
    us = Identity("90000", 90_000, PREFIX, "http://localhost/")
    link = MqttLink(Contact(Mqtt("nowhere"), us, "evsed-test"), Hands(), Refusals())
    link._refused = True
    assert link._pause_s() >= 45
