"""Whose signatures count, in which forms, and what is said of a key that is none."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from evsed.update.machine import UpdateError
from evsed.update.signatures import BUILT_IN, OWNERS, keys, verify
from tests.signing import pem, trust
from tests.silicon.environment import AS_COLLECTED
from tools.deb import signing

KEY = Ed25519PrivateKey.generate()
CONTENT = b"a package" * 1000


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "evsed_1_arm64.deb"
    path.write_bytes(CONTENT)
    return path


def test_a_signature_counts_raw_and_as_base64(tmp_path: Path, package: Path) -> None:
    trust(tmp_path, KEY)
    raw = KEY.sign(CONTENT)
    assert verify(package, raw, keys(tmp_path)).kind == "owner"
    text = base64.encodebytes(raw)
    assert verify(package, text, keys(tmp_path)).path == tmp_path / OWNERS / "mine.pem"


def test_a_signature_of_something_else_or_by_somebody_else_does_not(tmp_path: Path, package: Path) -> None:
    path = trust(tmp_path, KEY)
    for wrong in (KEY.sign(CONTENT + b"!"), Ed25519PrivateKey.generate().sign(CONTENT), b"\0" * 64):
        with pytest.raises(UpdateError, match="not one of this package by a key that counts here") as refused:
            verify(package, wrong, keys(tmp_path))
        assert str(path) in str(refused.value)


@pytest.mark.parametrize("wrong", [b"", b"x" * 63, b"x" * 65, base64.b64encode(b"short"), b"<html>" * 20])
def test_what_is_no_signature_is_said_to_be_none(tmp_path: Path, package: Path, wrong: bytes) -> None:
    trust(tmp_path, KEY)
    with pytest.raises(UpdateError, match=f"the signature has {len(wrong)} bytes"):
        verify(package, wrong, keys(tmp_path))


def test_built_in_keys_count_beside_the_owners(tmp_path: Path, package: Path) -> None:
    trust(tmp_path, Ed25519PrivateKey.generate())
    trust(tmp_path, KEY, "release.pem", BUILT_IN)
    found = keys(tmp_path)
    assert [(key.kind, key.path.name) for key in found.found] == [("built_in", "release.pem"), ("owner", "mine.pem")]
    assert verify(package, KEY.sign(CONTENT), found).kind == "built_in"


def test_without_a_key_nothing_counts_and_it_is_said_where_one_belongs(tmp_path: Path, package: Path) -> None:
    with pytest.raises(UpdateError, match="into /etc/evsed/update-keys/"):
        verify(package, KEY.sign(CONTENT), keys(tmp_path))


def private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello", "no -----BEGIN PUBLIC KEY-----"),
        (private(KEY), "this is a private key"),
        (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "another kind than Ed25519",
        ),
        (pem(KEY).replace(b"MC", b"M*"), "is no base64"),
    ],
)
def test_a_broken_key_is_named_and_takes_nothing_from_the_others(
    tmp_path: Path, package: Path, content: bytes, why: str
) -> None:
    trust(tmp_path, KEY)
    broken = tmp_path / OWNERS / "broken.pem"
    broken.write_bytes(content)
    broken.chmod(0o644)
    found = keys(tmp_path)
    assert len(found.wrong) == 1
    assert found.wrong[0].startswith(f"{broken}: ")
    assert why in found.wrong[0]
    assert verify(package, KEY.sign(CONTENT), found).raw == found.found[0].raw
    with pytest.raises(UpdateError, match=f"broken: {broken}"):
        verify(package, b"\0" * 64, found)


def test_all_keys_of_one_file_count(tmp_path: Path, package: Path) -> None:
    other = Ed25519PrivateKey.generate()
    path = trust(tmp_path, KEY)
    path.write_bytes(pem(KEY) + pem(other))
    found = keys(tmp_path)
    assert (len({key.fingerprint for key in found.found}), found.wrong) == (2, ())
    for key in (KEY, other):
        assert verify(package, key.sign(CONTENT), found).path == path


@pytest.mark.parametrize("more", [pem(KEY).replace(b"MC", b"M*"), pem(KEY)[:-20], pem(KEY) * 100])
def test_a_file_with_one_key_and_something_broken_is_named(tmp_path: Path, more: bytes) -> None:
    path = trust(tmp_path, KEY)
    path.write_bytes(pem(KEY) + more)
    found = keys(tmp_path)
    assert found.found == ()
    assert found.wrong[0].startswith(f"{path}: ")


def test_a_key_that_others_may_change_does_not_count(tmp_path: Path) -> None:
    path = trust(tmp_path, KEY)
    path.chmod(0o664)
    assert keys(tmp_path).found == ()
    path.chmod(0o644)
    path.parent.chmod(0o777)
    (wrong,) = keys(tmp_path).wrong
    assert wrong.startswith(f"{path.parent}: others than root may change it")


def test_cryptography_is_imported_only_to_verify() -> None:
    """An update that a power cut has ended is finished while that library may be half unpacked."""
    code = "import sys, evsed.update.command; print(any(name.startswith('cryptography') for name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=AS_COLLECTED)
    assert said.stdout == "False\n"


def test_a_release_key_is_kept_outside_the_clone_and_signs(
    tmp_path: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clone/debian/update-keys"
    folder.mkdir(parents=True)
    with pytest.raises(signing.SigningError, match="is in the clone"):
        signing.new(folder / "secret.pem", folder)
    kept = tmp_path / "release-key.pem"
    public = signing.new(kept, folder)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert signing.is_built_in(kept, folder)
    with pytest.raises(signing.SigningError, match="is there already"):
        signing.new(kept, folder)
    signature = signing.sign(kept, package)
    assert signature.name == f"{package.name}.sig"
    shutil.copytree(folder, tmp_path / BUILT_IN)
    assert verify(package, signature.read_bytes(), keys(tmp_path)).path.name == public.name
    assert signing.main(["sign", str(tmp_path / "missing"), str(package)]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_pair_of_which_one_half_cannot_be_written_is_not_there_at_all(tmp_path: Path) -> None:
    kept, folder = tmp_path / "release-key.pem", tmp_path / "clone/debian/update-keys"
    with pytest.raises(signing.SigningError, match="No such file"):
        signing.new(kept, folder)
    assert not kept.exists()
    folder.mkdir(parents=True)
    signing.new(kept, folder)
    assert signing.is_built_in(kept, folder)
    before = kept.read_bytes()
    (tmp_path / "another/debian/update-keys").mkdir(parents=True)
    with pytest.raises(signing.SigningError, match="File exists"):
        signing.new(kept, tmp_path / "another/debian/update-keys")
    assert kept.read_bytes() == before, "nobody's key is touched"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_what_openssl_signs_counts(tmp_path: Path, package: Path) -> None:
    trust(tmp_path, KEY)
    (tmp_path / "private.pem").write_bytes(private(KEY))
    words = ("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "private.pem", "-in", package.name, "-out", "signature")
    subprocess.run(words, check=True, cwd=tmp_path, env=AS_COLLECTED)
    assert verify(package, (tmp_path / "signature").read_bytes(), keys(tmp_path)).kind == "owner"


def test_no_private_key_is_in_the_repository() -> None:
    root = Path(__file__).parent.parent
    assert [path for path in (root / "debian/update-keys").glob("*.pem") if "PRIVATE" in path.read_text()] == []
