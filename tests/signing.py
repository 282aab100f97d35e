"""Keys and signatures of packages for tests, made when they are needed: nothing secret is kept."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evsed.update.signatures import OWNERS


def pem(key: Ed25519PrivateKey) -> bytes:
    """The public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def trust(root: Path, key: Ed25519PrivateKey, name: str = "mine.pem", folder: Path = OWNERS) -> Path:
    """Puts the public half among the keys that count below ``root``."""
    path = root / folder / name
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_bytes(pem(key))
    path.chmod(0o644)
    return path
