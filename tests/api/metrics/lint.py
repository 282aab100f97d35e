"""What `promtool check metrics` and the naming practice of Prometheus ask of a text, as a list of what is wrong.

The rules are those of the linter in Prometheus's Go client, as its documentation and its messages say them.
"""

import re

_TYPE = re.compile(r"# TYPE (\S+) (\S+)")
_HELP = re.compile(r"# HELP (\S+) ?(.*)")
_SERIES = re.compile(r"([^{\s]+)(\{[^}]*\})? \S+")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="')

BASE = {"amperes", "bytes", "celsius", "joules", "ratio", "seconds", "volts", "watts"}
"""The units that are allowed."""

NOT_BASE = {
    *("hours", "minutes", "days", "weeks", "milliseconds", "milliamperes", "millivolts", "kilowatts", "watt", "wh"),
    *("kwh", "percent", "percents", "fahrenheit", "kelvins", "kilobytes", "bits", "deciamps", "amps", "ampere", "volt"),
    *("second", "joule", "byte"),
}
ABBREVIATED = {"a", "b", "c", "d", "h", "m", "s", "v", "w", "gb", "kb", "mb", "ms", "ns", "pb", "tb", "us", "wh", "sec"}
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def problems(text: str) -> list[str]:
    """What is wrong; empty: nothing."""
    lines = text.splitlines()
    types = {match[1]: match[2] for line in lines if (match := _TYPE.fullmatch(line))}
    helps = {match[1]: match[2] for line in lines if (match := _HELP.fullmatch(line))}
    found = [problem for name, kind in types.items() for problem in _of(name, kind, helps.get(name, ""))]
    seen: set[str] = set()
    for line in (line for line in lines if not line.startswith("#")):
        match = _SERIES.fullmatch(line)
        if match is None:
            found.append(f"no series: {line}")
            continue
        series = match[0].rsplit(" ", 1)[0]
        if series in seen:
            found.append(f"{series}: twice")
        seen.add(series)
        if re.sub("_(bucket|count|sum)$", "", match[1]) not in types and match[1] not in types:
            found.append(f"{match[1]}: no type")
        kind = types.get(re.sub("_bucket$", "", match[1]))
        for label in _LABEL.findall(match[2] or ""):
            if not re.fullmatch("[a-z][a-z0-9_]*", label):
                found.append(f"{series}: the label {label} is not in snake case")
            if label in {"le", "quantile"} and kind != "histogram":
                found.append(f"{series}: the label {label} is a histogram's")
    if not text.endswith("\n"):
        found.append("the last line does not end")
    return found


def _of(name: str, kind: str, about: str) -> list[str]:
    words = name.split("_")
    rules = {
        "no help": about != "",
        "a counter ends in _total": kind != "counter" or name.endswith("_total"),
        "only a counter ends in _total": kind == "counter" or not name.endswith("_total"),
        "a colon is for recording rules": ":" not in name,
        "not in snake case": re.fullmatch("[a-z][a-z0-9_]*", name) is not None,
        "names its type": not set(words) & TYPES,
        "ends as parts of a histogram do": not name.endswith(("_bucket", "_count", "_sum")),
        "a unit that is no base unit": not set(words) & NOT_BASE,
        "an abbreviated unit": not set(words) & ABBREVIATED,
        "the unit is not at the end": not set(words[:-1] if kind != "counter" else words[:-2]) & BASE,
    }
    return [f"{name}: {rule}" for rule, kept in rules.items() if not kept]
