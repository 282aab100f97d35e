"""The outside limit: a cap that a program lends the charger for some time, and what stays when the time is over.

Owns nothing but that one limit. It is not kept over a restart: whoever lends it is there to lend it again, and a limit
whose lender has gone must not stay for ever.
"""

from dataclasses import dataclass

from evsed.core.duty import HIGHEST_OFFER
from evsed.core.limits import Cap
from evsed.core.units import Deciamps, Millis

LOWEST_SECONDS = 1
LONGEST_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Lent:
    """At most ``current`` (0..800 dA) per phase ``until`` then (monotonic ms), and after that ``fallback`` (0..800 dA).

    ``until`` None: until it is ended or lent anew; so is a fallback in force. ``fallback`` None: nothing stays.
    """

    current: Deciamps
    until: Millis | None
    fallback: Deciamps | None

    @property
    def cap(self) -> Cap:
        """It as one more cap."""
        return Cap("outside limit", self.current)


@dataclass(frozen=True, slots=True)
class Hold:
    """A limit that lets no car charge: how low it is (dA), and until when (monotonic ms; None: nobody can say)."""

    current: Deciamps
    until: Millis | None


def hold(lent: Lent | None, minimum: Deciamps) -> Hold | None:
    """Whether ``lent``, in force now, is less than ``minimum`` (60..160 dA), the least that a car is offered."""
    if lent is None or lent.current >= minimum:
        return None
    goes_on = lent.fallback is not None and lent.fallback < minimum
    return Hold(lent.current, None if goes_on else lent.until)


def lent_at(lent: Lent | None, now: Millis) -> Lent | None:
    """What ``lent`` is at ``now``: itself, its fallback, or nothing any more."""
    if lent is None or lent.until is None or now < lent.until:
        return lent
    return None if lent.fallback is None else Lent(lent.fallback, None, lent.fallback)


def wrong(current: Deciamps, seconds: int, fallback: Deciamps | None) -> str:
    """What is wrong with a limit, in ampere for people; empty when nothing is."""
    for name, value in (("limit", current), ("fallback", fallback)):
        if value is not None and not 0 <= value <= HIGHEST_OFFER:
            return f"the {name} takes 0 to {HIGHEST_OFFER // 10} A; not {value / 10:g}"
    if not LOWEST_SECONDS <= seconds <= LONGEST_SECONDS:
        return f"a limit is lent for {LOWEST_SECONDS} to {LONGEST_SECONDS} seconds; not {seconds}"
    return ""
