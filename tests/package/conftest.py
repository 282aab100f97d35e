"""What the tests of the package stand on. Without root they are left out, and say so."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package import packages
from tests.package.roots import SUITES, Root, copied


@pytest.fixture(autouse=True)
def _as_root() -> None:
    if os.getuid() != 0:
        pytest.skip("needs root: sudo make package-test")


@pytest.fixture(params=sorted(SUITES), scope="module")
def release(request: pytest.FixtureRequest) -> str:
    """Each release that is supported."""
    return str(request.param)


@pytest.fixture
def root(release: str, tmp_path: Path) -> Iterator[Root]:
    """A clean system of the release."""
    with copied(release, tmp_path) as made:
        yield made


@pytest.fixture
def package(release: str) -> Path:
    """What is to be installed there."""
    return packages.current(f"{release}_amd64")


@pytest.fixture
def older(release: str) -> Path:
    """The package of the version before."""
    return packages.older(f"{release}_amd64")
