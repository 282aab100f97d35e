"""The log of sessions in the page: sums, bars, each session's lines, and the file for a spreadsheet."""

import re
import time
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.charger import Charger
from tests.browser.conftest import MakeContext
from tests.browser.past import remember, sessions

NOW = int(time.time())
PAST = list(sessions(NOW))


@pytest.fixture(scope="module", autouse=True)
def _remembered(running_charger: Charger) -> None:
    running_charger.kill()
    remember(running_charger.simulation, PAST)
    running_charger.start()


@pytest.fixture
def shown(page: Page) -> Page:
    page.goto("/#/sessions")
    expect(page.locator("details.session").first).to_be_visible()
    return page


def dd(page: Page, name: str) -> Locator:
    return page.locator(".head dt", has_text=name).locator("xpath=following-sibling::dd[1]")


def begun_since(days: int) -> list[int]:
    """The energy of each session of the last so many days, today among them."""
    first = datetime.combine(datetime.now().astimezone() - timedelta(days=days - 1), datetime.min.time()).timestamp()
    return [record.energy_wh or 0 for record in PAST if (record.start_s or 0) >= first]


def test_a_period_is_summed_up(shown: Page) -> None:
    expect(dd(shown, "Sessions")).to_have_text(str(len(begun_since(30))))
    expect(dd(shown, "Energy")).to_contain_text(f"{sum(begun_since(30)) / 1000:.1f}")
    expect(dd(shown, "Own sun")).to_have_text(re.compile(r"[\d.]+.kWh \(\d+ %\)"))
    expect(dd(shown, "Charging time")).to_have_text(f"{2 * len(begun_since(30))} h 0 min")
    expect(shown.locator("details.session")).to_have_count(len(begun_since(30)))
    expect(shown.locator(".chart canvas")).to_have_count(1)


def test_another_period_has_other_sums_and_files(shown: Page) -> None:
    shown.get_by_label("Period").select_option("all")
    expect(dd(shown, "Sessions")).to_have_text(str(len(PAST)))
    expect(shown.get_by_role("link", name="CSV")).to_have_attribute("href", "/api/v1/sessions.csv?separator=comma")
    expect(shown.get_by_role("link", name="JSON")).to_have_attribute("href", "/api/v1/sessions.json")
    shown.get_by_label("Period").select_option("days30")
    expect(dd(shown, "Sessions")).to_have_text(str(len(begun_since(30))))
    expect(shown.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile("from=2"))


def test_a_session_opens_to_all_that_is_known_of_it(shown: Page) -> None:
    third = next(place for place, record in enumerate(reversed(PAST)) if record.parts)
    one = shown.locator("details.session").nth(third)
    expect(one.locator("dl")).to_have_count(0)
    one.locator("summary").tap()
    expect(one).to_contain_text("Waiting for sun (2 times); Car stopped")
    expect(one).to_contain_text(re.compile("Anna: [0-9.]+.kWh"))
    expect(one).to_contain_text("16.0")
    assert "04A1B2C3D4E5" not in one.inner_text()


def test_a_session_opens_with_a_key(shown: Page) -> None:
    one = shown.locator("details.session").first
    one.locator("summary").focus()
    shown.keyboard.press("Enter")
    expect(one.locator("dl")).to_be_visible()


def test_a_finger_on_a_bar_reads_it(shown: Page) -> None:
    over = shown.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    expect(shown.get_by_text("Touch a bar to read it.")).to_be_visible()
    over.tap(position={"x": box["width"] * (28 + 0.5) / 30, "y": box["height"] - 5})  # yesterday
    expect(shown.locator(".moment")).to_contain_text(f"{(PAST[-1].energy_wh or 0) / 1000:.1f}")


@pytest.mark.parametrize(
    ("energy", "solar", "words"),
    [
        (None, None, r": energy unknown$"),
        (9_000, None, r": 9\.0.kWh, own sun unknown$"),
        (9_000, 3_000, r": 9\.0.kWh, 3\.0.kWh own sun$"),
    ],
)
def test_a_bar_says_what_is_unknown(page: Page, energy: int | None, solar: int | None, words: str) -> None:
    def answer(route: Route) -> None:
        document = route.fetch().json()
        one = {**document["sessions"][0], "energy_wh": energy, "solar_wh": solar, "solar_percent": None}
        route.fulfill(json={"sessions": [one], "next": None})

    page.route("**/api/v1/sessions?*", answer)
    page.goto("/#/sessions")
    over = page.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    over.tap(position={"x": box["width"] * (28 + 0.5) / 30, "y": box["height"] - 5})  # yesterday
    expect(page.locator(".moment")).to_have_text(re.compile(words))


def test_a_year_is_drawn_by_month(shown: Page) -> None:
    shown.get_by_label("Period").select_option("year")
    expect(shown.get_by_role("heading", name=re.compile("Energy per"))).to_be_visible()
    wanted = "month" if datetime.fromtimestamp(NOW).astimezone().timetuple().tm_yday > 62 else "day"
    expect(shown.get_by_role("heading", name=f"Energy per {wanted}")).to_be_visible()


def test_what_nobody_split_is_not_said_to_be_sun_or_mains(shown: Page) -> None:
    shown.get_by_label("Period").select_option("all")
    expect(shown.locator(".legend")).to_contain_text("not split")
    unsplit = len(PAST) - 1 - next(place for place, record in enumerate(PAST) if record.solar_mwh is None)
    one = shown.locator("details.session").nth(unsplit)
    one.locator("summary").tap()
    expect(one.locator("dd").nth(3)).to_have_text("unknown")


def test_the_file_has_the_separator_that_was_chosen(shown: Page) -> None:
    shown.get_by_label("Separator").select_option("semicolon")
    with shown.expect_download() as download:
        shown.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "sessions.csv"
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("session;start;end;")
    assert len(lines) == 1 + len(begun_since(30))


def test_a_dutch_spreadsheet_is_offered_semicolons(context_of: MakeContext) -> None:
    page = context_of(locale="nl-NL").new_page()
    page.goto("/#/sessions")
    expect(page.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile("separator=semicolon"))
    expect(page.locator("details.session").first).to_contain_text("% zon")


def test_a_car_that_comes_is_in_the_list_without_a_reload(charger: Charger, shown: Page) -> None:
    expect(shown.locator("summary", has_text="now")).to_have_count(0)
    charger.plug()
    expect(shown.locator("summary", has_text="now")).to_have_count(1)
    charger.plant(car={"plugged": False})
    expect(shown.locator("summary", has_text="now")).to_have_count(0)


def test_a_period_without_a_session_says_so(page: Page) -> None:
    page.route("**/api/v1/sessions?*", lambda route: route.fulfill(json={"sessions": [], "next": None}))
    page.goto("/#/sessions")
    expect(page.get_by_text("Nothing was charged in this period.")).to_be_visible()
    expect(page.locator(".chart")).to_be_hidden()
    expect(dd(page, "Energy")).to_contain_text("0.0")
