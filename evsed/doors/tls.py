"""TLS of the web server: the context of its connections, made of the owner's certificate or of our own.

Owns which files those are, what is said when they cannot be used, and taking them anew when they change on the disk.
"""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

from evsed.config import Installation
from evsed.doors.certificate import CertificateError, ensure, facts

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
"""How often the files are looked at; a certificate that was renewed is used from then on, without a restart."""

_State = tuple[int, int, int]


class Tls:
    """The certificate in force. All but ``context`` is slow, and of one thread at a time."""

    def __init__(self, installation: Installation) -> None:
        self._tls = installation.tls
        self._directory = Path(installation.state.directory)
        self._serial = installation.serial
        self._context: ssl.SSLContext | None = None
        self._seen: tuple[_State | None, ...] = ()
        self._said = ""

    @property
    def usable(self) -> bool:
        """Whether there is a certificate to serve with."""
        return self._context is not None

    def context(self) -> ssl.SSLContext:
        """For the next connection. Only while it is ``usable``."""
        assert self._context is not None  # noqa: S101 - no door is open before
        return self._context

    def look(self) -> None:
        """Takes the files where they have changed. What cannot be used is told, once, and what was in force stays."""
        try:
            certificate, key = self._files()
            seen = (_state(certificate), _state(key))
            if seen != self._seen:
                context = _load(certificate, key)
                told = facts(certificate)
                log.info("TLS: certificate %s: %s", certificate, told.line())
                self._context, self._seen = context, seen
            wrong = facts(certificate).wrong(_now())
            self._say(f"TLS: certificate {certificate} {wrong}: clients will not believe it; renew it" if wrong else "")
        except CertificateError as error:
            after = "the one of before stays in force" if self.usable else "there is no TLS until it is mended"
            self._say(f"TLS: {error}; {after}")

    def _files(self) -> tuple[Path, Path]:
        if self._tls.certificate:
            return Path(self._tls.certificate), Path(self._tls.key)
        return ensure(self._directory, self._serial, _now())

    def _say(self, text: str) -> None:
        """Logs ``text``, once for as long as it stays true."""
        if text and text != self._said:
            log.error("%s", text)
        self._said = text


def _now() -> datetime:
    return datetime.now(UTC)


def _state(path: Path) -> _State | None:
    """Changes when the file does. Links are followed: certbot renews by another link."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Raises CertificateError."""
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except OSError as error:
            hint = "; it has to be readable for group evsed" if isinstance(error, PermissionError) else ""
            raise CertificateError(f"{path} cannot be read: {error.strerror}{hint}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    asked: list[bool] = []

    def password() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        if asked:
            raise CertificateError(f"{key} is encrypted, and nobody is there to give its password") from error
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{key} is not the key of {certificate}") from error
        facts(certificate)  # says so where it is this one
        if not error.reason:  # OpenSSL's "PEM lib"
            raise CertificateError(f"{key} is no private key in PEM form") from error
        reason = error.reason.replace("_", " ").lower()
        raise CertificateError(f"{certificate} and {key} cannot be used: {reason}") from error
    except (OSError, ValueError) as error:
        raise CertificateError(f"{certificate} and {key} cannot be used: {error}") from error
    return context
