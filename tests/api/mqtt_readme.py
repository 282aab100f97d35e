"""The README's tables of MQTT topics, made of the tables that make the topics: ``make docs`` writes them."""

import itertools
import re
from pathlib import Path

from evsed.api.entities import Topic
from evsed.api.mqtt_set import SET_TOPICS
from evsed.api.publishing import TOPICS

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- mqtt: made by make docs -->", "<!-- mqtt: end -->"
_TABLES = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
_FAMILY = re.compile(r"(.*?)(L[123]|Off|Normal|Smart|Solar|Custom)")


def tables() -> str:
    """Both tables, between their markers."""
    lines = [BEGIN, "| published | payload | kept by the broker | in Home Assistant |", "|---|---|---|---|"]
    for _, group in itertools.groupby(TOPICS, key=lambda topic: (topic.about, _family(topic.name))):
        lines.append(_row(list(group)))
    lines += ["", "| understood | payload |", "|---|---|"]
    for form, rows in itertools.groupby(SET_TOPICS.values(), key=lambda row: row.form):
        lines.append(f"| {_names([f'Set/{row.name}' for row in rows])} | {form} |")
    return "\n".join([*lines, END])


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


def with_tables(readme: str) -> str:
    """``readme`` with the tables as they are now."""
    text = tables()
    made, count = _TABLES.subn(lambda _: text, readme)
    if count != 1:
        raise ValueError(f"the README has {BEGIN} ... {END} {count} times, not once")
    return made


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
