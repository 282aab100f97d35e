"""One run's verdict, for the line that is printed and for the JSON report."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance import timers
from tests.conformance.answers import interview
from tests.conformance.compare import Difference, Judgement, compare
from tests.conformance.group import GroupTrace, replay_group
from tests.conformance.party import judge_group
from tests.conformance.replay import replay
from tests.conformance.runs import Run, RunError, load, name_of
from tests.conformance.trace import NAMES, Trace


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one run."""

    name: str
    differences: tuple[Difference, ...] = ()
    deviations: tuple[int, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def different(self) -> bool:
        """Whether something is there that nothing explains."""
        return bool(self.differences)

    @property
    def word(self) -> str:
        """The verdict alone."""
        if self.differences:
            return "DIFFERENT"
        return "deviation" if self.deviations else "equal"

    @property
    def line(self) -> str:
        """The verdict as one line."""
        more = {
            "DIFFERENT": "; ".join(map(str, self.differences)),
            "deviation": ",".join(map(str, self.deviations)),
        }.get(self.word, "")
        return f"{self.name} {self.word} {more}".rstrip().replace("\n", " ")

    def as_json(self) -> dict[str, Any]:
        """The verdict with the whole comparison."""
        return {
            "verdict": self.word,
            "deviations": list(self.deviations),
            "differences": [{"at": item.at / 1000, "what": item.what} for item in self.differences],
            **self.details,
        }


@dataclass(frozen=True, slots=True)
class Unplayable(Difference):
    """A run that could not be replayed."""

    def __str__(self) -> str:
        return self.what


def judge_file(path: Path) -> Verdict:
    """Reads, replays and judges one file. Never raises: what cannot be replayed is DIFFERENT."""
    name = name_of(path)
    try:
        run = load(path)
        return judge_shared(run, replay_group(run)) if run.nodes else judge_run(run, replay(run))
    except RunError as error:
        text = str(error)
        return Verdict(name, (Unplayable(0, text if text.startswith("cannot replay") else f"cannot replay: {text}"),))
    except Exception as error:  # noqa: BLE001 - one bad run, or a core that breaks on it, must not hide the others
        return Verdict(name, (Unplayable(0, f"cannot replay: the core failed ({type(error).__name__}: {error})"),))


def judge_run(run: Run, ours: Trace) -> Verdict:
    """Judges what our core did with ``run``."""
    judgement = compare(run, ours)
    return Verdict(run.name, tuple(judgement.differences), tuple(judgement.deviations), _details(judgement))


def judge_shared(run: Run, ours: GroupTrace) -> Verdict:
    """Judges what our chargers did with ``run``, and what our node answers to the recorded master."""
    judgements = judge_group(run, ours)
    differences = [item for judgement in judgements for item in judgement.differences] + interview(run)
    differences.sort(key=lambda difference: difference.at)
    deviations = sorted({number for judgement in judgements for number in judgement.deviations})
    details = {"chargers": [_details(judgement) for judgement in judgements]}
    return Verdict(run.name, tuple(differences), tuple(deviations), details)


def _details(judgement: Judgement) -> dict[str, Any]:
    case = judgement.case
    covers = [
        {"deviation": cover.deviation.number, "from": cover.begin / 1000, "to": cover.end / 1000}
        for cover in judgement.covers
    ]
    return {"explained": covers, "ours": _side(case.ours), "recording": _side(case.rec)}


def _side(trace: Trace) -> dict[str, Any]:
    lines = {"contactor1": trace.c1, "contactor2": trace.c2, "phases": trace.phases, "errors": trace.err}
    return {
        "states": [[visit.entered / 1000, NAMES.get(visit.state, str(visit.state))] for visit in trace.visits()],
        "timers": timers.measured(trace),
        **{
            key: [[at / 1000, value] for at, value in zip(line.times, line.values, strict=True)]
            for key, line in lines.items()
        },
    }
