"""Sessions and counters as fields of a JSON document, and back. Whatever is no such field is refused, never guessed."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, TypeAlias, TypeVar

from evsed.core.record import Counters, Ending, Kept, Part, SessionRecord

Document: TypeAlias = dict[str, Any]
_T = TypeVar("_T")

_MOST: Final = 2**53 - 1  # what every reader of JSON takes
_LONGEST: Final = 200  # of a text
_MANY: Final = 100  # of a list
_LATEST: Final = 2**35  # a moment that every calendar here can write; the year 3058


def kept_fields(kept: Kept) -> Document:
    """``kept`` as a document."""
    return {
        "open": None if kept.open is None else record_fields(kept.open),
        "last": None if kept.last is None else record_fields(kept.last),
        "counters": asdict(kept.counters),
    }


def record_fields(record: SessionRecord) -> Document:
    """One session as a document."""
    return asdict(record) | {"ending": None if record.ending is None else record.ending.value}


def kept_of(document: object) -> tuple[Kept, list[str]]:
    """What ``document`` says, and remarks on what of it cannot be used."""
    if not isinstance(document, dict):
        return Kept(), [] if document is None else ["the sessions in it cannot be used"]
    remarks: list[str] = []

    def part(name: str, read: Callable[[Document], _T]) -> _T | None:
        fields = document.get(name)
        if fields is None:
            return None
        try:
            return read(fields)
        except (ValueError, TypeError, KeyError) as error:
            remarks.append(f"sessions: {name} cannot be used: {error}")
            return None

    opened, last, counters = part("open", record_of), part("last", record_of), part("counters", _counters)
    if opened is not None and opened.ending is not None:
        opened, last = None, last or opened
    if last is not None and last.ending is None:
        last = None
    return Kept(opened, last, counters or Counters()), remarks


def record_of(fields: Document) -> SessionRecord:
    """The session in ``fields``. Raises ValueError, TypeError or KeyError when it is none."""
    ending = fields["ending"]
    return SessionRecord(
        number=_count(fields["number"], least=1),
        revision=_count(fields["revision"]),
        start_s=_maybe(_moment, fields["start_s"]),
        end_s=_maybe(_moment, fields["end_s"]),
        seen_s=_maybe(_moment, fields["seen_s"]),
        ending=None if ending is None else Ending(ending),
        charging=_truth(fields["charging"]),
        start_wh=_maybe(_whole, fields["start_wh"]),
        end_wh=_maybe(_whole, fields["end_wh"]),
        energy_wh=_maybe(_count, fields["energy_wh"]),
        complete=_truth(fields["complete"]),
        solar_mwh=_maybe(_count, fields["solar_mwh"]),
        by_phases=_three(fields["by_phases"]),
        phases=tuple(_phases(value) for value in _list(fields["phases"])),
        parts=tuple(_part(value) for value in _list(fields["parts"])),
        modes=tuple(_text(value) for value in _list(fields["modes"])),
        peak=_maybe(_count, fields["peak"]),
        charging_ms=_count(fields["charging_ms"]),
        closings=_two(fields["closings"]),
        stops=tuple((_text(code), _count(number)) for code, number in _list(fields["stops"])),
        last_stop=_text(fields["last_stop"]),
        exchanges=_count(fields["exchanges"]),
    )


def _counters(fields: Document) -> Counters:
    return Counters(
        sessions=_count(fields["sessions"]),
        closings=_two(fields["closings"]),
        charging_ms=_count(fields["charging_ms"]),
        energy_wh=_maybe(_count, fields["energy_wh"]),
        powered_s=_count(fields["powered_s"]),
    )


def _part(fields: Document) -> Part:
    return Part(_text(fields["card"]), _text(fields["name"]), _count(fields["energy_wh"]), _count(fields["solar_mwh"]))


def _maybe(read: Callable[[object], _T], value: object) -> _T | None:
    return None if value is None else read(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def _count(value: object, least: int = 0) -> int:
    if _whole(value) < least:
        raise ValueError(f"{value!r:.40} is less than {least}")
    return _whole(value)


def _moment(value: object) -> int:
    if _count(value) >= _LATEST:
        raise ValueError(f"{value!r:.40} is no time")
    return _count(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is neither true nor false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(f"{value!r:.40} is no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{value!a:.40} is no UTF-8") from None
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > _MANY:
        raise ValueError(f"{value!r:.40} is no list")
    return list(value)


def _two(value: object) -> tuple[int, int]:
    one, two = _list(value)
    return _count(one), _count(two)


def _three(value: object) -> tuple[int, int, int]:
    one, two, three = _list(value)
    return _count(one), _count(two), _count(three)


def _phases(value: object) -> int:
    if value not in {1, 2, 3}:
        raise ValueError(f"{value!r:.40} is no number of phases")
    return _count(value)
