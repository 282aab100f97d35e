"""What a package says of itself, and whether it is one for this machine. Whether to believe it is not asked here."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from evsed.update.machine import NAME, Machine, UpdateError

_READ_S = 300.0
_RELEASE = re.compile(r"\+(deb[0-9]+)")


@dataclass(frozen=True, slots=True)
class Package:
    """What a package says of itself; ``unpacked`` in bytes."""

    version: str
    architecture: str
    unpacked: int


def inspect(machine: Machine, path: Path, name: str, *, downgrade: bool) -> Package:
    """The package in ``path``, which is for this machine; ``name`` is what people call it. Raises UpdateError."""
    try:
        text = machine.said("dpkg-deb", "--field", str(path))
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", text, re.MULTILINE))
        machine.said("dpkg-deb", "--contents", str(path), timeout_s=_READ_S)  # reads it to its end
    except UpdateError as error:
        raise UpdateError(f"{name} is no Debian package, or not the whole of one ({error})") from None
    if fields.get("Package") != NAME:
        raise UpdateError(f"{name} is the package {fields.get('Package')!r}, not {NAME}")
    package = Package(fields.get("Version", ""), fields.get("Architecture", ""), _bytes(fields.get("Installed-Size")))
    if not re.fullmatch(r"[A-Za-z0-9.+~-]+", package.version):
        raise UpdateError(f"{name} has no version that can be used: {package.version!r}")
    suits(machine, name, package.version, package.architecture, downgrade=downgrade)
    return package


def suits(machine: Machine, name: str, version: str, architecture: str, *, downgrade: bool = False) -> None:
    """Raises UpdateError unless a package ``name`` of this kind is for this machine, and newer than what is there."""
    here = machine.said("dpkg", "--print-architecture")
    if architecture != here:
        raise UpdateError(f"{name} is for {architecture}, and this machine is {here}")
    found, wanted = _RELEASE.search(version), release(machine)
    if found is None or found[1] != wanted:
        raise UpdateError(f"{name} is not for this release, which needs one with +{wanted} in its version")
    installed = installed_version(machine)
    if not downgrade and not machine.does("dpkg", "--compare-versions", version, "gt", installed):
        newer = "" if version == installed else ", which is newer"
        hint = "sudo evsed-update --downgrade takes it"
        raise UpdateError(f"{version} is no update: {installed} is installed{newer} ({hint})")


def _bytes(kibibytes: str | None) -> int:
    return int(kibibytes) * 1024 if kibibytes and kibibytes.isdecimal() else 0


def release(machine: Machine) -> str:
    """Such as deb12; Raspberry Pi OS has the number of the Debian that it is made of."""
    with contextlib.suppress(OSError):
        lines = (machine.root / "etc/os-release").read_text(encoding="utf-8").splitlines()
        fields = dict(line.split("=", 1) for line in lines if "=" in line)
        return "deb" + fields.get("VERSION_ID", "").strip('"')
    return "deb"


def installed_version(machine: Machine) -> str:
    """The version of evsed, also of one that is half unpacked. Raises UpdateError when there is none."""
    with contextlib.suppress(UpdateError):
        version = machine.said("dpkg-query", "--show", "--showformat=${Version}", NAME)
        if version:
            return version
    raise UpdateError(f"{NAME} is not installed: sudo apt install ./{NAME}_....deb is the first step")
