"""REST by TLS: who comes in, what a client may cost before it is in, and certificates that change or cannot be used."""

import contextlib
import logging
import os
import random
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evsed.config import Installation, State
from evsed.config import Tls as Table
from evsed.doors.certificate import LIFE, ensure, facts
from evsed.doors.tls import Tls
from evsed.doors.webserver import Bounds
from tests.api.served import Charger, Served
from tests.doors.test_webserver import GET, PATIENT, answer, rest
from tests.scenarios.simulation import wait_for
from tests.silicon.environment import AS_COLLECTED


def keeper(directory: Path, certificate: str = "", key: str = "") -> Tls:
    found = Tls(Installation(tls=Table(True, 443, certificate, key), state=State(str(directory))))
    found.look()
    return found


@contextlib.contextmanager
def serving(tls: Tls, **bounds: Any) -> Iterator[tuple[Served, Charger]]:
    """A server whose only door is of TLS."""
    kept = {name: getattr(PATIENT, name) for name in Bounds.__dataclass_fields__}
    with (
        Charger() as charger,
        Served(charger.app, charger.refusals, Bounds(**{**kept, **bounds}), tls.context) as server,
    ):
        yield server, charger


@pytest.fixture
def ours(tmp_path: Path) -> Tls:
    """The certificate that evsed makes."""
    return keeper(tmp_path)


@pytest.fixture
def believing(tmp_path: Path, ours: Tls) -> ssl.SSLContext:
    """A client that believes that one."""
    assert ours.usable
    return ssl.create_default_context(cafile=str(tmp_path / "tls.crt"))


def enter(server: Served, client: ssl.SSLContext) -> ssl.SSLSocket:
    return client.wrap_socket(server.connect(), server_hostname="localhost")


def test_requests_are_answered_one_after_the_other(ours: Tls, believing: ssl.SSLContext) -> None:
    with serving(ours) as (server, charger), enter(server, believing) as client:
        for _ in range(3):
            client.sendall(GET)
            assert answer(client)[0] == 200
        assert charger.refusals.count == 0
        assert client.version() in {"TLSv1.2", "TLSv1.3"}


def test_what_comes_in_the_same_moment_as_the_handshake_is_answered(ours: Tls, believing: ssl.SSLContext) -> None:
    with serving(ours) as (server, _), server.connect() as raw:
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = believing.wrap_bio(coming, going, server_hostname="localhost")
        done = False
        while not done:
            try:
                client.do_handshake()
                done = True
                client.write(GET)  # goes out together with the end of the handshake
            except ssl.SSLWantReadError:
                pass
            raw.sendall(going.read())
            if not done:
                coming.write(raw.recv(65_536))
        said = b""
        while b"\r\n\r\n" not in said:
            coming.write(raw.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                said += client.read(65_536)
        assert said.startswith(b"HTTP/1.1 200 ")


def test_older_than_tls_1_2_does_not_come_in(ours: Tls) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with serving(ours) as (server, _), pytest.raises(ssl.SSLError), enter(server, old):
        pass


def test_plain_http_at_the_port_of_tls_is_ended_at_once(ours: Tls) -> None:
    with serving(ours) as (server, charger), server.connect() as client:
        client.sendall(GET)
        assert not rest(client).startswith(b"HTTP")
        wait_for(lambda: charger.refusals.count == 1, "it is counted")


def test_who_says_nothing_is_not_waited_for(ours: Tls, caplog: pytest.LogCaptureFixture) -> None:
    with serving(ours, handshake_s=0.2) as (server, charger), server.connect() as client:
        assert rest(client) == b""
        wait_for(lambda: charger.refusals.count == 1, "it is counted")
    assert "no TLS handshake within 0.2 s" in caplog.text


def test_who_has_not_come_in_counts_too(ours: Tls, believing: ssl.SSLContext) -> None:
    """Else one client could take every file descriptor of the daemon, for as long as a handshake may take."""
    with serving(ours, of_one_client=3) as (server, charger), contextlib.ExitStack() as clients:
        for _ in range(3):
            clients.enter_context(server.connect())
        wait_for(lambda: len(server.server._porch.waiting) == 3, "three stand before the door")
        with server.connect() as client:
            assert rest(client) == b""
        with server.connect("127.0.0.2") as other, believing.wrap_socket(other, server_hostname="localhost") as inside:
            inside.sendall(GET)
            assert answer(inside)[0] == 200  # another client comes in
        assert charger.refusals.count == 1
    assert not server.server._porch.waiting


def test_the_bound_is_of_both_together(ours: Tls, believing: ssl.SSLContext) -> None:
    with serving(ours, connections=2) as (server, _), enter(server, believing) as inside:
        inside.sendall(GET)
        assert answer(inside)[0] == 200
        with server.connect("127.0.0.2"):
            wait_for(lambda: len(server.server._porch.waiting) == 1, "one stands before the door")
            with server.connect("127.0.0.3") as third:
                assert rest(third) == b""


def test_a_request_that_does_not_come_whole_is_told_so(ours: Tls, believing: ssl.SSLContext) -> None:
    with serving(ours, request_s=0.2, closing_s=0.5) as (server, _), enter(server, believing) as client:
        client.sendall(GET[:20])
        assert rest(client).startswith(b"HTTP/1.1 408 ")
        wait_for(lambda: not server.server.server_state.connections, "the connection is over")


def test_who_takes_no_answer_is_sent_away(ours: Tls, believing: ssl.SSLContext) -> None:
    with serving(ours, taking_s=0.2) as (server, _), enter(server, believing) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            while True:
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        wait_for(lambda: not server.server.server_state.connections, "the connection is over")


def test_the_end_waits_for_no_handshake(ours: Tls) -> None:
    with serving(ours) as (server, _), server.connect() as client:
        wait_for(lambda: server.server._porch.waiting, "it stands before the door")
        server.server.should_exit = True
        assert rest(client) == b""


# ---- the owner's certificate ----


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A directory with ``tls.crt`` and ``tls.key`` of somebody else."""
    folder = tmp_path / "own"
    folder.mkdir()
    assert keeper(folder).usable
    return folder


def owners(state: Path, own: Path) -> Tls:
    return keeper(state, str(own / "tls.crt"), str(own / "tls.key"))


def test_one_that_is_renewed_is_used_without_a_restart(tmp_path: Path, own: Path, believing: ssl.SSLContext) -> None:
    tls = owners(tmp_path, own)
    with serving(tls) as (server, _):
        with pytest.raises(ssl.SSLCertVerificationError), enter(server, believing):
            pass
        for name in ("tls.crt", "tls.key"):
            shutil.copy(tmp_path / name, own / name)
        tls.look()
        with enter(server, believing) as client:
            client.sendall(GET)
            assert answer(client)[0] == 200


def test_one_that_becomes_wrong_leaves_the_one_of_before(
    tmp_path: Path, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = owners(tmp_path, own)
    before = tls.context()
    (own / "tls.crt").write_text("half a fi")
    for _ in range(2):
        tls.look()
    assert tls.context() is before
    assert caplog.text.count("tls.crt is no certificate in PEM form; the one of before stays in force") == 1


def wrong(own: Path, kind: str) -> None:
    key = own / "tls.key"
    match kind:
        case "none":
            key.unlink()
        case "nonsense":
            key.write_text("nonsense")
        case "another's":
            keeper(own.parent)
            shutil.copy(own.parent / "tls.key", key)
        case "encrypted":
            plain = key.rename(own / "plain.key")
            command = ["openssl", "pkey", "-in", str(plain), "-out", str(key), "-aes256", "-passout", "pass:secret"]
            subprocess.run(command, check=True, capture_output=True, env=AS_COLLECTED)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("none", "tls.key cannot be read: No such file or directory"),
        ("nonsense", "tls.key is no private key in PEM form"),
        ("another's", "tls.key is not the key of"),
        ("encrypted", "tls.key is encrypted, and nobody is there to give its password"),
    ],
)
def test_one_that_cannot_be_used_is_told_with_file_and_reason(
    tmp_path: Path, own: Path, caplog: pytest.LogCaptureFixture, kind: str, says: str
) -> None:
    wrong(own, kind)
    caplog.clear()
    tls = owners(tmp_path, own)
    assert not tls.usable
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert says in line
    assert "there is no TLS until it is mended" in line


def test_one_that_has_ended_is_served_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whether a client believes it is the client's; nothing would be won by not answering."""
    certificate, key = ensure(tmp_path, 1, datetime.now(UTC) - 2 * LIFE)
    tls = keeper(tmp_path / "state", str(certificate), str(key))
    assert tls.usable
    assert "tls.crt has ended on" in caplog.text


def test_the_fingerprint_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        keeper(tmp_path)
    assert facts(tmp_path / "tls.crt").fingerprint in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_key_that_may_not_be_read_is_for_the_group(
    tmp_path: Path, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own / "tls.key").chmod(0)
    assert not owners(tmp_path, own).usable
    assert "readable for group evsed" in caplog.text


def test_bytes_that_are_nothing_cost_their_sender_the_connection_and_nobody_else(
    ours: Tls, believing: ssl.SSLContext
) -> None:
    dice = random.Random(23)
    with serving(ours) as (server, _):
        for _ in range(60):
            with server.connect() as client, contextlib.suppress(OSError):
                begin = dice.choice([b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
                client.sendall(begin + dice.randbytes(dice.randrange(1, 600)))
                client.shutdown(socket.SHUT_WR)
                rest(client)
        wait_for(lambda: not server.server._porch.waiting, "nobody stands before the door")
        with enter(server, believing) as client:
            client.sendall(GET)
            assert answer(client)[0] == 200
