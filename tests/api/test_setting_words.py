"""The page's own words for settings: a name, an explanation and every choice, in each language, and none too many."""

import json
from pathlib import Path

import pytest

from evsed.api.pages import WEB
from evsed.core.settings import TABLE

LOCALE = WEB / "locale"
LANGUAGES = tuple(json.loads((LOCALE / "languages.json").read_text()))
CHOICES = [(key, choice) for key, row in TABLE.items() for choice in row.choices.values()]


def words(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(LOCALE / language / "setting_words.json").read_text())
    return found


def entry_of(key: str, choice: str, found: dict[str, str]) -> str:
    """What the page looks up: the choice of this setting, else that of any."""
    own = f"choice.{key}.{choice}"
    return own if own in found else f"choice.*.{choice}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_has_a_name_and_an_explanation(language: str) -> None:
    found = words(language)
    assert [key for key in TABLE for kind in ("name", "help") if not found.get(f"{kind}.{key}")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_has_a_word(language: str) -> None:
    found = words(language)
    assert [pair for pair in CHOICES if not found.get(entry_of(*pair, found))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_for_something_that_is_not_there(language: str) -> None:
    found = words(language)
    used = {f"{kind}.{key}" for key in TABLE for kind in ("name", "help")}
    used |= {entry_of(*pair, found) for pair in CHOICES}
    assert sorted(set(found) - used) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_settings_have_one_name_nor_two_choices_one_word(language: str) -> None:
    found = words(language)
    names = [found[f"name.{key}"] for key in TABLE]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    for key, row in TABLE.items():
        said = [found[entry_of(key, choice, found)] for choice in row.choices.values()]
        assert len(set(said)) == len(said), key
