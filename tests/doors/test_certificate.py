"""The certificate that evsed makes: what clients believe of it, when it is made anew, and what stays."""

import logging
import os
import socket
import ssl
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evsed.doors import certificate
from evsed.doors.certificate import LIFE, RENEWED_BEFORE, CertificateError, ensure, facts
from tests.silicon.environment import AS_COLLECTED

NOW = datetime.now(UTC)
SERIAL = 4711


def openssl(*words: str) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=True, env=AS_COLLECTED)
    return done.stdout.strip()


def test_it_is_for_every_name_of_this_machine(tmp_path: Path) -> None:
    made, key = ensure(tmp_path, SERIAL, NOW)
    told = facts(made)
    assert {f"smartevse-{SERIAL}.local", socket.gethostname(), "localhost", "127.0.0.1"} <= set(told.names)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (made, key)] == [0o600, 0o600]
    assert told.wrong(NOW) == ""
    assert told.ends - told.begins < timedelta(days=825)


def test_the_fingerprint_is_the_one_that_openssl_shows(tmp_path: Path) -> None:
    made, _ = ensure(tmp_path, SERIAL, NOW)
    told = openssl("x509", "-in", str(made), "-noout", "-fingerprint", "-sha256")
    assert told == f"sha256 Fingerprint={facts(made).fingerprint}"


@pytest.mark.parametrize("strict", [False, True])
def test_who_has_it_believes_it_for_these_names_and_for_no_others(tmp_path: Path, strict: bool) -> None:
    """Strict is what Python does by itself from 3.13."""
    made, key = ensure(tmp_path, SERIAL, NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made, key)
    client = ssl.create_default_context(cafile=str(made))
    if strict:
        client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(server, client, "localhost") == ""
    assert handshake(server, client, f"smartevse-{SERIAL}.local") == ""
    assert "not valid for 'example.org'" in handshake(server, client, "example.org")
    assert "self-signed" in handshake(server, ssl.create_default_context(), "localhost")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """Why the client does not believe the server; empty when it does."""
    one, other = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(one, server_side=True) as end:
                end.recv(1)
        except OSError:
            one.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(other, server_hostname=name):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        other.close()
        thread.join()


def test_it_vouches_for_nobody_else(tmp_path: Path) -> None:
    """Whoever makes a browser believe it believes this charger, and nothing that its key might sign."""
    made, _ = ensure(tmp_path, SERIAL, NOW)
    assert "CA:FALSE" in openssl("x509", "-in", str(made), "-noout", "-ext", "basicConstraints")


def test_one_that_is_good_stays(tmp_path: Path) -> None:
    made, key = ensure(tmp_path, SERIAL, NOW)
    before = (made.read_bytes(), key.read_bytes())
    ensure(tmp_path, SERIAL, NOW + LIFE - RENEWED_BEFORE - timedelta(seconds=1))
    assert (made.read_bytes(), key.read_bytes()) == before


@pytest.mark.parametrize(
    ("later", "says"),
    [
        (LIFE - RENEWED_BEFORE + timedelta(days=1), "ends on"),
        (LIFE + timedelta(days=1), "has ended on"),
        (-timedelta(days=30), "is not valid before"),
    ],
)
def test_one_that_does_not_last_is_made_anew_and_the_key_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, later: timedelta, says: str
) -> None:
    made, key = ensure(tmp_path, SERIAL, NOW)
    kept, fingerprint = key.read_bytes(), facts(made).fingerprint
    with caplog.at_level(logging.INFO):
        ensure(tmp_path, SERIAL, NOW + later)
    assert says in caplog.text
    assert key.read_bytes() == kept
    assert facts(made).fingerprint != fingerprint
    assert facts(made).wrong(NOW + later) == ""


def test_it_is_made_anew_when_that_is_wanted(tmp_path: Path) -> None:
    made, _ = ensure(tmp_path, SERIAL, NOW)
    fingerprint = facts(made).fingerprint
    ensure(tmp_path, SERIAL, NOW, anew=True)
    assert facts(made).fingerprint != fingerprint


@pytest.mark.parametrize("damage", ["tls.crt", "tls.key"])
def test_what_a_power_cut_or_somebody_broke_is_made_anew(tmp_path: Path, damage: str) -> None:
    made, key = ensure(tmp_path, SERIAL, NOW)
    (tmp_path / damage).write_text("-----BEGIN")
    ensure(tmp_path, SERIAL, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made, key)


def test_another_s_key_makes_another_certificate(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        ensure(folder, SERIAL, NOW)
    (one / "tls.key").write_bytes((other / "tls.key").read_bytes())
    made, key = ensure(one, SERIAL, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made, key)


def test_where_it_cannot_be_kept_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"tls\.crt cannot be written: No such file"):
        ensure(tmp_path / "none", SERIAL, NOW)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    with pytest.raises(CertificateError, match=r"own\.pem cannot be read: No such file"):
        facts(file)
    file.write_text("nonsense")
    with pytest.raises(CertificateError, match=r"own\.pem is no certificate in PEM form"):
        facts(file)


def test_the_router_s_name_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net/eth0/device").mkdir(parents=True)
    (tmp_path / "net/eth0/address").write_text("dc:a6:32:01:1a:2b\n")
    (tmp_path / "net/lo").mkdir()
    (tmp_path / "net/lo/address").write_text("00:00:00:00:00:00\n")
    monkeypatch.setattr(certificate, "_NET", tmp_path / "net")
    names = facts(ensure(tmp_path, SERIAL, NOW)[0]).names
    assert "smartevse-1a2b.lan" in names
    assert "smartevse-0000.lan" not in names


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_one_that_may_not_be_read_is_for_the_group(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.touch(mode=0)
    with pytest.raises(CertificateError, match="readable for group evsed"):
        facts(file)
