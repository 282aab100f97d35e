"""`evsed access`: PIN, password, tokens and login of a charger that runs, and the certificate of its TLS.

Owns what is printed, the exit status, and how a secret is asked for: it never stands on the command line. The
certificate is a file, and is made without a charger that runs.
"""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from evsed.cli.charger import TroubleError, reach
from evsed.cli.run import run as run_deed
from evsed.cli.run import telling
from evsed.cli.words import say, tell
from evsed.config import ConfigError, Installation, load
from evsed.doors.certificate import CERTIFICATE_FILE, KEY_FILE, CertificateError, ensure, facts
from evsed.hw.safe import become_owner
from evsed.serialnumber import serial_number

_COMMAND: Final = "access"
_LONGEST: Final = 1_000
_REMOVE: Final = "-"


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    return run_deed(_COMMAND, _done, options)


def _done(options: argparse.Namespace) -> int:
    _DEEDS[options.deed or "show"](options)
    return 0


# ---- what is set ----


def _show(options: argparse.Namespace) -> None:
    document = reach(options).ask("GET", "/api/v1/access")
    with telling(_COMMAND):
        lines = [
            f"login            {document['login']}",
            f"installer's PIN  {_set(document['installer_pin_set'])}",
            f"password         {_set(document['password_set'])}",
            *(f"token            {each['name']}: {each['right']}, of {each['created']}" for each in document["tokens"]),
            f"you may          {document['right']}",
        ]
    say(*lines)
    if options.url is None:
        say(f"certificate      {_certificate_line(options)}")


def _set(is_set: object) -> str:
    return "set" if is_set else "not set"


def _certificate_line(options: argparse.Namespace) -> str:
    try:
        installation = load(options.config)
    except ConfigError as error:
        return f"unknown: {error}"
    try:
        line = facts(_files(installation)[0]).line()
    except CertificateError as error:
        return f"unknown: {error}" if installation.tls.enabled else "TLS is off"
    return line if installation.tls.enabled else f"{line} (TLS is off)"


# ---- secrets ----


def _pin(options: argparse.Namespace) -> None:
    _change(options, "pin", "the installer's PIN", "4 to 8 digits")


def _password(options: argparse.Namespace) -> None:
    _change(options, "password", "the owner's password", "8 characters or more")


def _change(options: argparse.Namespace, key: str, name: str, takes: str) -> None:
    """Sets or removes the secret ``key``."""
    charger = reach(options)
    given = _asked(name, takes)
    if given == _REMOVE:
        charger.ask("DELETE", f"/api/v1/access/{key}")
        say(f"{name} is removed")
    else:
        charger.ask("PUT", f"/api/v1/access/{key}", {key: given})
        say(f"{name} is set")


def _asked(name: str, takes: str) -> str:
    """A secret, asked for twice on the terminal; without one it is the first line of stdin."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline(_LONGEST).rstrip("\r\n")
        if not given:
            raise TroubleError(f"stdin has no line with {name}; nothing was changed", os.EX_NOINPUT)
        return given
    given = getpass.getpass(f"{name} ({takes}; {_REMOVE} removes it): ")
    if not given:
        raise TroubleError("nothing was entered, and nothing was changed")
    if given != _REMOVE and getpass.getpass("once more: ") != given:
        raise TroubleError("these are not the same; nothing was changed")
    return given


# ---- tokens and login ----


def _token(options: argparse.Namespace) -> None:
    charger = reach(options)
    if options.change == "remove":
        charger.ask("DELETE", f"/api/v1/access/tokens/{quote(options.name, safe='')}")
        say(f"the token {options.name} is removed")
        return
    made: Any = charger.ask("POST", "/api/v1/access/tokens", {"name": options.name, "right": options.right})
    with telling(_COMMAND):
        token = str(made["token"])
    tell(f"the token {options.name} may {options.right}; it is shown this once:", _COMMAND)
    say(token)


def _login(options: argparse.Namespace) -> None:
    wanted = options.state.title()
    after = reach(options).change({"login": wanted})
    say(f"login is {after['login'].shown(after['login'].value)}" if "login" in after else f"login is {wanted}")


# ---- the certificate ----


def _certificate(options: argparse.Namespace) -> None:
    if options.url is not None:
        raise TroubleError("certificate is about this machine's files: it takes no --url", os.EX_USAGE)
    installation = _installation(options)
    certificate, _ = _files(installation)
    try:
        if not installation.tls.certificate:
            _make(installation, anew=options.renew)
        elif options.renew:
            raise TroubleError(f"{certificate} is the owner's own: evsed does not renew it")
        told = facts(certificate)
        text = certificate.read_text(encoding="ascii")
    except (CertificateError, OSError, UnicodeDecodeError) as error:
        hint = "; try it with sudo" if os.geteuid() != 0 else ""
        raise TroubleError(f"{error}{hint}", os.EX_NOINPUT) from error
    tell(told.line(), _COMMAND)
    if not installation.tls.enabled:
        tell("TLS is off: [tls] enabled = true in evsed.toml, and restart evsed", _COMMAND)
    say(*text.splitlines())


def _make(installation: Installation, *, anew: bool) -> None:
    """The generated certificate, made as the user whose directory it is in. Raises OSError and CertificateError."""
    directory = Path(installation.state.directory)
    become_owner(directory)
    if not directory.exists():
        raise CertificateError(f"{directory} is not there yet: has evsed ever run?")
    ensure(directory, serial_number(installation.serial), datetime.now(UTC), anew=anew)


def _installation(options: argparse.Namespace) -> Installation:
    try:
        return load(options.config)
    except ConfigError as error:
        raise TroubleError(str(error), os.EX_CONFIG) from error


def _files(installation: Installation) -> tuple[Path, Path]:
    if installation.tls.certificate:
        return Path(installation.tls.certificate), Path(installation.tls.key)
    directory = Path(installation.state.directory)
    return directory / CERTIFICATE_FILE, directory / KEY_FILE


_DEEDS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {
    "show": _show,
    "pin": _pin,
    "password": _password,
    "token": _token,
    "login": _login,
    "certificate": _certificate,
}
