"""Forms as browsers and curl send them to POST /update, and a charger on which they can be installed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evsed import __version__
from evsed.api.app import create_app
from evsed.api.update.handover import Updates
from tests.api.served import Charger
from tests.signing import trust
from tests.test_update import Played

BOUNDARY = b"----what-a-browser-makes-up"
KIND = f"multipart/form-data; boundary={BOUNDARY.decode()}"
KEY = Ed25519PrivateKey.generate()
HERE = f"{__version__}+deb12"
NEW = "99.0.0+deb12"
NAME = f"evsed_{NEW}_arm64.deb"
CONTENT = bytes(range(256)) * 2_000


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One field of a form."""
    file = "" if filename is None else f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
    head = f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """The whole body."""
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def package(name: str = NAME, content: bytes = CONTENT) -> bytes:
    """The field with the package."""
    return part("file", content, name)


def signature(content: bytes = CONTENT, key: Ed25519PrivateKey = KEY) -> bytes:
    """The field with its signature."""
    return part("signature", key.sign(content), "it.sig")


def updating(charger: Charger, root: Path) -> Updates:
    """From now on ``charger`` hands over what is uploaded, below ``root``, where ``KEY`` counts."""
    for place in ("var/lib/evsed", "usr", "etc"):
        (root / place).mkdir(parents=True, exist_ok=True)
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    trust(root, KEY)
    updates = Updates(root / "var/lib/evsed", machine=Played(root, HERE).machine)
    charger.site = replace(charger.site, updates=updates)
    charger.app = create_app(charger.site)
    return updates


def names(updates: Updates) -> Sequence[str]:
    """What lies in the folder that root takes from."""
    return sorted(path.name for path in updates.folder.iterdir()) if updates.folder.exists() else []
