"""What the replays gave, as structures for build/bench.json and as Markdown tables, as docs/regulation.md has them."""

import re
from typing import Any

from tests.bench.goals import MORE_CHANGES, SCENARIOS, SLACK_S, Scenario
from tests.bench.runs import Done, Job

ONE_SECOND_MS = 1_000


def _said(*, reached: bool) -> str:
    return "ok" if reached else "MISSED"


def _judged(scenario: Scenario, figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "figure": goal.figure,
            "unit": goal.unit,
            "firmware": goal.firmware,
            "ours": figures[goal.figure],
            "ratio": round(figures[goal.figure] / goal.firmware, 2),
            "must": goal.must,
            "must_reached": goal.reached(figures[goal.figure], goal.must),
            "goal": goal.goal,
            "goal_reached": goal.reached(figures[goal.figure], goal.goal),
            "more_is_better": goal.more,
        }
        for goal in scenario.goals
    ]


def traces(done: list[Done]) -> dict[str, Any]:
    """A scenario's figures as they are, and those that are judged."""
    usual = {each.job.scenario: each.figures for each in done if each.job == Job(each.job.folder, each.job.scenario)}
    return {
        SCENARIOS[index].name: {"figures": figures, "judged": _judged(SCENARIOS[index], figures)}
        for index, figures in usual.items()
    }


def robustness(done: list[Done]) -> list[dict[str, Any]]:
    """What other cars and meters change. The offer's changes are compared with the same at 1 s."""
    changes = {
        (each.job.scenario, each.job.dead_time_ms, each.job.period_ms): each.figures["offer_changes"] for each in done
    }
    rows = []
    for each in done:
        job, figures = each.job, each.figures
        usual = Job(job.folder, job.scenario)
        if not job.of.robust or job == usual:
            continue
        other_car = job.dead_time_ms != usual.dead_time_ms
        at_1_s = (job.scenario, ONE_SECOND_MS if other_car else job.dead_time_ms, ONE_SECOND_MS)
        bound = (job.dead_time_ms + job.period_ms) / 1000 + SLACK_S
        over = round(sum(figures["over_as"].values()), 1)
        rows.append(
            {
                "scenario": job.of.name,
                "dead_time_s": job.dead_time_ms / 1000,
                "period_s": job.period_ms / 1000,
                "longest_over_s": figures["longest_over_s"],
                "longest_over_most": bound,
                "longest_over_reached": figures["longest_over_s"] <= bound,
                "offer_changes": figures["offer_changes"],
                "offer_changes_most": MORE_CHANGES * changes[at_1_s],
                "offer_changes_reached": figures["offer_changes"] <= MORE_CHANGES * changes[at_1_s],
                "over_as": over,
                "over_as_reached": over == 0 if job.of.solar else None,
                "figures": figures,
            }
        )
    names = [scenario.name for scenario in SCENARIOS]
    return sorted(rows, key=lambda row: names.index(row["scenario"]))


# ---- Markdown ----


def _table(header: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (header, rule, *rows)
    )


_NAMES = {
    "car_kwh": "car",
    "rms10_a": "highest r.m.s. of 10 s",
    "longest_over_s": "longest overload",
    "closings": "closings",
    "net_kwh": "net (used - grid)",
    "grid_kwh": "from the grid",
    "offer_changes": "offer changes",
    "surplus_used_pct": "surplus used",
}


def traces_table(found: dict[str, Any]) -> str:
    """Ours beside the firmware's."""
    rows = []
    for name, result in found.items():
        for row in result["judged"]:
            sign = ">=" if row["more_is_better"] else "<="
            wanted = [
                f"{sign} {row[column]:g} {_said(reached=row[f'{column}_reached'])}" for column in ("must", "goal")
            ]
            unit = f" {row['unit']}".rstrip()
            told = [f"{_NAMES[row['figure']]}", f"{row['firmware']:g}{unit}", f"{row['ours']:.4g}{unit}"]
            rows.append([name, *told, f"{row['ratio']:.2f}", *wanted])
    return _table(["run", "figure", "firmware", "ours", "ours/firmware", "must", "goal"], rows)


def robustness_table(rows: list[dict[str, Any]]) -> str:
    """Other dead times, other meters."""
    cells = [
        [
            row["scenario"],
            f"{row['dead_time_s']:g} s",
            f"{row['period_s']:g} s",
            f"{row['longest_over_s']:g} s",
            f"<= {row['longest_over_most']:g} {_said(reached=row['longest_over_reached'])}",
            f"{row['offer_changes']}",
            f"<= {row['offer_changes_most']} {_said(reached=row['offer_changes_reached'])}",
            f"{row['over_as']:g}",
            "" if row["over_as_reached"] is None else f"0 {_said(reached=row['over_as_reached'])}",
        ]
        for row in rows
    ]
    return _table(
        ["run", "dead time", "meter", "longest overload", "bound", "offer changes", "bound", "over A·s", "bound"], cells
    )


def put(page: str, name: str, table: str) -> str:
    """``page`` with ``table`` between the marks ``<!-- name -->`` and ``<!-- end -->``; ValueError without them."""
    found = re.compile(f"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    page, count = found.subn(lambda marks: f"{marks[1]}{table}{marks[2]}", page)
    if count != 1:
        raise ValueError(f"the page has no place for {name}")
    return page
