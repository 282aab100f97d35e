"""What is not ours in the page is what its packages have, byte for byte; and not more than we say."""

import hashlib
from typing import Final

import pytest

from tests.browser.sources import WEB

VENDOR: Final = WEB / "vendor"
EXPORT: Final = b"export default uPlot;\n"
UPLOT_1_6_32: Final = {
    "uPlot.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",  # uPlot.iife.min.js
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""SHA-256 in the npm package uplot."""


@pytest.mark.parametrize(("name", "wanted"), UPLOT_1_6_32.items())
def test_uplot_is_what_its_package_has(name: str, wanted: str) -> None:
    found = (VENDOR / name).read_bytes()
    assert hashlib.sha256(found.removesuffix(EXPORT)).hexdigest() == wanted
    assert found.endswith(EXPORT) == (name == "uPlot.min.js")


def test_nothing_else_is_vendored() -> None:
    assert {path.name for path in VENDOR.iterdir()} == {*UPLOT_1_6_32, "README.md"}
