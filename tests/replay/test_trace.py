"""The reader of recorded days: what it forgives, and what it says of the rest."""

import csv
import gzip
import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evsed.replay.trace import COLUMNS, LONGEST_SECONDS, TraceError, read

HEADER = ",".join(COLUMNS)
ROWS = ["0,10,20,30,1,2,3", "1,11,21,31,4,5,6", "2,-12,22,32,7,8,9"]
HOUSE = [(10, 20, 30), (11, 21, 31), (-12, 22, 32)]
SUN = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "day.csv"


def text(*rows: str, header: str = HEADER) -> str:
    return "".join(f"{line}\n" for line in (header, *rows))


def refusal(path: Path, content: str | bytes | None = None) -> str:
    """What is said of ``content``, without the path that it begins with."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TraceError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert isinstance(caught.value, ValueError)
    return said.removeprefix(str(path))


def test_one_row_a_second(file: Path) -> None:
    file.write_text(text(*ROWS))
    trace = read(file)
    assert (trace.name, trace.seconds, trace.house, trace.sun) == ("day", 3, HOUSE, SUN)


def test_packed(tmp_path: Path) -> None:
    path = tmp_path / "a.sunny.day.csv.gz"
    path.write_bytes(gzip.compress(text(*ROWS).encode()))
    trace = read(path)
    assert (trace.name, trace.house, trace.sun) == ("a.sunny.day", HOUSE, SUN)


@pytest.mark.parametrize(
    "content",
    [
        text(*ROWS).replace("\n", "\r\n"),
        text(*ROWS).replace("\n", "\r"),
        "\ufeff" + text(*ROWS),
        text(*ROWS).rstrip("\n"),
        "\n" + text(*ROWS) + "\n\n",
        text(*(f"{row},x,9" for row in ROWS), header=f"{HEADER},note,extra"),
        text(*(f"{row}," for row in ROWS)),
        text(*(",".join(reversed(row.split(","))) for row in ROWS), header=",".join(reversed(COLUMNS))),
        text(*ROWS, header=HEADER.replace(",", ", ")),
        text(*(row.replace(",", '","').join('""') for row in ROWS)),
        text("1700000000" + ROWS[0][1:], "1700000001" + ROWS[1][1:], "1700000002" + ROWS[2][1:]),
        text("-1" + ROWS[0][1:], "0" + ROWS[1][1:], "1" + ROWS[2][1:]),
        text("0.5" + ROWS[0][1:], "1.52" + ROWS[1][1:], "2.46" + ROWS[2][1:]),
        text("0,10.4,19.5,3e1,1.0,2.49,2.5", "1,11,21,31,3.6,5,6", "2,-12.4,22,32,7,8,9"),
    ],
    ids=["CRLF", "CR", "BOM", "no last line end", "blank lines", "more columns", "comma at the end", "other order",
         "blanks in the header", "quotes", "Unix time", "begins below 0", "t between seconds", "decimals"],
)  # fmt: skip
def test_forgiven(file: Path, content: str) -> None:
    file.write_bytes(content.encode())
    trace = read(file)
    assert (trace.house, trace.sun) == (HOUSE, SUN)


def test_sixty_missing_seconds_are_filled_with_the_row_before(file: Path) -> None:
    file.write_text(text(ROWS[0], "61,11,21,31,4,5,6", "63,-12,22,32,7,8,9"))
    trace = read(file)
    assert trace.seconds == 64
    assert trace.house == [HOUSE[0]] * 61 + [HOUSE[1]] * 2 + [HOUSE[2]]
    assert trace.sun == [SUN[0]] * 61 + [SUN[1]] * 2 + [SUN[2]]


def test_sixty_one_missing_seconds_are_refused(file: Path) -> None:
    said = refusal(file, text(ROWS[0], "62,11,21,31,4,5,6"))
    assert said == ", line 3: more than 60 s are missing (t is 0, then 62); cut the trace there"


def test_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "day.csv") == ": is not there; name a .csv or .csv.gz file"
    assert refusal(tmp_path) == ": is not a file; name a .csv or .csv.gz file"


def test_not_packed_although_its_name_says_so(tmp_path: Path) -> None:
    said = refusal(tmp_path / "day.csv.gz", text(*ROWS))
    assert said == ": is not packed with gzip; pack it (gzip FILE.csv) or drop the .gz"


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_damaged_package(tmp_path: Path, damage: str) -> None:
    packed = gzip.compress(text(*(f"{second},{second},2,3,4,5,6" for second in range(500))).encode())
    content = packed[:-20] if damage == "cut" else packed[:20] + bytes(range(200)) + packed[220:]
    said = refusal(tmp_path / "day.csv.gz", content)
    assert said == ": the packed file is cut off or damaged; copy or pack it again"


def test_packed_although_its_name_does_not_say_so(file: Path) -> None:
    said = refusal(file, gzip.compress(text(*ROWS).encode()))
    assert said == ", line 1: is not UTF-8 text; save it as CSV, or end its name in .gz if it is packed"


def test_too_large_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evsed.replay.trace.LARGEST_BYTES", 50)
    assert "is larger than" in refusal(file, text(*ROWS))


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_empty(file: Path, content: str) -> None:
    assert refusal(file, content) == f": is empty; the first line must be {HEADER}"


def test_header_alone(file: Path) -> None:
    assert refusal(file, text()) == ": has no row below its header; one row a second is wanted"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADER.replace("house2_dA", "house2_A"), "column house2_dA is missing"),
        (HEADER.replace(",", ";"), "column t is missing"),
        (HEADER + ",pv1_dA", "column pv1_dA is there more than once"),
    ],
)
def test_header(file: Path, header: str, told: str) -> None:
    said = refusal(file, text(*ROWS, header=header))
    assert said == f", line 1: {told}; the first line must be {HEADER}, with commas between"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,11,x,31,4,5,6", "house2_dA is 'x'; write a number there"),
        ("1,11,,31,4,5,6", "house2_dA is ''; write a number there"),
        ("1,11,21,1_0,4,5,6", "house3_dA is '1_0'; write a number there"),
        ("1,nan,21,31,4,5,6", "house1_dA is 'nan'; write a number there"),
        ("1,11,21,31,inf,5,6", "pv1_dA is 'inf'; write a number there"),
        ("1,11,21,31,4,-1e999,6", "pv2_dA is '-1e999'; write a number there"),
        ("inf,11,21,31,4,5,6", "t is 'inf'; write a number there"),
        ("1,2001,21,31,4,5,6", "house1_dA is 2001; it takes -2000 to 2000 dA (tenths of an ampere)"),
        ("1,11,-2001,31,4,5,6", "house2_dA is -2001; it takes -2000 to 2000 dA (tenths of an ampere)"),
        ("1,11,21,31,4,5,2001", "pv3_dA is 2001; it takes 0 to 2000 dA (tenths of an ampere)"),
        ("1,11,21,31,-1,5,6", "pv1_dA is -1; it takes 0 to 2000 dA (tenths of an ampere)"),
        ("1,11,21,31", "has fewer columns than the header; complete or remove the line"),
        ("0,11,21,31,4,5,6", "t repeats (0, then 0); one row a second is wanted, in order"),
        ("-5,11,21,31,4,5,6", "t goes back (0, then -5); one row a second is wanted, in order"),
        ("1e300,11,21,31,4,5,6", "t is '1e300'; write a number there"),
    ],
)
def test_row(file: Path, row: str, told: str) -> None:
    assert refusal(file, text(ROWS[0], "", row, ROWS[2])) == f", line 4: {told}"


def test_what_is_no_csv(file: Path) -> None:
    said = refusal(file, text(ROWS[0], "1," + "1" * 140_000))
    assert said.startswith(", line 3: is not CSV (")
    assert said.endswith("); save it as CSV again")


def test_more_than_seven_days(file: Path) -> None:
    rows = [f"{second},1,1,1,0,0,0" for second in range(0, LONGEST_SECONDS + 1, 60)]
    file.write_text(text(*rows[:-1], f"{LONGEST_SECONDS - 1},2,2,2,0,0,0"))
    assert read(file).seconds == LONGEST_SECONDS
    said = refusal(file, text(*rows))
    assert said == f", line {len(rows) + 1}: more than 7 days; cut the trace before this line"


def test_a_day_is_read_fast(file: Path) -> None:
    """About 3.3 times what splitting the lines takes, however fast or busy the machine is."""
    day = text(*(f"{at},{at % 300},{at % 200},{at % 100},{at % 90},{at % 80},7" for at in range(50_400)))
    file.write_text(day)
    split = least_time(lambda: len(list(csv.reader(io.StringIO(day)))))
    assert least_time(lambda: read(file).seconds) < 12 * split


def least_time(work: Callable[[], int]) -> float:
    """The least processor time of three goes."""
    times = []
    for _ in range(3):
        before = time.process_time()
        assert work() >= 50_400
        times.append(time.process_time() - before)
    return min(times)
