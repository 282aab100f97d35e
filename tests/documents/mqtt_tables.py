"""The tables of MQTT topics in docs/mqtt.md, made of the tables that make the topics."""

import itertools
import re

from evsed.api.mqtt.entities import Topic
from evsed.api.mqtt.publishing import TOPICS
from evsed.api.mqtt.set_topics import SET_TOPICS

_FAMILY = re.compile(r"(.*?)(L[123]|Off|Normal|Smart|Solar|Custom)")


def topics() -> str:
    """Both tables."""
    lines = ["| published | payload | kept by the broker | in Home Assistant |", "|---|---|---|---|"]
    for _, group in itertools.groupby(TOPICS, key=lambda topic: (topic.about, _family(topic.name))):
        lines.append(_row(list(group)))
    lines += ["", "| understood | payload |", "|---|---|"]
    for form, rows in itertools.groupby(SET_TOPICS.values(), key=lambda row: row.form):
        lines.append(f"| {_names([f'Set/{row.name}' for row in rows])} | {form} |")
    return "\n".join(lines)


def _row(topics: list[Topic]) -> str:
    domains = dict.fromkeys(component.domain for topic in topics for component in topic.components)
    kept = "yes" if topics[0].retained else ""
    return f"| {_names([topic.name for topic in topics])} | {topics[0].about} | {kept} | {', '.join(domains)} |"


def _family(name: str) -> str:
    match = _FAMILY.fullmatch(name)
    return match[1] if match else name


def _names(names: list[str]) -> str:
    """The names; after the first of a family, only what differs."""
    family = _family(names[0])
    return ", ".join([f"`{names[0]}`", *(f"`{name.removeprefix(family)}`" for name in names[1:])])
