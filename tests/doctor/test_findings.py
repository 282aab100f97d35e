"""A step that fails or hangs is a finding, and the next one goes on."""

import threading
from collections.abc import Iterator

from evsed.core.ports import BoardLostError
from evsed.doctor.findings import Finding, Step, Verdict, attention, lines, ok, take, wrong


def test_what_a_step_finds_is_taken_in_order() -> None:
    found = [ok("a"), attention("b", "do"), wrong("c", "mend")]
    assert take(Step("x", lambda: found)) == found


def test_a_step_that_raises_keeps_what_it_found_before() -> None:
    def probe() -> Iterator[Finding]:
        yield ok("there")
        raise OSError(5, "Input/output error")

    first, second = take(Step("disk", probe))
    assert first == ok("there")
    assert second.verdict is Verdict.WRONG
    assert second.what == "could not be checked: [Errno 5] Input/output error"


def test_a_lost_board_says_by_itself_what_to_do() -> None:
    def probe() -> list[Finding]:
        raise BoardLostError("the ADC is not there: switch SPI on")

    assert take(Step("ADC", probe)) == [wrong("the ADC is not there: switch SPI on", "")]


def test_what_this_user_may_not_is_for_sudo() -> None:
    def probe() -> list[Finding]:
        raise PermissionError(13, "Permission denied", "/x")

    assert take(Step("x", probe))[0].advice == "try it with sudo"


def test_an_error_without_words_is_named() -> None:
    def probe() -> list[Finding]:
        raise RecursionError

    assert take(Step("x", probe))[0].what == "could not be checked: RecursionError"


def test_a_step_that_hangs_is_left_behind() -> None:
    held = threading.Event()

    def probe() -> Iterator[Finding]:
        yield ok("begun")
        held.wait()

    found = take(Step("x", probe), patience_s=0.2)
    held.set()
    assert found[-1].what == "could not be checked: no answer within 0.2 s"
    assert all(finding.verdict is Verdict.OK for finding in found[:-1])


def test_a_finding_is_a_line_and_what_to_do_below_it() -> None:
    assert lines("disk", ok("fine")) == ["ok         disk: fine"]
    assert lines("disk", attention("slow", "replace it")) == ["attention  disk: slow", "           -> replace it"]
