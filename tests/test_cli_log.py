"""`evsed log` against a charger that runs: shown, followed through a restart, and ended quietly."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from evsed import cli
from evsed.cli import log as command
from evsed.logring import Ring
from tests.api.served import Charger, Served
from tests.scenarios.simulation import PATIENCE_S, Simulation, free_port, wait_for
from tests.silicon.environment import AS_COLLECTED


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One charger for all, whose log has three lines."""
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        ring = charger.site.log_lines
        say(ring, "all is well")
        say(ring, "Meter lost", logging.WARNING, "evsed.hw.poller")
        say(ring, "Traceback\n  of it\x1b[2J", logging.ERROR, "evsed.app")
        yield served


def say(ring: Ring, text: str, level: int = logging.INFO, name: str = "evsed.a") -> None:
    ring.keep(logging.makeLogRecord({"msg": text, "levelno": level, "name": name, "created": 1_800_000_000.0}))


def url(served: Served) -> list[str]:
    return ["--url", f"http://127.0.0.1:{served.port}"]


def test_the_last_lines_are_shown(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["log", *url(served)]) == 0
    when = r"2027-01-1\d \d\d:\d\d:00"
    assert re.fullmatch(
        rf"{when} INFO    a: all is well\n"
        rf"{when} WARNING hw\.poller: Meter lost\n"
        rf"{when} ERROR   app: Traceback\n      of it\\x1b\[2J\n",
        capsys.readouterr().out,
    )


def test_lines_are_chosen(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["log", *url(served), "--level", "warning", "--last", "1"]) == 0
    assert capsys.readouterr().out.startswith("2027-01-1")
    assert cli.main(["log", *url(served), "--text", "METER", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    wanted = {"number": 2, "at": 1_800_000_000_000, "level": "warning", "logger": "evsed.hw.poller"}
    assert json.loads(line) == {**wanted, "text": "Meter lost"}
    assert cli.main(["log", *url(served), "--last", "0"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("words", [("--level", "loud"), ("--last", "2001"), ("--last", "x")])
def test_what_cannot_be_asked_is_told(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["log", *words])
    assert ended.value.code == os.EX_USAGE
    assert "usage: evsed log" in capsys.readouterr().err


@pytest.mark.parametrize("follow", [(), ("--follow",)])
def test_where_no_daemon_runs_the_journal_is_named(follow: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["log", "--url", f"http://127.0.0.1:{free_port()}", *follow]) == os.EX_UNAVAILABLE
    told = capsys.readouterr().err
    assert "nobody answers at http://127.0.0.1" in told
    assert "evsed log: what it said before it ended: journalctl -u evsed\n" in told


def test_only_a_terminal_gets_colours(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_takes_colour", lambda: True)
    assert cli.main(["log", *url(served)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("\x1b[0m") for line in lines] == [False, True, True, True]
    assert [line.startswith("\x1b[") for line in lines] == [False, True, True, True]
    monkeypatch.undo()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli.main(["log", *url(served)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_is_another_server_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    async def other(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"{}"})

    with Charger() as charger, Served(other, charger.refusals) as server:
        for follow in ((), ("--follow",)):
            assert cli.main(["log", *url(server), *follow]) == os.EX_UNAVAILABLE
            assert "is not evsed" in capsys.readouterr().err


# ---- as a process ----


class Follower:
    """`evsed log --follow`, as somebody typed it."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "evsed", "log", "--follow", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, env=AS_COLLECTED, **pipes)  # type: ignore[call-overload]

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)

    def hear(self, wanted: str, stream: str = "stdout") -> str:
        """The next line with ``wanted`` in it."""
        for line in getattr(self.process, stream):
            if wanted in line:
                return str(line)
        pytest.fail(f"it ended without {wanted}")


def test_ctrl_c_ends_it_quietly(served: Served) -> None:
    with Follower(*url(served)) as follower:
        follower.hear("all is well")
        follower.process.send_signal(signal.SIGINT)
        _, told = follower.process.communicate(timeout=PATIENCE_S)
        assert (follower.process.returncode, told) == (0, "")


def test_it_ends_when_its_reader_has_seen_enough(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as head; also when nothing comes that could not be written."""
    monkeypatch.setattr("evsed.api.v1.log.HEARTBEAT_S", 0.1)
    with Follower(*url(served)) as follower:
        follower.hear("all is well")
        follower.process.stdout.close()
        assert follower.process.wait(PATIENCE_S) == 141
        assert follower.process.stderr.read() == ""
        follower.process.stdout = None


def test_it_survives_a_restart_of_the_daemon_and_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    state = tmp_path_factory.mktemp("log") / "state"
    with Simulation(state) as simulation, Follower("--url", f"unix:{state / 'control.sock'}") as follower:
        follower.hear("mDNS")
        began = simulation.kill()
        assert "the connection is lost" in follower.hear("evsed log: ", "stderr")
        simulation.start(began)
        assert "connected again" in follower.hear("evsed log: ", "stderr")
        assert "the daemon was restarted" in follower.hear("evsed log: ", "stderr")
        refused = simulation.http("PUT", "/api/v1/mode", b'{"mode":"afterwards"}', Content_Type="application/json")
        assert refused.status == 422
        assert "is refused" in follower.hear("afterwards")


def test_debug_is_made_while_somebody_follows_it_and_what_is_set_as_secret_is_hidden(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulation(tmp_path_factory.mktemp("debug") / "state") as simulation:
        control = ("--url", f"unix:{simulation.state_dir / 'control.sock'}")
        with Follower("--level", "debug", "--json", *control) as follower:
            follower.hear("mDNS")
            simulation.plug()
            line = json.loads(follower.hear('"level":"debug"'))
        assert line["logger"].startswith("evsed.")
        assert "DEBUG" not in simulation.said(), "the journal is spared"
        hook = "hook-Jd6Lb1Yf"
        assert cli.main(["settings", *control, "set", f"alert_webhook=https://example.invalid/{hook}"]) == 0
        simulation.http("PUT", "/api/v1/mode", json.dumps({"mode": hook}).encode(), Content_Type="application/json")
        wait_for(lambda: "mode='***'" in simulation.said(), "it is logged what somebody sent")
        assert hook not in simulation.said(), "in the journal neither"
        capsys.readouterr()
        assert cli.main(["log", *control, "--text", "is refused"]) == 0
        assert "mode='***'" in capsys.readouterr().out
