"""What the package is made of: what can be said without building one."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from evsed import __version__
from tools.deb import build, needed, targets, wheels

ROOT = Path(__file__).parents[1]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> dict[str, str]:
    """Names and versions in a lock file."""
    found = re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {normal(key): version for key, version in found}


def wanted_by(name: str, seen: set[str]) -> set[str]:
    """The package with all that it needs here."""
    if normal(name) in seen:
        return seen
    seen.add(normal(name))
    for line in importlib.metadata.requires(name) or []:
        needed_one = Requirement(line)
        if needed_one.marker is None or needed_one.marker.evaluate({"extra": ""}):
            wanted_by(needed_one.name, seen)
    return seen


def test_the_change_log_and_the_package_say_the_same_version() -> None:
    assert build.version(ROOT) == __version__


def test_what_is_bundled_is_what_is_tested() -> None:
    tested = pins("requirements.lock")
    assert pins(str(wheels.LOCK)).items() <= tested.items()


def test_what_is_bundled_is_what_evsed_needs_and_no_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs: set[str] = set()
    for line in project["dependencies"]:
        wanted_by(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0], needs)
    assert set(pins(str(wheels.LOCK))) == needs - {"setuptools"}


def test_each_bundled_package_has_its_licence_named() -> None:
    text = normal((ROOT / "debian/copyright").read_text())
    assert [name for name in pins(str(wheels.LOCK)) if name not in text] == []


def test_the_owners_file_is_taken_as_it_is() -> None:
    assert tomllib.loads((ROOT / "debian/evsed.toml").read_text()) == {}
    spoken = re.sub(
        r"^# ((\[board\]|kind|driver).*)", r"\1", (ROOT / "debian/evsed.toml").read_text(), flags=re.MULTILINE
    )
    assert tomllib.loads(spoken) == {"board": {"kind": "pi", "driver": "kernel"}}


def test_a_target_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="'deb11_amd64': deb12_amd64, deb12_arm64, deb13_amd64, deb13_arm64"):
        targets.target("deb11_amd64")


def test_wheels_are_for_the_glibc_of_the_release_at_most() -> None:
    assert targets.target("deb12_arm64").platforms[0] == "manylinux_2_36_aarch64"
    assert targets.target("deb13_amd64").platforms[0] == "manylinux_2_41_x86_64"


def test_a_wheel_for_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "pinned", lambda: {"cbor2": "1"})
    (tmp_path / "cbor2-1-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    wheels.check(targets.target("deb12_amd64"), tmp_path)
    with pytest.raises(wheels.BundleError, match="not for deb12_arm64"):
        wheels.check(targets.target("deb12_arm64"), tmp_path)


def test_a_source_package_that_compiles_something_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "pinned", lambda: {"pydes": "1"})
    (tmp_path / "pydes-1-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    with pytest.raises(wheels.BundleError, match="not pure Python"):
        wheels.check(targets.target("deb12_amd64"), tmp_path)


def test_a_library_that_no_package_is_known_for_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module.so").write_bytes(b"\x7fELF")
    (tmp_path / "libown.so").write_bytes(b"\x7fELF")
    wants = {"libown.so", "libz.so.1", "libc.so.6"}
    monkeypatch.setattr(needed, "needed", lambda path: wants if path.name == "module.so" else set())
    monkeypatch.setattr(needed, "glibc", lambda path: 28 if path.name == "module.so" else 4)
    assert needed.depends(tmp_path) == ["libc6 (>= 2.28)", "zlib1g"]
    wants.add("libodd.so.3")
    with pytest.raises(KeyError, match="libodd"):
        needed.depends(tmp_path)


def test_a_line_of_the_lock_that_not_every_cpython_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "a.lock"
    monkeypatch.setattr(wheels, "LOCK", lock)
    lock.write_text("cffi==2.1.1 ; platform_python_implementation != 'PyPy' \\\n    --hash=sha256:00\n")
    assert wheels.pinned() == {"cffi": "2.1.1"}
    lock.write_text("cffi==2.1.1 ; python_version < '3.12' \\\n    --hash=sha256:00\n")
    with pytest.raises(wheels.BundleError, match="not for every CPython: cffi"):
        wheels.pinned()
