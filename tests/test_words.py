"""Everything that the charger says by a code has words in each language of the page; English is the charger's own."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

import pytest

from evsed.api.metrics.charger import CAPS, FAULTS, MODES, REASONS, STATES
from evsed.api.metrics.family import OTHER
from evsed.api.pages import WEB
from evsed.core import reader, reasons
from evsed.core.faults import Fault
from evsed.core.model import Equipment, MeterType, Mode
from evsed.core.operating import CLEARED_BY_OWNER
from evsed.core.reasons import Reason, of_fault
from evsed.core.schedule import UtcCalendar, clock_text
from evsed.core.setting_up import Step, left_to_do
from evsed.core.settings import TABLE, Settings

LOCALE: Final = WEB / "locale"
OTHERS: Final = [name for name in json.loads((LOCALE / "languages.json").read_text()) if name != "en"]
SENTENCE: Final = "sentence."
CARDS: Final = {
    getattr(reader, name)
    for name in ("NOT_INSTALLED", "READY", "PRESENT", "STORED", "DELETED", "KNOWN", "NOT_KNOWN", "FULL", "INVALID")
}
PLUG: Final = 1_763_800_000


def words(language: str) -> dict[str, str]:
    """The words of a language by "kind.code"."""
    found: dict[str, str] = json.loads((LOCALE / language / "words.json").read_text())
    return found


def coded(text: str) -> str:
    """A text as the page makes a code of it."""
    return text.lower().replace(" ", "_")


def steps() -> Iterator[Step]:
    """The steps of every kind of charger."""
    for node, meter, fixed, mode, rcmon in product(
        (0, 1, 2), (MeterType.DISABLED, MeterType.EASTRON3P), (0, 1), (Mode.NORMAL, Mode.SMART), (0, 1)
    ):
        settings = Settings()
        values = {"loadbl": node, "mains_meter": meter, "config": fixed, "mode": mode, "rcmon": rcmon, "set_up": 0}
        for key, value in values.items():
            settings = settings.replace(key, int(value))
        for described, fitted in ((True, True), (True, False), (False, False)):
            board = Equipment(needs_set_up=True, described=described, contactor2=fitted, rcm=fitted)
            yield from left_to_do(settings, board, mains_answers=True)


def all_reasons() -> Iterator[Reason]:
    """Every reason of the core, with examples of those that have numbers in them."""
    yield from (reason for reason in vars(reasons).values() if isinstance(reason, Reason))
    for fault in Fault:
        for node, held_up in product((False, True), (False, True)):
            yield of_fault(fault, node=node, held_up=held_up)
    for later in (600, 86_400, 3 * 86_400):
        yield Reason("delayed", f"Waiting until {clock_text(PLUG + later, PLUG, UtcCalendar())}")
    yield Reason("delayed", reasons.CLOCK_NOT_RIGHT)
    yield Reason("limited_outside", "Limited to 0 A by an outside program")
    yield Reason("limited_outside", "Limited to 4.5 A by an outside program, less than MIN")


def codes() -> set[str]:
    """What has to have words, as "kind.code"."""
    kinds: dict[str, Iterable[str]] = {
        "state": (*STATES, "not_set_up", "no_answer"),
        "mode": MODES,
        "fault": FAULTS,
        "reason": REASONS,
        "limited_by": CAPS,
        "step": {step.code for step in steps()},
        "card": map(coded, CARDS),
        "share": [coded(text) for text in TABLE["loadbl"].choices.values() if not text.startswith("Node")],
    }
    return {f"{kind}.{code}" for kind, found in kinds.items() for code in found if code != OTHER}


def pattern(key: str) -> re.Pattern[str]:
    """The English that a sentence is the translation of."""
    parts = re.split(r"\{\w+\}", key.removeprefix(SENTENCE))
    return re.compile("(.+?)".join(map(re.escape, parts)))


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_has_words_and_no_words_are_left_over(language: str) -> None:
    assert {key for key in words(language) if not key.startswith(SENTENCE)} == codes()


def test_all_languages_know_the_same_sentences_with_the_same_values() -> None:
    first, *others = (words(language) for language in OTHERS)
    for other in others:
        assert set(other) == set(first)
    for language in OTHERS:
        for key, text in words(language).items():
            wanted = sorted(re.findall(r"\{\w+\}", key)) if key.startswith(SENTENCE) else []
            assert sorted(re.findall(r"\{\w+\}", text)) == wanted, key


def without_sentence(said: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """By code what is said in English and is no known sentence."""
    patterns = [pattern(key) for key in words(OTHERS[0]) if key.startswith(SENTENCE)]
    left: dict[str, set[str]] = defaultdict(set)
    for code, text in said:
        if not any(each.fullmatch(text) for each in patterns):
            left[code].add(text)
    return left


def test_what_a_code_leaves_out_is_a_known_sentence() -> None:
    left = without_sentence((reason.code, reason.text) for reason in all_reasons())
    left |= without_sentence((f"step {step.code}", step.text) for step in steps())
    assert {code: texts for code, texts in left.items() if len(texts) > 1} == {}
    assert {text for texts in left.values() for text in texts if re.search(r"\d", text)} == set()


def test_the_page_has_a_button_for_the_faults_that_an_owner_resets() -> None:
    cleared = re.search(r"CLEARED = new Set\(\[(.*?)\]\)", (WEB / "views/charge/faults.js").read_text())
    assert cleared
    assert set(re.findall(r"\w+", cleared[1])) == {fault.value.code for fault in CLEARED_BY_OWNER}


def test_the_page_knows_what_to_do_about_every_fault() -> None:
    for language in ("en", *OTHERS):
        told = json.loads((LOCALE / language / "charge.json").read_text())
        faults = {f"do_{fault.value.code}" for fault in Fault if not fault.value.waiting}
        assert {key for key in told if key.startswith("do_")} == faults
