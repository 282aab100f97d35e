"""Makes the package again of what is installed, for the way back, where nobody has kept it.

``apt install ./evsed_....deb`` keeps no copy, so the first update after it would have no way back otherwise. What dpkg
knows of the package, its files as they are, and its own scripts are all that is in one. A configuration file that the
owner has changed is none of the package's any more: in it as the package's own, the next version would replace it.
"""

import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Final

from evsed.update.machine import NAME, Machine, UpdateError

_BUILDS_S: Final = 600.0
_CONFFILES: Final = re.compile(r"^Conffiles:.*\n((?: .*\n)*)", re.MULTILINE)
_NOT_IN_CONTROL: Final = re.compile(r"^(Status|Conffiles|Config-Version):.*\n(?: .*\n)*", re.MULTILINE)


def repack(machine: Machine, to: Path) -> None:
    """The package that is installed, in ``to``, whole or not at all. Raises UpdateError."""
    tree, part = machine.store / "repacked", to.with_name("repacked.part")
    shutil.rmtree(tree, ignore_errors=True)
    try:
        _fill(machine, tree)
        machine.said("dpkg-deb", "--build", "-Zgzip", "-z1", str(tree), str(part), timeout_s=_BUILDS_S)
        part.replace(to)
    except OSError as error:
        raise UpdateError(f"{error.filename}: {error.strerror}") from error
    finally:
        shutil.rmtree(tree, ignore_errors=True)
        part.unlink(missing_ok=True)


def _fill(machine: Machine, tree: Path) -> None:
    status = machine.said("dpkg-query", "--status", NAME) + "\n"
    control, owners = _NOT_IN_CONTROL.sub("", status), _owners(machine, status)
    listed = [line for line in machine.said("dpkg-query", "--listfiles", NAME).splitlines() if line.startswith("/")]
    (tree / "DEBIAN").mkdir(mode=0o755, parents=True)
    tree.chmod(0o755)
    for line in sorted(set(listed) - owners):
        _take(machine.root / line.lstrip("/"), tree / line.lstrip("/"))
    for path in (machine.root / "var/lib/dpkg/info").glob(f"{NAME}.*"):
        if path.suffix != ".list":
            shutil.copy(path, tree / "DEBIAN" / path.suffix[1:])
    (tree / "DEBIAN/control").write_text(control, encoding="utf-8")
    conffiles = tree / "DEBIAN/conffiles"
    if conffiles.exists():
        lines = conffiles.read_text(encoding="utf-8").splitlines()
        there = [line for line in lines if (tree / line.lstrip("/")).is_file()]  # an owner may have deleted one
        conffiles.write_text("".join(f"{line}\n" for line in there), encoding="utf-8")


def _owners(machine: Machine, status: str) -> set[str]:
    """The configuration files that are not as the package has them, or that it has no more: dpkg leaves them alone."""
    found = _CONFFILES.search(status)
    owners = set()
    for line in (found[1] if found else "").splitlines():
        words = line.split()  # its path, its MD5 as dpkg has recorded it, and perhaps "obsolete"
        try:
            data = (machine.root / words[0].lstrip("/")).read_bytes()
        except FileNotFoundError:
            continue
        if words[1:] != [hashlib.md5(data, usedforsecurity=False).hexdigest()]:
            owners.add(words[0])
    return owners


def _take(path: Path, to: Path) -> None:
    """One of its files, folders or links, as it is."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return  # an owner may have deleted it
    if stat.S_ISDIR(status.st_mode):
        to.mkdir(exist_ok=True)
        to.chmod(stat.S_IMODE(status.st_mode))
        os.chown(to, status.st_uid, status.st_gid)
    elif stat.S_ISLNK(status.st_mode):
        to.symlink_to(path.readlink())
    else:
        try:
            to.hardlink_to(path)  # nothing is copied where that can be
        except OSError:
            shutil.copy2(path, to)
            os.chown(to, status.st_uid, status.st_gid)
