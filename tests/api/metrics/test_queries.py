"""The examples for Prometheus and Grafana ask for what is there: metrics, labels, and values of these."""

import itertools
import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from evsed.api.metrics.exposition import FAMILIES
from evsed.api.metrics.family import Family, Kind
from tests.api.metrics.promql import Selector, selectors
from tests.documents.pages import ROOT, blocks

BOARD: dict[str, Any] = json.loads((ROOT / "docs/grafana.json").read_text(encoding="utf-8"))
RULES = [
    rule
    for block in blocks(ROOT / "docs/metrics.md", "yaml")
    for group in yaml.safe_load(block.text).get("groups", [])
    for rule in group["rules"]
]
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
_OF_PROMETHEUS = {"instance", "job"}
_OTHERS = {"up": Kind.GAUGE, "process_resident_memory_bytes": Kind.GAUGE, "process_cpu_seconds_total": Kind.COUNTER}


def _family(name: str) -> Family | None:
    for family in FAMILIES:
        ends = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count"), Kind.INFO: ("_info",)}.get(family.kind, ("",))
        if name in {f"{family.name}{end}" for end in ends}:
            return family
    return None


def _judge(found: Selector) -> None:
    family = _family(found.name)
    assert family is not None or found.name in _OTHERS, found.name
    labels = {} if family is None else family.labels
    for label, operator, value in found.matchers:
        assert label in {*labels, *_OF_PROMETHEUS}, (found.name, label)
        takes = labels.get(label)
        for one in value.split("|") if "~" in operator else [value]:
            assert takes is None or one in takes, (found.name, label, one)
    counts = (_OTHERS[found.name] if family is None else family.kind) in {Kind.COUNTER, Kind.HISTOGRAM}
    assert counts == (found.within in {"rate", "increase"}), f"{found.name}: counters are asked for their growth"


@pytest.mark.parametrize("query", [*dict.fromkeys(QUERIES), *(rule["expr"] for rule in RULES)])
def test_every_query_asks_for_what_is_there(query: str) -> None:
    found = selectors(query)
    assert found
    for one in found:
        _judge(one)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "rate(a)",
        "a[5m]",
        "sum(a",
        "a ==",
        "a b",
        "a{b=}",
        "nonsense(a)",
        "a{b='c'}",
        "sum by (a[5m])",
        "rate(a[5m]",
    ],
)
def test_what_is_no_query_is_not_taken_for_one(query: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        selectors(query)


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    assert BOARD["schemaVersion"] >= 38, "that of Grafana 10"
    assert "id" not in BOARD, "or it would replace another one"
    names = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    assert (names["datasource"]["type"], names["datasource"]["query"]) == ("datasource", "prometheus")
    (asked,) = re.findall(r"label_values\((\w+), instance\)", names["instance"]["definition"])
    assert _family(asked)
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids) > 10
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(BOARD)))
    assert used == set(names)
    for panel in BOARD["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["type"] in {"stat", "timeseries", "state-timeline"}
        assert panel["title"]
        for target in panel["targets"]:
            labels = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            families = [_family(one.name) for one in selectors(target["expr"])]
            assert all(label in family.labels for label in labels for family in families if family is not None)


def test_its_panels_do_not_cover_each_other() -> None:
    taken = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in BOARD["panels"])
    ]
    assert all(x < 24 for fields in taken for x, _ in fields)
    assert not [True for one, other in itertools.combinations(taken, 2) if one & other]


def test_rules_name_labels_that_their_query_has() -> None:
    assert len(RULES) >= 5
    for rule in RULES:
        known = {label for one in selectors(rule["expr"]) if (family := _family(one.name)) for label in family.labels}
        for text in rule.get("annotations", {}).values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= known | _OF_PROMETHEUS
