"""What MQTT publishes and when, over a day of virtual time: all within 10 s, changes within 1 s, nothing twice."""

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from evsed.api.mqtt.entities import Moment, View, same, values
from evsed.api.mqtt.link import LOOK_S
from evsed.api.mqtt.publishing import AGAIN_MS, TOPICS, Message, Publishing
from evsed.api.network import Wifi
from evsed.core.events import PostBattery
from evsed.core.model import PhaseCurrents
from evsed.core.reasons import Reason
from evsed.core.snapshot import Saved, Snapshot
from tests.core.story import Story, settings

PREFIX = "SmartEVSE-90000"
LOOK_MS = 2 * round(LOOK_S * 1000)  # half as often as the daemon looks
DAY_MS = 86_400_000
RARELY_LOOKED_AT = {"ESPUptime"}  # changes all the time, and is told with everything else only


@dataclass
class Ear:
    """Hears like a subscriber: when each topic last spoke and what it said."""

    at: dict[str, int] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    longest_ms: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def hear(self, now: int, messages: list[Message]) -> None:
        topics = [message.topic for message in messages]
        assert len(set(topics)) == len(topics), "one topic twice in a look"
        for message in messages:
            name = message.topic.removeprefix(f"{PREFIX}/")
            if name in self.at:
                waited = now - self.at[name]
                repeated = self.last.get(name) == message.payload and waited < AGAIN_MS
                assert not repeated, f"{name} said {message.payload!r} again after {waited} ms"
                self.longest_ms[name] = max(self.longest_ms[name], waited)
            self.at[name], self.last[name] = now, message.payload
            self.count[name] += 1


class Day:
    """A charger's day without its physics: values that change as meters, people and the sun change them."""

    def __init__(self) -> None:
        story = Story(Saved(settings=settings(circuit_meter="API")))
        story.run(1)
        self.snapshot = story.snapshot
        self.dice = random.Random(11)

    def at(self, now: int) -> Snapshot:
        """The Snapshot at ``now``; most are as the one before."""
        snapshot = replace(self.snapshot, now=now, uptime_s=now // 1000, unix_s=1_800_000_000 + now // 1000)
        if self.dice.random() < 0.05:
            mains = PhaseCurrents(*(self.dice.randint(-200, 200) for _ in range(3)))
            snapshot = replace(snapshot, mains=mains, offer=self.dice.choice((0, 60, 137)))
        if self.dice.random() < 0.002:
            snapshot = replace(snapshot, connected=not snapshot.connected, mains=None)
        if self.dice.random() < 0.002:
            until = now + self.dice.randint(1_000, 90_000)
            snapshot = replace(snapshot, reason=self.dice.choice((None, Reason("charge_delay", "Wait", until))))
        left = max(0, 600 - now // 1000 % 3_600)
        self.snapshot = replace(snapshot, solar_stop_s=left)
        return self.snapshot


def test_a_day_without_drift_or_duplicates() -> None:
    """Looked at half as often as the daemon does, and sometimes later still, for 24 hours."""
    day, ear, publishing = Day(), Ear(), Publishing(PREFIX)
    seconds: set[int] = set()
    now = 0
    while now < DAY_MS:
        snapshot = day.at(now)
        view = View(snapshot)
        ear.hear(now, publishing.messages(now, view))
        if snapshot.mains is None:  # what was unknown in between may say the same again
            for phase in (1, 2, 3):
                ear.last.pop(f"MainsCurrentL{phase}", None)
        if now // LOOK_MS % 8 == 0:  # what a subscriber has heard is what is true; now and then is enough
            for topic, payload in values(TOPICS, view).items():
                if payload is not None and topic.name not in RARELY_LOOKED_AT:
                    assert not isinstance(payload, Moment) or abs(_unix(ear.last[topic.name]) - payload.unix_s) <= 2
                    assert isinstance(payload, Moment) or ear.last[topic.name] == str(payload)
        if snapshot.solar_stop_s:
            seconds.add(int(ear.last["SolarStopTimer"]))
        now += LOOK_MS + (day.dice.randint(0, 500) if day.dice.random() < 0.01 else 0)
    known = {topic.name for topic, payload in values(TOPICS, View(day.snapshot)).items() if payload is not None}
    assert known - {"MainsCurrentL1", "MainsCurrentL2", "MainsCurrentL3"} <= set(ear.at)
    assert max(ear.longest_ms[name] for name in ear.at if not name.startswith("MainsCurrent")) <= 10_000
    assert seconds == set(range(1, 601)), "each second while it runs"
    assert ear.last["SolarStopTimer"] == "0"
    steady = ear.count["MaxCurrent"]
    assert DAY_MS / 10_000 <= steady <= DAY_MS / AGAIN_MS + 1, "no drift"
    assert ear.count["ESPUptime"] == steady


def _unix(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp())


@pytest.fixture
def story() -> Story:
    story = Story()
    story.run(1)
    return story


def said(publishing: Publishing, now: int, view: View) -> dict[str, str]:
    return {each.topic.removeprefix(f"{PREFIX}/"): each.payload for each in publishing.messages(now, view)}


def test_a_change_is_said_at_the_next_look_and_alone(story: Story) -> None:
    publishing = Publishing(PREFIX)
    said(publishing, 0, View(story.snapshot))
    assert said(publishing, 250, View(story.snapshot)) == {}
    changed = replace(story.snapshot, offer=130)
    assert said(publishing, 500, View(changed)) == {"ChargeCurrent": "130"}
    again = said(publishing, AGAIN_MS, View(changed))
    assert "ChargeCurrent" not in again, "it was said half a second after the others"
    assert "MaxCurrent" in again
    assert said(publishing, AGAIN_MS + 500, View(changed)) == {"ChargeCurrent": "130"}


def test_a_retained_value_that_is_not_known_any_more_is_taken_back(story: Story) -> None:
    publishing = Publishing(PREFIX)
    story.charge()
    known = View(story.snapshot)
    assert said(publishing, 0, known)["EVEnergyCharged"] == str(known.charger.charged_wh)
    unknown = View(replace(known.charger, charged_wh=None))
    assert said(publishing, 250, unknown) == {"EVEnergyCharged": ""}
    assert "EVEnergyCharged" not in said(publishing, 60_000, unknown)


def test_what_was_never_known_is_not_said_at_all(story: Story) -> None:
    publishing = Publishing(PREFIX)
    unknown = View(replace(story.snapshot, charged_wh=None))
    assert "EVEnergyCharged" not in said(publishing, 0, unknown)
    publishing.again()
    assert "EVEnergyCharged" not in said(publishing, 250, unknown)


def test_what_is_lost_while_somebody_new_comes_is_taken_back_too(story: Story) -> None:
    publishing = Publishing(PREFIX)
    said(publishing, 0, View(replace(story.snapshot, charged_wh=7)))
    publishing.again()
    assert said(publishing, 250, View(replace(story.snapshot, charged_wh=None)))["EVEnergyCharged"] == ""


def test_it_is_online_again_after_the_control_loop_hung(story: Story) -> None:
    publishing = Publishing(PREFIX)
    assert said(publishing, 0, View(story.snapshot))["connected"] == "online"
    goodbye = publishing.goodbye()
    assert (goodbye.topic, goodbye.payload, goodbye.retained) == (f"{PREFIX}/connected", "offline", True)
    assert said(publishing, 250, View(story.snapshot))["connected"] == "online"


def test_what_is_not_retained_and_unknown_is_silent(story: Story) -> None:
    publishing = Publishing(PREFIX)
    said(publishing, 0, View(story.snapshot))
    silent = replace(story.snapshot, mains=None)
    assert said(publishing, 250, View(silent)) == {}
    assert "MainsCurrentL1" not in said(publishing, 60_000, View(silent))
    assert said(publishing, 60_250, View(story.snapshot)).keys() == {f"MainsCurrentL{n}" for n in (1, 2, 3)}


def test_to_somebody_new_everything_is_said(story: Story) -> None:
    publishing = Publishing(PREFIX)
    first = said(publishing, 0, View(story.snapshot))
    publishing.again()
    assert said(publishing, 250, View(story.snapshot)) == first
    assert len(first) > 30


def test_the_topics_of_the_contract_are_there() -> None:
    """facts/mqtt.md, name by name."""
    names = {topic.name: topic.retained for topic in TOPICS}
    phases = [f"{who}CurrentL{phase}" for who in ("Mains", "EV", "Circuit") for phase in (1, 2, 3)]
    energies = [f"{who}{way}ActiveEnergy" for who in ("Mains", "EV") for way in ("Import", "Export")]
    plain = ["EVChargePower", "EVTotalEnergyCharged", "HomeBatteryCurrent", "ESPTemp", "ESPUptime", "WiFiRSSI",
             "SolarStopTimer", "CustomButton", "CPPWM"]  # fmt: skip
    retained = ["EVEnergyCharged", "Mode", "MaxCurrent", "ChargeCurrent", "ChargeCurrentOverride", "MaxSumMains",
                "MaxSumMainsTime", "NrOfPhases", "Access", "RFID", "RFIDLastRead", "EnableC2", "State", "StateID",
                "Error", "EVPlugState", "WiFiSSID", "WiFiBSSID", "LoadBl", "CableLock",
                *(f"LEDColor{which}" for which in ("Off", "Normal", "Smart", "Solar", "Custom"))]  # fmt: skip
    assert {name for name in (*phases, *energies, *plain) if names[name]} == set()
    assert {name for name in retained if not names[name]} == set()


def test_the_home_battery_is_told_while_it_is_heard(story: Story) -> None:
    topic = next(topic for topic in TOPICS if topic.name == "HomeBatteryCurrent")
    assert topic.value(View(story.snapshot)) is None
    story.command(PostBattery(-35))
    assert topic.value(View(story.snapshot)) == -35
    story.run(61)
    assert topic.value(View(story.snapshot)) is None, "0 would be a false statement"


def test_a_wired_charger_has_no_radio_topics(story: Story) -> None:
    wired = {topic.name for topic, payload in values(TOPICS, View(story.snapshot)).items() if payload is not None}
    radio = values(TOPICS, View(story.snapshot, Wifi("WL_CONNECTED", "home", -61, "00:11:22:33:44:55")))
    told = {topic.name: payload for topic, payload in radio.items() if topic.name.startswith("WiFi")}
    assert told == {"WiFiSSID": "home", "WiFiBSSID": "00:11:22:33:44:55", "WiFiRSSI": -61}
    assert wired.isdisjoint(told)


def test_a_node_shows_its_masters_mains_only_when_it_has_them() -> None:
    story = Story(Saved(settings=settings(loadbl="Node 1", mains_meter="Disabled")))
    story.run(1)
    known = {topic.name for topic, payload in values(TOPICS, View(story.snapshot)).items() if payload is not None}
    assert ("MainsCurrentL1" in known) == (story.snapshot.mains is not None)
    assert "MainsImportActiveEnergy" not in known, "that is its master's"


def test_one_moment_read_twice_is_the_same() -> None:
    assert same(Moment(100), Moment(102))
    assert not same(Moment(100), Moment(103))
    assert not same(Moment(100), "none")
    assert str(Moment(1_795_302_000)) == "2026-11-21T23:00:00+00:00"
