"""Sessions in settings.json: what is written comes back, and what is damaged is left out and said."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.record import Counters, Ending, Kept
from evsed.core.snapshot import Saved
from evsed.logbook.fields import kept_fields, kept_of
from evsed.saved_text import decode, encode
from tests.logbook.samples import counters, kept, records, session


@given(records, records, counters)
def test_what_is_written_comes_back(opened: Any, last: Any, counted: Counters) -> None:
    opened, last = (_with(opened, None), _with(last, Ending.UNPLUGGED))
    everything = Kept(opened, last, counted)
    assert kept_of(json.loads(json.dumps(kept_fields(everything)))) == (everything, [])
    assert decode(encode(Saved(kept=everything))).saved.kept == everything


def _with(record: Any, ending: Ending | None) -> Any:
    return replace(record, ending=ending)


def test_a_file_of_an_older_evsed_has_none_and_is_fine() -> None:
    document = json.loads(encode(Saved(kept=kept())))
    del document["sessions"]
    decoded = decode(json.dumps(document))
    assert (decoded.saved.kept, decoded.bad, decoded.remarks) == (Kept(), (), ())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number", 0), ("number", True), ("number", 2**60), ("energy_wh", -1), ("start_s", "noon"), ("ending", "lost"),
        ("charging", 1), ("phases", [4]), ("phases", 3), ("closings", [1]), ("by_phases", [1, 2]), ("stops", [["a"]]),
        ("modes", ["x" * 300]), ("parts", [{}]), ("parts", [[]]), ("stops", [1] * 1_000),
    ],
)  # fmt: skip
def test_a_damaged_session_is_left_out_and_said_and_the_settings_count(key: str, value: object) -> None:
    document = json.loads(encode(Saved(kept=kept())))
    document["sessions"]["last"][key] = value
    decoded = decode(json.dumps(document))
    assert decoded.saved.kept == Kept(counters=kept().counters)
    assert decoded.bad == ()
    assert [remark.startswith("sessions: last cannot be used") for remark in decoded.remarks] == [True]


@pytest.mark.parametrize("sessions", [5, [], "x", {"open": 5, "last": [], "counters": 1}, {"counters": {}}])
def test_nonsense_is_no_sessions(sessions: object) -> None:
    found, remarks = kept_of(sessions)
    assert found == Kept()
    assert remarks


def test_an_open_session_that_has_ended_is_the_last_one() -> None:
    fields = kept_fields(kept())
    fields["open"], fields["last"] = fields["last"], None
    assert kept_of(fields)[0].last == session(1)
    fields["last"] = kept_fields(kept(2, None))["open"]
    assert kept_of(fields)[0] == Kept(None, None, kept().counters)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(), st.lists))
def test_nothing_in_a_file_raises(value: object) -> None:
    fields = kept_fields(kept())
    for key in fields["last"]:
        broken = {**fields, "last": {**fields["last"], key: value}}
        assert kept_of(broken)[0].counters == kept().counters
