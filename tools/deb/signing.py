"""Keys that sign packages: ``python -m tools.deb.signing new PRIVATE | sign PRIVATE PACKAGE...``.

``new`` makes a pair: the private half goes to a place outside of this clone, the public half among the keys that are
built into the packages. ``sign`` writes PACKAGE.sig, 64 bytes, beside each package.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BUILT_IN: Final = Path("debian/update-keys")


class SigningError(Exception):
    """There is no key, or nothing to sign; the text says why."""


def new(private: Path, folder: Path = BUILT_IN) -> Path:
    """Makes a pair of keys; where the public half is. Raises SigningError."""
    clone = folder.resolve().parent.parent
    if private.resolve().is_relative_to(clone):
        raise SigningError(f"{private} is in the clone: a private key is kept elsewhere, where it is not published")
    public = folder / f"{private.stem}.pem"
    if public.exists():
        raise SigningError(f"{public} is there already: choose another name, or remove it")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        opened = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(opened, "wb") as file:
                file.write(pem)
            public.write_bytes(_public(key))
        except BaseException:
            for half in (private, public):  # one without the other is in the way of the next attempt
                with contextlib.suppress(OSError):
                    half.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SigningError(f"{error.filename or private}: {error.strerror}") from error
    return public


def sign(private: Path, package: Path) -> Path:
    """The signature of a package, in a file beside it. Raises SigningError."""
    try:
        key = serialization.load_pem_private_key(private.read_bytes(), None)
    except OSError as error:
        raise SigningError(f"{private}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise SigningError(f"{private} is no private key without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{private} is a key of another kind than Ed25519")
    try:
        signature = package.with_name(package.name + ".sig")
        signature.write_bytes(key.sign(package.read_bytes()))
    except OSError as error:
        raise SigningError(f"{error.filename}: {error.strerror}") from error
    return signature


def is_built_in(private: Path, folder: Path = BUILT_IN) -> bool:
    """Whether packages that are built here bring the public half of this key."""
    key = serialization.load_pem_private_key(private.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        return False
    return any(path.read_bytes().strip() == _public(key).strip() for path in folder.glob("*.pem"))


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def main(arguments: list[str]) -> int:
    """The command; its status."""
    parser = argparse.ArgumentParser(prog="python -m tools.deb.signing", description="keys that sign packages")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("new", help="make a pair of keys")
    signing = commands.add_parser("sign", help="sign packages")
    for command in (making, signing):
        command.add_argument("private", type=Path, metavar="PRIVATE", help="the file of the private key")
    signing.add_argument("packages", nargs="+", metavar="PACKAGE")
    options = parser.parse_args(arguments)
    try:
        if options.command == "new":
            public = new(options.private)
            print(f"{options.private}: the private key; keep it, and a copy of it, where nobody else reads it")
            print(f"{public}: the public one, built into the packages from now on; commit it")
            return 0
        for package in map(Path, options.packages):
            print(sign(options.private, package))
        if not is_built_in(options.private):
            print(f"{BUILT_IN} has not the public half of it: these count only where owners have put that themselves")
    except SigningError as error:
        print(f"tools.deb.signing: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
