"""The last session and the kept counters as MQTT tells them."""

import json
from dataclasses import replace

from evsed.api.mqtt.entities import View, values
from evsed.api.mqtt.entity_table_sessions import SESSIONS
from evsed.api.mqtt.publishing import Publishing
from evsed.core.record import Kept, Part, SessionRecord
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings
from tests.logbook.samples import NOON, session


def said(view: View) -> dict[str, object]:
    return {topic.name: payload for topic, payload in values(SESSIONS, view).items()}


def with_last(record: SessionRecord) -> View:
    return View(replace(Story().snapshot, sessions=Kept(last=record)))


def test_the_last_session_is_told_when_it_ends_and_kept_by_the_broker() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.clock(NOON)
    publishing = Publishing("x")
    story.charge()
    assert not any("LastSession" in message.topic for message in publishing.messages(0, View(story.snapshot)))
    story.run(30)
    story.unplug()
    story.run(2)
    (message,) = [found for found in publishing.messages(250, View(story.snapshot)) if "LastSession" in found.topic]
    assert message.retained
    told = json.loads(message.payload)
    assert told["energy_wh"] == round(story.unit.energy_wh)
    assert (told["id"], told["stop_reason"], told["ended"]) == (1, "unplugged", "unplugged")
    assert told["start"] < told["end"]
    publishing.again()
    assert message in publishing.messages(500, View(story.snapshot))


def test_the_cards_name_is_told_and_unknown_energy_is_null() -> None:
    told = json.loads(str(said(with_last(session(3)))["LastSession"]))
    assert (told["cards"], told["solar_wh"]) == (["Anna"], 250)
    nameless = SessionRecord(1, parts=(Part("04A1B2C3D4E5"),))
    assert json.loads(str(said(with_last(nameless))["LastSession"]))["cards"] == ["...D4E5"]
    told = json.loads(str(said(with_last(SessionRecord(1)))["LastSession"]))
    assert told == {**dict.fromkeys(told), "id": 1, "cards": []}


def test_counters_are_told_and_the_second_contactors_only_where_there_is_one() -> None:
    story = Story(Saved(settings=settings(mode="Normal")))
    story.charge()
    told = said(View(story.snapshot))
    assert (told["Sessions"], told["ContactorClosings"], told["Contactor2Closings"]) == (1, 1, None)
    second = Story(Saved(settings=settings(mode="Normal", enable_C2="Always On")))
    assert said(View(second.snapshot))["Contactor2Closings"] == 0
