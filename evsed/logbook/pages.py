"""Which sessions a page of them has, and how those that are known better take the place of logged ones. Pure."""

from collections.abc import Iterable

from evsed.core.record import SessionRecord


def begun_within(record: SessionRecord, from_s: int | None, to_s: int | None) -> bool:
    """Whether ``record`` began from ``from_s`` to ``to_s``, in Unix seconds; None: no bound. As Book.page has it.

    One of which no time is known is the one that runs, or was not long ago: it is within what has no end.
    """
    if from_s is None and to_s is None:
        return True
    when = next((s for s in (record.start_s, record.seen_s, record.end_s) if s is not None), None)
    if when is None:
        return to_s is None
    return (from_s is None or when >= from_s) and (to_s is None or when < to_s)


def merged(
    logged: list[SessionRecord],
    better: Iterable[SessionRecord],
    limit: int,
    before: int | None,
    from_s: int | None,
    to_s: int | None,
) -> list[SessionRecord]:
    """A page of the log, with what is known ``better`` in place of what was written of it."""
    found = {record.number: record for record in logged}
    lowest = min(found) if len(found) >= limit else 0
    for record in better:
        if lowest <= record.number and (before is None or record.number < before):
            found.pop(record.number, None)
            if begun_within(record, from_s, to_s):
                found[record.number] = record
    return sorted(found.values(), key=lambda record: record.number, reverse=True)[:limit]
