"""What can be said of the page without a browser: its modules fit together, its texts are there in every language."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from evsed.api.pages import HEADERS
from tests.browser.sources import LANGUAGES, LOCALE, NAMED_VIEWS, SCRIPTS, VIEWS, WEB, imports, texts

OTHERS = [language for language in LANGUAGES if language != "en"]


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{\w+\}", text)))


def test_every_module_parses_and_every_import_is_there() -> None:
    node = compute_driver_executable()[0]  # Playwright has its own; there is no other where the tests run
    reader: list[str | Path] = [
        node,
        "--experimental-vm-modules",
        "--no-warnings",
        WEB.parents[2] / "tests/browser/modules.mjs",
    ]
    modules = [path for path in WEB.rglob("*.js") if path.name != "theme.js"]  # that one runs before any module
    done = subprocess.run([*reader, WEB, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_view_of_the_table_has_a_module() -> None:
    assert VIEWS == NAMED_VIEWS


def test_languages_are_those_whose_texts_are_there() -> None:
    named = re.search(r"const NAMES = \{ (.*) \};", (WEB / "lib/i18n.js").read_text())
    assert named
    assert dict(re.findall(r'(\w+): "([^"]+)"', named[1])) == json.loads((LOCALE / "languages.json").read_text())
    assert set(LANGUAGES) == {folder.name for folder in LOCALE.iterdir() if folder.is_dir()}


def test_the_page_says_at_its_beginning_what_the_first_view_needs() -> None:
    html = (WEB / "index.html").read_text()
    modules = imports(WEB / "app.js") | imports(WEB / "views/charge.js")
    assert set(re.findall(r'<link rel="modulepreload" href="/web/([^"]+)">', html)) | {"app.js"} == {
        str(path.relative_to(WEB)) for path in modules
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there_with_the_same_values_put_in(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert sorted(set(english) - set(other)) == []
    differ = [key for key in english if placeholders(english[key]) != placeholders(other[key])]
    assert differ == []
    more = sorted(set(other) - set(english))
    assert [key for key in more if key.count(".") < 2] == []  # area.kind.code: what the charger itself says in English
    assert more == sorted(set(texts(OTHERS[0])) - set(english))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_a_blank_too_many(language: str) -> None:
    odd = {key: text for key, text in texts(language).items() if not text or text != text.strip() or "  " in text}
    assert odd == {}


@pytest.mark.parametrize("file", sorted(LOCALE.rglob("*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_key_of_a_file_of_texts_is_there_twice(file: Path) -> None:
    def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
        assert len({key for key, _ in pairs}) == len(pairs)
        assert all(isinstance(text, str) for _, text in pairs)
        return dict(pairs)

    json.loads(file.read_text(), object_pairs_hook=once)


def test_every_text_that_a_module_asks_for_is_there() -> None:
    known = texts("en")
    missing = []
    for script in SCRIPTS:
        source = script.read_text()
        missing += [
            f"{script.name}: {key}" for key in re.findall(r"(?<![#\w.])t\(\s*\"([^\"]+)\"", source) if key not in known
        ]
        missing += [
            f"{script.name}: {begin}..."
            for begin in re.findall(r"(?<![#\w.])t\(\s*`([^`$]+)\$\{", source)
            if not any(key.startswith(begin) for key in known)
        ]
    assert missing == []


def test_what_a_view_says_it_needs_is_there_in_every_language() -> None:
    for view in VIEWS:
        found = re.search(r"export const areas = (\[.*?\]);", (WEB / f"views/{view}.js").read_text(), re.DOTALL)
        for area in re.findall(r'"(\w+)"', found[1]) if found else []:
            assert [language for language in LANGUAGES if not (LOCALE / language / f"{area}.json").is_file()] == []


def test_a_view_has_a_style_sheet_where_it_says_so() -> None:
    said = {view for view in VIEWS if "export const css = true" in (WEB / f"views/{view}.js").read_text()}
    assert said == {sheet.stem for sheet in WEB.glob("views/*.css") if sheet.stem in VIEWS}


@pytest.mark.parametrize("sheet", sorted(WEB.glob("views/*.css")), ids=lambda path: path.stem)
def test_a_views_style_is_its_own(sheet: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    selectors = re.findall(r"(?:^|[{}])\s*([^@{};]+)\{", rules)
    parts = [part.strip() for selector in selectors for part in re.split(r",(?![^(]*\))", selector)]
    steps = {"from", "to"}  # of an animation
    assert [part for part in parts if ".view-" not in part and part not in steps and not part.endswith("%")] == []


def test_no_module_makes_elements_of_html_or_runs_texts() -> None:
    forbidden = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)\b")
    assert [path.name for path in SCRIPTS if forbidden.search(path.read_text())] == []


def test_no_page_has_a_script_or_a_style_in_it() -> None:
    for page in WEB.glob("*.html"):
        html = page.read_text()
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", html), page.name
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html), page.name


def test_the_policy_lets_in_nothing_but_what_is_ours() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {source for name, source in policy.items() if name in {"script-src", "style-src", "connect-src"}} == {
        "'self'"
    }
    assert not any("unsafe" in source or "*" in source or "http" in source for source in policy.values())


def test_modules_are_short() -> None:
    assert [path.name for path in SCRIPTS if len(path.read_text().splitlines()) > 400] == []


ANOTHER_NAME = {
    "nl": [
        "modus",
        "relais 1",
        "een relais",
        "knooppunt",
        "thuisbatterij",
        "groepsmeter",
        "aardlekbewaking",
        "starttijd",
    ],
    "de": ["hausbatterie", "knoten", "zähler im stromkreis", "startzeit", " std"],
}
"""Of stand, magneetschakelaar, node, thuisaccu, groepmeter, lekstroombewaking, begintijd; of Hausspeicher, Node,
Stromkreiszähler, Beginn, h."""

ONES_OWN = {"nl": ["eigen stroom", "eigen laadstroom"], "de": ["eigener strom", "eigenen strom", "eigenstrom"]}
"""Is what the sun gives; what the override sets is another."""


@pytest.mark.parametrize("language", OTHERS)
def test_one_thing_has_one_name(language: str) -> None:
    others = ANOTHER_NAME[language] + ONES_OWN[language]
    found = {key: text for key, text in texts(language).items() if any(other in text.lower() for other in others)}
    assert found == {}


@pytest.mark.parametrize("language", OTHERS)
def test_a_mode_has_the_same_name_everywhere(language: str) -> None:
    own = texts(language)
    for name in ("normal", "smart", "solar"):
        names = {own[f"words.mode.{name}"], own[f"sessions.mode.{name.upper()}"]}
        assert names == {own[f"setting_words.choice.mode.{name.title()}"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_only_programs_read_is_not_on_the_page(language: str) -> None:
    assert [key for key, text in texts(language).items() if re.search(r"\bFAIL\b|^OK\b", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_erasing_says_what_goes_and_names_the_box_that_saves_it(language: str) -> None:
    own = texts(language)
    assert own["backup.with_secrets"].split(" (")[0] in own["backup.erase_what"]
    assert "LCD PIN" in own["backup.erase_about"]
    assert "LCD PIN" in own["backup.erase_what"]
