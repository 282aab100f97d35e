"""What the bundled compiled modules need of the system: read from their ELF headers, told as Debian's packages."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Debian's package of each library that may be needed from outside; libc6's own libraries have its version as symbols.
PACKAGES: Final = {
    "libc.so.6": "libc6",
    "libdl.so.2": "libc6",
    "libm.so.6": "libc6",
    "libpthread.so.0": "libc6",
    "librt.so.1": "libc6",
    "ld-linux-aarch64.so.1": "libc6",
    "ld-linux-x86-64.so.2": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
}
_MAGIC: Final = b"\x7fELF"


def compiled(tree: Path) -> Iterator[Path]:
    """The ELF files below ``tree``."""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == _MAGIC:
                    yield path


def needed(path: Path) -> set[str]:
    """The libraries that an ELF file names as NEEDED."""
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf("--dynamic", path)))


def glibc(path: Path) -> int:
    """The minor version of the newest glibc symbol that an ELF file asks for; 0 where it asks for none."""
    return max((int(minor) for minor in re.findall(r"\bGLIBC_2\.(\d+)", _readelf("--version-info", path))), default=0)


def depends(tree: Path) -> list[str]:
    """The packages that the compiled files below ``tree`` depend on. Raises KeyError for an unknown library."""
    files = list(compiled(tree))
    own = {path.name for path in files}
    outside = sorted(set().union(*map(needed, files)) - own)
    packages = sorted({PACKAGES[name] for name in outside})
    newest = max(map(glibc, files), default=0)
    return [f"libc6 (>= 2.{newest})" if package == "libc6" else package for package in packages]


def machine(path: Path) -> str:
    """Debian's name of the architecture that an ELF file is for, or the ELF's where it is another."""
    found = re.search(r"Machine:\s+(.+)", _readelf("--file-header", path))
    name = found[1].strip() if found else "unknown"
    return {"Advanced Micro Devices X86-64": "amd64", "AArch64": "arm64"}.get(name, name)


def _readelf(option: str, path: Path) -> str:
    command = ["readelf", "--wide", option, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
