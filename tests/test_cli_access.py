"""`evsed access` as root and an owner type it, against a charger that runs; and settings by every way to it."""

import getpass
import io
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evsed import cli
from evsed.cli.charger import Charger as Charged
from evsed.cli.trouble import TroubleError
from evsed.cli.way import Shown, find
from evsed.doors.certificate import CERTIFICATE_FILE, KEY_FILE, ensure, facts
from tests.api.served import Charger, Served
from tests.scenarios.simulation import Simulation, free_port

PIN = "86420135"
PASSWORD = "correct horse"  # noqa: S105


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def charger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One charger for all; its socket is beside its state."""
    with Simulation(tmp_path_factory.mktemp("access") / "state") as simulation:
        yield simulation


@pytest.fixture(autouse=True)
def _nobody_said_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVSED_TOKEN", raising=False)


def root(charger: Simulation) -> list[str]:
    return ["--url", f"unix:{charger.state_dir / 'control.sock'}"]


def network(charger: Simulation) -> list[str]:
    return ["--url", f"http://127.0.0.1:{charger.port}"]


def entering(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Whoever is asked on the terminal answers with ``lines``."""
    left = list(lines)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: left.pop(0))


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def pin(charger: Simulation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installer's PIN is set."""
    piped(monkeypatch, PIN + "\n")
    assert cli.main(["access", *root(charger), "pin"]) == 0
    yield
    piped(monkeypatch, "-\n")
    assert cli.main(["access", *root(charger), "pin"]) == 0


def shown(charger: Simulation, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What `evsed access` lists."""
    capsys.readouterr()
    assert cli.main(["access", *root(charger)]) == 0
    return {line[:17].strip(): line[17:] for line in capsys.readouterr().out.splitlines()}


# ---- credentials ----


def test_a_pin_is_asked_for_twice_and_never_shown(
    charger: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(charger, capsys)["installer's PIN"] == "not set"
    entering(monkeypatch, PIN, PIN)
    assert cli.main(["access", *root(charger), "pin"]) == 0
    told = capsys.readouterr()
    assert told.out == "the installer's PIN is set\n"
    assert PIN not in told.out + told.err
    assert shown(charger, capsys)["installer's PIN"] == "set"
    entering(monkeypatch, "-")
    assert cli.main(["access", *root(charger), "pin"]) == 0
    assert shown(charger, capsys)["installer's PIN"] == "not set"


@pytest.mark.parametrize(
    ("lines", "says"),
    [((PIN, "86420136"), "these are not the same"), (("",), "nothing was entered"), (("12", "12"), "4 to 8 digits")],
)
def test_what_is_no_pin_changes_nothing(
    charger: Simulation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lines: tuple[str, ...],
    says: str,
) -> None:
    entering(monkeypatch, *lines)
    assert cli.main(["access", *root(charger), "pin"]) == 1
    assert says in capsys.readouterr().err
    assert shown(charger, capsys)["installer's PIN"] == "not set"


def test_a_password_is_read_from_a_pipe(
    charger: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, PASSWORD + "\n")
    assert cli.main(["access", "password", *root(charger)]) == 0
    assert ("password", "set") in shown(charger, capsys).items()
    piped(monkeypatch, "-\n")
    assert cli.main(["access", "password", *root(charger)]) == 0
    assert ("password", "not set") in shown(charger, capsys).items()
    piped(monkeypatch, "")
    assert cli.main(["access", "password", *root(charger)]) == os.EX_NOINPUT


def test_an_owner_gives_his_password_on_the_terminal(
    charger: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, PASSWORD + "\n")
    assert cli.main(["access", *root(charger), "password"]) == 0
    entering(monkeypatch, PASSWORD)
    assert cli.main(["access", *network(charger), "--password", "token", "add", "mine"]) == 0
    assert cli.main(["access", *root(charger), "token", "remove", "mine"]) == 0
    piped(monkeypatch, "-\n")
    assert cli.main(["access", *root(charger), "password"]) == 0
    assert PASSWORD not in capsys.readouterr().out


def test_of_a_charger_that_is_named_no_certificate_of_this_machine_is_shown(
    charger: Simulation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "certificate" not in shown(charger, capsys)


def test_a_token_is_shown_once_works_until_it_is_removed_and_is_listed(
    charger: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["access", *root(charger), "token", "add", "evcc 1", "--right", "install"]) == 0
    token = capsys.readouterr().out.strip()
    assert shown(charger, capsys)["token"].startswith("evcc 1: install, of ")
    file = tmp_path / "token"
    file.write_text(token + "\n")
    install = ["settings", *network(charger), "set", "current_max=14"]
    assert cli.main([*install, "--token-file", str(file)]) == 0
    monkeypatch.setenv("EVSED_TOKEN", token)
    assert cli.main(install) == 0
    assert cli.main(["access", *root(charger), "token", "remove", "evcc 1"]) == 0
    capsys.readouterr()
    assert cli.main(install) == 1
    told = capsys.readouterr().err
    assert "this token is none, or was removed" in told
    assert token not in told


@pytest.mark.usefixtures("pin")
def test_with_login_on_who_says_nothing_is_told_what_to_do(
    charger: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["access", *root(charger), "login", "ON"]) == 0
    assert capsys.readouterr().out.endswith("login is On\n")
    try:
        assert cli.main(["settings", *network(charger), "get", "mode"]) == 1
        assert "On the charger itself, sudo evsed ... needs no PIN" in capsys.readouterr().err
        assert cli.main(["settings", *root(charger), "get", "mode"]) == 0
        entering(monkeypatch, PIN)
        assert cli.main(["settings", *network(charger), "--pin", "get", "mode"]) == 0
    finally:
        assert cli.main(["access", *root(charger), "login", "off"]) == 0


# ---- the ways ----


@pytest.mark.usefixtures("pin")
def test_what_is_the_installer_s_needs_the_socket_or_a_pin(
    charger: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["settings", *network(charger), "set", "current_main=31"]) == 1
    told = capsys.readouterr().err
    assert "From elsewhere: --pin or --password ask for it, --token-file FILE has a token." in told
    assert "nothing was changed" in told
    assert cli.main(["settings", *root(charger), "set", "current_main=31"]) == 0
    entering(monkeypatch, PIN)
    assert cli.main(["settings", *network(charger), "--pin", "set", "current_main=32"]) == 0
    assert charger.get("/api/v1/settings").json["current_main"]["value"] == 32


def test_without_an_address_root_asks_over_the_socket(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "evsed.toml"
    nobody = f"[http]\nport = {free_port()}\n"
    config.write_text(f'{nobody}[control]\nsocket = "{charger.state_dir / "control.sock"}"\n')
    assert cli.main(["settings", "--config", str(config), "get", "mode"]) == 0
    config.write_text(f'{nobody}[control]\nsocket = ""\n')
    assert cli.main(["settings", "--config", str(config), "get", "mode"]) == os.EX_UNAVAILABLE
    assert "nobody answers at http://127.0.0.1" in capsys.readouterr().err


def test_texts_are_had_as_they_are_and_what_is_refused_is_told(charger: Simulation) -> None:
    way = Charged(find(root(charger)[1], Path(), chosen=False, shown=Shown()))
    assert way.text("/web/base.css") == charger.get("/web/base.css").body.decode()
    with pytest.raises(TroubleError, match="there is nothing at /nothing"):
        way.text("/nothing")
    with pytest.raises(TroubleError, match="mode"):
        way.ask("PUT", "/api/v1/mode", b"mode=Smart", "text/plain")


def test_where_nobody_listens_at_a_socket_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings", "--url", f"unix:{tmp_path}/none", "get", "mode"]) == os.EX_UNAVAILABLE
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--token-file", "/none", "get", "mode"), os.EX_NOINPUT, "/none cannot be read: No such file"),
        (("--token-file", "/dev/null", "--pin", "get", "mode"), os.EX_USAGE, "one of them is enough"),
        (("--pin", "get", "mode"), 1, "--pin asks on the terminal, and there is none"),
        (("--password", "get", "mode"), 1, "--password asks on the terminal, and there is none"),
        (("--password", "get", "mode", "--pin"), os.EX_USAGE, "one of them is enough"),
        (("--token-file", __file__, "get", "mode"), 1, "holds no token"),
    ],
)
def test_what_lets_nobody_in_costs_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    says: str,
) -> None:
    piped(monkeypatch, "")
    assert cli.main(["settings", "--url", "http://127.0.0.1:1", *words]) == status
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file, says in ((Path(__file__), "it holds no certificate"), (tmp_path / "none", "No such file")):
        command = ["settings", "--url", "https://127.0.0.1:1", "--cacert", str(file), "get", "mode"]
        assert cli.main(command) == os.EX_NOINPUT
        assert says in capsys.readouterr().err


# ---- TLS ----


@contextmanager
def by_tls(directory: Path) -> Iterator[str]:
    """A charger's REST by TLS, with a certificate in ``directory``; its address."""
    certificate, key = ensure(directory, 1, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Charger() as charger, Served(charger.app, charger.refusals, tls=lambda: context) as server:
        yield f"https://localhost:{server.port}"


def test_a_certificate_is_believed_only_where_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with by_tls(tmp_path) as url:
        command = ["settings", "--url", url, "get", "mode"]
        assert cli.main(command) == os.EX_UNAVAILABLE
        assert "its certificate is not believed: self-signed certificate. --cacert" in capsys.readouterr().err
        assert cli.main([*command, "--cacert", str(tmp_path / CERTIFICATE_FILE)]) == 0


def test_the_certificate_is_made_printed_and_made_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, config = tmp_path / "state", tmp_path / "evsed.toml"
    config.write_text(f'serial = 7\n[state]\ndirectory = "{state}"\n')
    command = ["access", "--config", str(config), "certificate"]
    assert cli.main(command) == os.EX_NOINPUT
    assert "is not there yet: has evsed ever run?" in capsys.readouterr().err
    state.mkdir()
    assert cli.main(command) == 0
    told = capsys.readouterr()
    before = facts(state / CERTIFICATE_FILE).fingerprint
    assert told.out == (state / CERTIFICATE_FILE).read_text()
    assert before in told.err
    assert "TLS is off" in told.err
    assert cli.main(command) == 0
    assert facts(state / CERTIFICATE_FILE).fingerprint == before
    assert cli.main([*command, "--renew"]) == 0
    assert facts(state / CERTIFICATE_FILE).fingerprint != before


def test_the_owner_s_certificate_is_printed_and_not_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure(tmp_path, 1, datetime.now(UTC))
    own = f'[tls]\nenabled = true\ncertificate = "{tmp_path / CERTIFICATE_FILE}"\nkey = "{tmp_path / KEY_FILE}"\n'
    config = tmp_path / "evsed.toml"
    config.write_text(own)
    command = ["access", "--config", str(config), "certificate"]
    assert cli.main(command) == 0
    assert "TLS is off" not in capsys.readouterr().err
    assert cli.main([*command, "--renew"]) == 1
    assert "evsed does not renew it" in capsys.readouterr().err
    assert cli.main(["access", "--url", "http://127.0.0.1:1", "certificate"]) == os.EX_USAGE
