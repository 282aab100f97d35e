"""A package and its signature out of a form, as it comes: to the disk at once, and never whole in memory.

Owns the form's reading and what is refused of it. Where the package goes, and whether it may come, is handover.py's.
"""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from evsed.doors.webserver import PATIENCE
from evsed.update.handed import MOST_BYTES
from evsed.update.machine import UpdateError
from evsed.update.signatures import LONGEST

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

WHOLE_S: Final = 1_800.0
PAUSE_S: Final = 30.0
"""How long an upload may take, and pause: 40 MB at 25 kB/s are through in time."""

AWAY_S: Final = 60.0
LEAVES_S: Final = 5.0
"""How long what was refused is read away, and who sends on may read the answer."""

_FRAME: Final = 16_384
"""Bytes of the form beside its files."""

_BOTH: Final = "the form has to have the package as file and its signature as signature, each once"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UploadError(Exception):
    """Nothing was taken; the text says why, ``status`` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What has come: the package's name, and the signature as it was given. The package is where it was to go."""

    name: str
    signature: bytes


class Form:
    """One form. ``judge`` raises UpdateError for the name of a package that is not wanted, before a byte of it."""

    def __init__(self, content_type: str, package: Path, judge: Callable[[str], None]) -> None:
        """Raises UploadError when it is none."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise UploadError(415, f"this has to be a form (multipart/form-data): {_BOTH}")
        self._path = package
        self._judge = judge
        self._name = ""
        self._file: IO[bytes] | None = None
        self._signature: bytearray | None = None
        self._head: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()
        self._into: Callable[[bytes], object] = self._refuse
        self._whole = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._part,
            "on_part_data": self._take,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(options[b"boundary"], callbacks)
        except FormParserError as error:
            raise UploadError(400, f"the form cannot be read: {error}") from None

    def write(self, data: bytes) -> None:
        """The next piece of the body; waits for the disk. Raises UploadError."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise UploadError(400, f"the form cannot be read: {error}") from None
        except UpdateError as error:
            raise UploadError(400, str(error)) from None
        except OSError as error:
            raise _of_disk(error) from None

    def finish(self) -> Uploaded:
        """What has come. Raises UploadError when something is missing."""
        self.close()
        if not self._whole:
            raise UploadError(400, "the form did not arrive whole: send it again")
        if not self._name or self._signature is None:
            raise UploadError(400, _BOTH)
        return Uploaded(self._name, bytes(self._signature))

    def close(self) -> None:
        """Nothing more comes."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # it is removed then
                self._file.close()
            self._file = None

    # ---- what the parser finds ----

    def _begin(self) -> None:
        self._head = {}
        self._into = self._refuse

    def _header(self) -> None:
        self._head[bytes(self._field).lower()] = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _part(self) -> None:
        _, options = parse_options_header(self._head.get(b"content-disposition"))
        name = options.get(b"name", b"")
        if name == b"file" and not self._name:
            self._name = options.get(b"filename", b"").decode("utf-8", errors="replace")
            self._judge(self._name)
            self._file = self._path.open("xb")
            self._into = self._file.write
        elif name == b"signature" and self._signature is None:
            self._signature = bytearray()
            self._into = self._sign
        else:
            raise UploadError(400, _BOTH)

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._into(data[start:end])

    def _sign(self, data: bytes) -> None:
        assert self._signature is not None  # noqa: S101 - set where this is chosen
        self._signature.extend(data)
        if len(self._signature) > LONGEST:
            raise UploadError(400, f"the signature has more than {LONGEST} bytes: it has to be the 64 of Ed25519")

    def _refuse(self, _data: bytes) -> None:
        raise UploadError(400, _BOTH)

    def _end(self) -> None:
        self._whole = True


def _of_disk(error: OSError) -> UploadError:
    if error.errno in _FULL:
        return UploadError(507, "the disk is full: make room first (df -h /var/lib/evsed)")
    return UploadError(507, f"the package cannot be stored: {error.strerror}")


async def receive(pieces: AsyncIterator[bytes], form: Form) -> Uploaded:
    """Reads a body into ``form``. Raises UploadError, ClientDisconnect."""
    size = 0
    try:
        async for piece in pieces:
            size += len(piece)
            if size > MOST_BYTES + _FRAME:
                raise too_big()
            await asyncio.to_thread(form.write, piece)
        return form.finish()
    finally:
        form.close()


def be_patient(request: Request, whole_s: float | None = None) -> None:
    """A big body takes longer than a request may otherwise: ``whole_s`` (``WHOLE_S``) from now on."""
    patience = request.scope.get("state", {}).get(PATIENCE)
    if patience is not None:
        patience(WHOLE_S if whole_s is None else whole_s, PAUSE_S)


def too_big() -> UploadError:
    """What is sent is longer than any package."""
    return UploadError(413, f"this is longer than {MOST_BYTES // 1_000_000} MB, more than any package of evsed has")


async def read_away(request: Request, pieces: AsyncIterator[bytes]) -> None:
    """Reads what is left of a body that was refused, so that the client gets to read why. Raises ClientDisconnect.

    It ends after ``AWAY_S``, or twice as much as a package may have, and the connection a little later.
    """
    be_patient(request, AWAY_S + LEAVES_S)
    left = 2 * MOST_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(AWAY_S):
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    return
