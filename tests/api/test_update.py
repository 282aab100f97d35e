"""POST /update and GET /api/v1/update on the real server: what is taken, what is refused, what stays."""

import base64
import errno
import json
import shutil
import socket
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evsed import __version__
from evsed.api.update import handover, upload
from evsed.api.update.handover import Updates, judge, opened, unavailable
from evsed.api.v1.update import UpdateDocument
from evsed.update import progress
from evsed.update.handed import FOLDER, READY
from evsed.update.progress import Progress
from tests.api.served import Charger, Served
from tests.api.uploads import (
    CONTENT,
    HERE,
    KEY,
    KIND,
    NAME,
    NEW,
    form,
    names,
    package,
    part,
    signature,
    updating,
)  # fmt: skip
from tests.api.v1.v1 import fits
from tests.doors.test_webserver import rest
from tests.scenarios.simulation import Answer, http, wait_for
from tests.signing import trust


@dataclass
class Bench:
    """A charger that can be updated."""

    charger: Charger
    served: Served
    updates: Updates
    clock: list[float] = field(default_factory=lambda: [0.0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}"

    @property
    def root(self) -> Path:
        return self.updates.machine.root

    def post(self, body: bytes, kind: str = KIND, **headers: str) -> Answer:
        sent = {"Authorization": self.charger.token(), "Content_Type": kind, **headers}
        return http("POST", f"{self.url}/update", body, **sent)

    def state(self) -> Any:
        answer = http("GET", f"{self.url}/api/v1/update")
        assert answer.status == 200
        fits(answer.json, UpdateDocument)
        return answer.json

    def refused(self, body: bytes, status: int = 400, **headers: str) -> str:
        """Why; nothing of it stays, and nothing was handed over."""
        before = self.charger.refusals.count
        answer = self.post(body, **headers)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8"), answer.body
        text = answer.body.decode()
        assert text.startswith("FAIL: ")
        assert names(self.updates) == []
        assert self.charger.refusals.count == before + 1
        assert self.state()["state"] == "idle"
        return text.removeprefix("FAIL: ")

    def connect(self, length: int) -> socket.socket:
        """A connection, for one request only, on which the head of an upload was sent."""
        client = self.served.connect()
        head = f"POST /update HTTP/1.1\r\nHost: localhost\r\nAuthorization: {self.charger.token()}\r\n"
        kind = f"Connection: close\r\nContent-Type: {KIND}\r\n"
        client.sendall(f"{head}{kind}Content-Length: {length}\r\n\r\n".encode())
        return client


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Charger() as charger:
        updates = updating(charger, tmp_path)
        with Served(charger.app, charger.refusals) as served:
            found = Bench(charger, served, updates)
            updates.clock = lambda: found.clock[0]
            yield found


# ---- what is taken ----


@pytest.mark.parametrize("turned", [False, True])
def test_a_signed_package_is_handed_over_whole(bench: Bench, turned: bool) -> None:
    parts = [package(), signature()]
    answer = bench.post(form(*(reversed(parts) if turned else parts)))
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"OK", "text/plain; charset=utf-8")
    assert names(bench.updates) == [NAME, f"{NAME}.sig", "ready.json"]
    assert (bench.updates.folder / NAME).read_bytes() == CONTENT
    assert json.loads((bench.updates.folder / "ready.json").read_text()) == {"package": NAME}
    assert bench.state()["state"] == "handed"


def test_a_signature_may_be_text_in_a_field_without_a_name(bench: Bench) -> None:
    text = base64.b64encode(KEY.sign(CONTENT))
    assert bench.post(form(package(), part("signature", text))).body == b"OK"


def test_a_package_never_lies_in_memory_as_a_whole(bench: Bench) -> None:
    content = bytes(30_000_000)
    body = form(package(content=content), signature(content))
    del content
    tracemalloc.start()
    try:
        assert bench.post(body).status == 200
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_another_one_waits_until_root_has_taken_the_first(bench: Bench) -> None:
    body = form(package(), signature())
    assert bench.post(body).status == 200
    answer = bench.post(body)
    assert (answer.status, answer.body) == (409, b"FAIL: an update is under way (handed): wait for its end")
    assert bench.state()["state"] == "handed"
    bench.clock[0] = 61
    assert "systemctl status evsed-update.path" in bench.state()["text"]
    assert bench.post(body).status == 200


# ---- what is refused ----


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("firmware.bin", "the name has to be evsed_<version>_<architecture>.deb, here evsed_<version>+deb12_arm64.deb"),
        ("", "the name has to be"),
        ("../evsed_99.0.0+deb12_arm64.deb", "the name has to be"),
        ("bash_99.0.0+deb12_arm64.deb", "the name has to be"),
        ("evsed_99.0.0+deb12_arm64.deb.sig", "the name has to be"),
        ("evsed_99.0.0+deb12_amd64.deb", "is for amd64, and this machine is arm64"),
        ("evsed_99.0.0+deb13_arm64.deb", "is not for this release, which needs one with +deb12"),
        ("evsed_99.0.0_arm64.deb", "is not for this release"),
        ("evsed_0.0.1+deb12_arm64.deb", f"is no update: {HERE} is installed, which is newer"),
        (f"evsed_{HERE}_arm64.deb", f"is no update: {HERE} is installed ("),
    ],
)
def test_what_the_name_says_is_judged_before_anything_is_kept(bench: Bench, name: str, says: str) -> None:
    assert says in bench.refused(form(package(name), signature()))


def test_a_signature_by_a_stranger_or_of_something_else_is_refused(bench: Bench) -> None:
    stranger = Ed25519PrivateKey.generate()
    assert "by a key that counts here" in bench.refused(form(package(), signature(key=stranger)))
    assert "by a key that counts here" in bench.refused(form(package(), signature(CONTENT + b"!")))
    assert "has 7 bytes" in bench.refused(form(package(), part("signature", b"nothing")))
    assert "more than 1024 bytes" in bench.refused(form(part("signature", b"x" * 2000), package()))


def test_a_broken_key_of_the_owner_is_named(bench: Bench) -> None:
    path = trust(bench.root, KEY, "broken.pem")
    path.write_text("-----BEGIN RSA PUBLIC KEY-----")
    bad = form(package(), signature(key=Ed25519PrivateKey.generate()))
    assert f"broken: {path}" in bench.refused(bad)
    assert bench.state()["broken_keys"][0].startswith(str(path))


def test_without_a_key_nothing_is_taken(bench: Bench) -> None:
    shutil.rmtree(bench.root / "etc/evsed/update-keys")
    assert "no key for updates is on this machine" in bench.refused(form(package(), signature()), 503)
    assert bench.state()["keys"] == []


@pytest.mark.parametrize(
    "body",
    [
        form(package()),
        form(signature()),
        form(),
        form(package(), package(), signature()),
        form(signature(), signature(), package()),
        form(package(), signature(), part("more", b"1")),
        b"",
        b"no form at all",
        form(package(), signature())[:-20],
        b"--" + b"x" * 70_000,
        form(part("file", CONTENT), signature()),
    ],
)
def test_what_is_no_form_with_both_is_refused(bench: Bench, body: bytes) -> None:
    bench.refused(body)


def test_another_kind_of_body_is_refused(bench: Bench) -> None:
    longer = f"multipart/form-data; boundary={'x' * 257}"
    assert bench.post(CONTENT, longer).status == 400
    for kind in ("application/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = bench.post(CONTENT, kind)
        assert (answer.status, answer.body[:6]) == (415, b"FAIL: ")
    assert names(bench.updates) == []


def test_what_is_longer_than_any_package_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (upload, handover):
        monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    assert "longer than 0 MB" in bench.refused(form(package(), signature()), 413)
    pieces = (form(package(), signature())[start : start + 50_000] for start in range(0, 600_000, 50_000))
    headers = {"Authorization": bench.charger.token(), "Content-Type": KIND}
    connection = HTTPConnection("127.0.0.1", bench.served.port, timeout=30)
    connection.request("POST", "/update", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, answer.read()[:6]) == (413, b"FAIL: ")
    connection.close()
    assert names(bench.updates) == []


def test_a_full_disk_is_seen_before_and_while_it_is_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 20_000))
    assert "0 MB are free, and 16 MB are needed" in bench.refused(form(package(), signature()), 507)
    monkeypatch.undo()

    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = Path.open

    def opening(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "receiving.deb":
            real(path, *args, **more).close()
            return Full()
        return real(path, *args, **more)

    monkeypatch.setattr(Path, "open", opening)
    assert "the disk is full" in bench.refused(form(package(), signature()), 507)


def test_a_charger_on_which_nobody_installs_says_why(bench: Bench) -> None:
    bench.updates.why_not = "systemd does not run here"
    assert bench.refused(form(package(), signature()), 503) == "systemd does not run here"
    assert bench.state()["unavailable"] == "systemd does not run here"


def test_a_simulated_charger_says_why() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        url = f"http://127.0.0.1:{served.port}"
        answer = http("POST", f"{url}/update", form(package(), signature()), Authorization=charger.token())
        assert (answer.status, answer.body) == (503, b"FAIL: nobody installs updates here")
        assert http("GET", f"{url}/api/v1/update").json["unavailable"] == "nobody installs updates here"
    assert "was not installed from its package" in unavailable(Path("/var/lib/evsed"))


def test_without_the_installers_right_not_a_byte_is_kept(bench: Bench) -> None:
    """BM C-1 of what owners have met: an image was taken from anybody, unsigned."""
    bench.charger.access.set_pin("2468")
    for headers in ({}, {"Authorization": bench.charger.token("operate")}):
        answer = http("POST", f"{bench.url}/update", form(package(), signature()), Content_Type=KIND, **headers)
        assert answer.status == 403
        assert "belongs to the installer" in answer.json["detail"] or "token" in answer.json["detail"]
        assert not bench.updates.folder.exists()


# ---- what does not end well ----


def test_an_interrupted_upload_leaves_nothing(bench: Bench) -> None:
    body = form(package(), signature())
    client = bench.connect(len(body))
    client.sendall(body[: len(body) // 2])
    wait_for(bench.updates.partial.exists, "it is being received")
    assert bench.state()["state"] == "receiving"
    answer = bench.post(body)
    assert (answer.status, answer.body) == (409, b"FAIL: another upload is under way: wait for its end")
    client.close()
    wait_for(lambda: names(bench.updates) == [] and not bench.updates.receiving, "nothing stays")
    assert bench.post(body).body == b"OK"


@pytest.mark.parametrize(("whole", "pause", "says"), [(3_600.0, 0.2, "nothing more"), (0.2, 3_600.0, "did not arrive")])
def test_a_trickle_has_an_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, whole: float, pause: float, says: str
) -> None:
    monkeypatch.setattr(upload, "WHOLE_S", whole)
    monkeypatch.setattr(upload, "PAUSE_S", pause)
    body = form(package(), signature())
    with bench.connect(len(body)) as client:
        client.sendall(body[:5_000])
        said = rest(client)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert says.encode() in said
    wait_for(lambda: names(bench.updates) == [] and not bench.updates.receiving, "nothing stays")


def test_what_an_upload_has_left_goes_with_the_next_start_and_what_was_handed_over_stays(bench: Bench) -> None:
    assert bench.post(form(package(), signature())).status == 200
    opened(bench.updates.state)
    assert len(names(bench.updates)) == 3
    (bench.updates.folder / "ready.json").unlink()
    (bench.updates.folder / "receiving.deb").touch()
    opened(bench.updates.state)
    assert names(bench.updates) == []


# ---- what is told of it ----


def test_the_state_is_the_one_that_root_tells(bench: Bench) -> None:
    progress.tell(bench.updates.machine, "checking", versions=(HERE, NEW))
    told = bench.state()
    assert (told["version"], told["state"], told["from_version"], told["to_version"]) == (
        __version__,
        "checking",
        HERE,
        NEW,
    )
    assert (told["release"], told["architecture"], told["most_bytes"]) == ("deb12", "arm64", 100_000_000)
    (key,) = told["keys"]
    assert (key["kind"], key["name"], len(key["fingerprint"])) == ("owner", "mine.pem", 32)
    answer = bench.post(form(package(), signature()))
    assert (answer.status, b"under way (checking)" in answer.body) == (409, True)


@pytest.mark.parametrize(
    ("state", "versions", "shown"),
    [
        ("done", ("1.0+deb12", "2.0+deb12"), "done"),
        ("done", ("2.0+deb12", "3.0+deb12"), "idle"),  # somebody has gone back by hand
        ("failed", ("2.0+deb12", "3.0+deb12"), "failed"),
        ("failed", ("1.0+deb12", "1.5+deb12"), "idle"),
        ("failed", ("", ""), "failed"),
        ("installing", ("1.0+deb12", "2.0+deb12"), "installing"),
    ],
)
def test_what_was_told_of_another_evsed_is_not_told_of_this_one(
    state: str, versions: tuple[str, str], shown: str
) -> None:
    told = Progress(state, "a text", *versions, 1_700_000_000, progress.since_boot())
    assert judge(told, "2.0").state == shown


def test_an_update_that_was_never_heard_of_again_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Progress("installing", "", "1.0", "2.0", 1_700_000_000, 10)
    monkeypatch.setattr(progress, "since_boot", lambda: 6_000)
    assert judge(told, "1.0").state == "failed"
    assert "journalctl" in judge(told, "1.0").text


def test_the_page_is_there(bench: Bench) -> None:
    answer = http("GET", f"{bench.url}/update")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


def test_the_folder_of_an_upload_is_the_one_that_root_looks_at() -> None:
    unit = (Path(__file__).parent.parent.parent / "systemd/evsed-update.path").read_text()
    assert f"PathExists={handover.STATE}/{FOLDER}/{READY}\n" in unit
