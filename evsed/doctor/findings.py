"""What the doctor finds, a step at a time: each step is asked on a thread of its own, so that none holds up the others.

Owns the verdicts, the patience with a step, and how a finding is printed. What is looked at is the other modules'.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from evsed.core.ports import BoardLostError

PATIENCE_S = 3.0
"""A step that takes longer is left behind: what it asks does not answer."""

_WIDTH = 11


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    ATTENTION = "attention"
    """It works, but not as well or as safely as it could."""

    WRONG = "wrong"
    """Charging does not work so, or not safely."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and where, and what the owner can do about it."""

    verdict: Verdict
    what: str
    advice: str = ""


def ok(what: str) -> Finding:
    """As it should be."""
    return Finding(Verdict.OK, what)


def attention(what: str, advice: str) -> Finding:
    """Could be better."""
    return Finding(Verdict.ATTENTION, what, advice)


def wrong(what: str, advice: str) -> Finding:
    """Has to be mended."""
    return Finding(Verdict.WRONG, what, advice)


@dataclass(frozen=True, slots=True)
class Step:
    """One question. ``probe`` may raise anything and may hang."""

    subject: str
    probe: Callable[[], Iterable[Finding]]


def take(step: Step, patience_s: float = PATIENCE_S) -> list[Finding]:
    """What ``step`` finds; a step that fails or hangs is a finding, too. Takes at most ``patience_s``."""
    found: list[Finding] = []

    def ask() -> None:
        try:
            found.extend(step.probe())
        except BoardLostError as error:
            found.append(wrong(str(error), ""))  # says by itself what to do
        except Exception as error:  # noqa: BLE001 - whatever it is, the next step goes on, and the owner hears of it
            advice = "try it with sudo" if isinstance(error, PermissionError) else "mend that, or tell us of it"
            found.append(wrong(f"could not be checked: {str(error) or type(error).__name__}", advice))

    thread = threading.Thread(target=ask, name=f"doctor {step.subject}", daemon=True)
    thread.start()
    thread.join(patience_s)
    if thread.is_alive():
        hung = f"could not be checked: no answer within {patience_s:g} s"
        return [*found, wrong(hung, "what it asks hangs; look at the lines above, and at journalctl -b")]
    return found


def lines(subject: str, finding: Finding) -> list[str]:
    """As it is printed: verdict, subject and what was found, and below it what to do."""
    first = f"{finding.verdict:<{_WIDTH}}{subject}: {finding.what}"
    return [first, f"{'':<{_WIDTH}}-> {finding.advice}"] if finding.advice else [first]
