"""The certificate that evsed makes for itself, and what is to be known of any: until when, for whom, its fingerprint.

Owns the pair in the state directory. It is signed by its own key and vouches for nobody else, so that who believes it
believes this charger alone. The key stays when the certificate is made anew. Slow, and so is the library that it
imports: never on the control thread.
"""

import contextlib
import logging
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evsed.files import replace_text

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

KEY_FILE: Final = "tls.key"
CERTIFICATE_FILE: Final = "tls.crt"
LIFE: Final = timedelta(days=820)
"""Apple's programs take no certificate that is valid for more than 825 days."""

RENEWED_BEFORE: Final = timedelta(days=60)
_BACKDATED: Final = timedelta(days=1)  # a client's clock may be behind ours
_LONGEST_HOST: Final = 64
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NET: Final = Path("/sys/class/net")


class CertificateError(Exception):
    """A certificate or key that cannot be used; the text names the file and says why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What people have to know of a certificate. ``fingerprint`` is SHA-256, as browsers and openssl write it."""

    fingerprint: str
    begins: datetime
    ends: datetime
    names: tuple[str, ...]

    def wrong(self, now: datetime) -> str:
        """Why no client should believe it at ``now``; empty when it may."""
        if now < self.begins:
            return f"is not valid before {self.begins:%Y-%m-%d}, and this machine believes it is {now:%Y-%m-%d}"
        if now >= self.ends:
            return f"has ended on {self.ends:%Y-%m-%d}"
        return ""

    def line(self) -> str:
        """It in one line."""
        return f"SHA-256 {self.fingerprint}, until {self.ends:%Y-%m-%d}, for {', '.join(self.names) or 'no name'}"


def facts(path: Path) -> Facts:
    """What the first certificate in the file ``path`` says. Raises CertificateError."""
    from cryptography import x509  # noqa: PLC0415 - heavy

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = _names(certificate)
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}{_advice(error)}") from error
    except ValueError as error:
        raise CertificateError(f"{path} is no certificate in PEM form") from error
    return Facts(
        fingerprint=_fingerprint(certificate),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        names=names,
    )


def _advice(error: OSError) -> str:
    return "; it has to be readable for group evsed" if isinstance(error, PermissionError) else ""


def _names(certificate: "Certificate") -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - heavy

    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in listed.get_values_for_type(x509.IPAddress)]
    return (*listed.get_values_for_type(x509.DNSName), *addresses)


def _fingerprint(certificate: "Certificate") -> str:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - heavy

    return certificate.fingerprint(SHA256()).hex(":").upper()


# ---- our own ----


def ensure(directory: Path, serial: int, now: datetime, *, anew: bool = False) -> tuple[Path, Path]:
    """Certificate and key in ``directory``, made where there are none, they do not last, or ``anew``.

    Raises CertificateError when they cannot be kept there.
    """
    certificate, key = directory / CERTIFICATE_FILE, directory / KEY_FILE
    why = "it is wanted" if anew else _outdated(certificate, key, now)
    if why:
        log.info("TLS: %s is made: %s", certificate, why)
        try:
            _make(certificate, key, _wanted_names(serial), now)
        except OSError as error:
            raise CertificateError(f"{certificate} cannot be written: {error.strerror or error}") from error
    return certificate, key


def _outdated(certificate: Path, key: Path, now: datetime) -> str:
    """Why the pair has to be made; empty when it is good."""
    if not certificate.exists() or not key.exists():
        return "there is none yet"
    try:
        found = facts(certificate)
        if not _belong_together(certificate, key):
            return "it is not of the key beside it"
    except CertificateError as error:
        return str(error)
    except (OSError, ValueError) as error:
        return f"{key}: {error}"
    if why := found.wrong(now):
        return f"the one of now {why}"
    if found.ends - now < RENEWED_BEFORE:
        return f"the one of now ends on {found.ends:%Y-%m-%d}"
    return ""


def _belong_together(certificate: Path, key: Path) -> bool:
    from cryptography import x509  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        public = load_pem_private_key(key.read_bytes(), password=None).public_key()
    except TypeError as error:  # it wants a password, and so is not ours
        raise ValueError("it is encrypted") from error
    return x509.load_pem_x509_certificate(certificate.read_bytes()).public_key() == public


def _make(certificate: Path, key: Path, names: Sequence[str], now: datetime) -> None:
    """Writes both; a key that can be used stays. Raises OSError."""
    from cryptography import x509  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    private = _kept_key(key)
    if private is None:
        private = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        replace_text(key, private.private_bytes(*form).decode("ascii"), mode=0o600)
    public = private.public_key()
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    replace_text(certificate, built.public_bytes(serialization.Encoding.PEM).decode("ascii"), mode=0o600)


def _kept_key(path: Path) -> "ec.EllipticCurvePrivateKey | None":
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    return found if isinstance(found, ec.EllipticCurvePrivateKey) else None


def _general(name: str) -> "x509.GeneralName":
    from cryptography import x509  # noqa: PLC0415 - heavy

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _wanted_names(serial: int) -> list[str]:
    """Every name and address by which this machine is asked now."""
    hostname = socket.gethostname()
    own = [hostname, f"{hostname}.local"] if len(hostname) < _LONGEST_HOST and _HOST.fullmatch(hostname) else []
    names = [f"smartevse-{serial}.local", *own, *_told_to_the_router(), "localhost", *_addresses()]
    return list(dict.fromkeys(names))


def _addresses() -> list[str]:
    from evsed.api.interfaces import every_address, interfaces  # noqa: PLC0415 - heavy

    try:
        every = {address.partition("%")[0] for address in every_address(interfaces())}
    except OSError:
        every = {"127.0.0.1"}
    return sorted(address for address in every if not ip_address(address).is_link_local)


def _told_to_the_router() -> list[str]:
    """The names that evsed-dhcp-name gives: by the last two bytes of each interface's MAC."""
    found = []
    for address in sorted(_NET.glob("*/address")):
        if (address.parent / "device").exists():
            with contextlib.suppress(OSError):  # it has just been unplugged
                ends = address.read_text(encoding="ascii").strip().replace(":", "")[-4:]
                found.append(f"smartevse-{ends}.lan")
    return found
