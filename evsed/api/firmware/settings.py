"""GET and POST /settings, as existing clients use them.

A refused value answers 200 with ``Value not allowed!`` in the parameter's place and changes nothing. What is taken, and
in which order, stands in posted_settings.py; what is told, in report.py.
"""

import json
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from evsed.api.firmware import posted_broker
from evsed.api.firmware.parameters import Parameters, described, parameters
from evsed.api.firmware.posted_settings import REFUSED, TABLE_OF_PARAMETERS, Asked, Echo, asked
from evsed.api.firmware.report import Dialect, Unit, dialect_for, settings_document
from evsed.api.rights import Right, right_of
from evsed.api.site import Site
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot

__all__ = ["REFUSED", "create_router"]

_HEADERS: Final = {"Access-Control-Allow-Origin": "*"}
_SECRETS: Final = frozenset({"mqtt_password"})
_POST: Final = "POST /settings"
_TAKES: Final = {
    name: schema for row in TABLE_OF_PARAMETERS for name, schema in row.takes.items()
} | posted_broker.TAKES  # fmt: skip


class Documents:
    """The last document of each dialect, as bytes: many clients ask more often than there is something new."""

    def __init__(self) -> None:
        self._last: dict[tuple[Dialect, bool], tuple[Snapshot, Unit, bytes]] = {}

    def get(self, snapshot: Snapshot, unit: Unit, dialect: Dialect, *, cards: bool = True) -> bytes:
        """The document of ``snapshot``; without ``cards`` for who may not know the number of one."""
        last = self._last.get((dialect, cards))
        if last is None or last[0] is not snapshot or last[1] != unit:
            told = snapshot if cards else replace(snapshot, rfid_last="")
            text = json.dumps(settings_document(told, unit, dialect), separators=(",", ":"), ensure_ascii=False)
            last = self._last[dialect, cards] = (snapshot, unit, text.encode("utf-8", "replace"))
        return last[2]


def _dialect(request: Request, snapshot: Snapshot) -> Dialect:
    chosen = TABLE["rest_dialect"].show(snapshot.settings.rest_dialect)
    return dialect_for(chosen, request.headers.get("user-agent", ""))


async def _change(site: Site, given: Parameters, dialect: Dialect) -> Echo:
    wanted = asked(given, dialect)
    verdicts = iter(await site.submit_all([item.command for item in wanted if item.command is not None]))
    echo: Echo = {}
    for item in wanted:
        why = item.why if item.command is None else next(verdicts).refused
        echo |= item.row.told_refused(given) if why else item.row.told(given, site.snapshot, dialect)
        if why:
            _note(site, item, given, why)
    return echo


def _note(site: Site, item: Asked, given: Parameters, why: str) -> None:
    sent = given.only(*item.row.takes)
    site.refusals.note(f"{_POST} {' '.join(sent)}", " ".join(sent.values()), why)


async def _store_broker(site: Site, given: Parameters) -> Echo:
    try:
        broker = posted_broker.broker_of(given, site.unit.broker)
        await site.store_broker(broker)
        return posted_broker.echo_of(given, broker, site.unit.prefix)
    except ValueError as error:  # NotTakenError among them
        why = str(error)
    sent = given.only(*posted_broker.GROUP)
    shown = (f"{name}={value}" for name, value in sent.items() if name not in _SECRETS)
    site.refusals.note(f"{_POST} mqtt_update", " ".join(shown), why)
    return dict.fromkeys(sent, REFUSED)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["settings"])
    documents = Documents()

    @router.get("/settings", response_model=dict[str, Any])
    async def read(request: Request) -> Response:
        """State, settings and measurements in one document, in the dialect that the owner chose or evcc needs."""
        snapshot = site.snapshot
        body = documents.get(snapshot, site.unit, _dialect(request, snapshot), cards=right_of(request) >= Right.OPERATE)
        return Response(body, media_type="application/json", headers=_HEADERS)

    @router.post("/settings", openapi_extra=described(_TAKES))
    async def change(request: Request) -> Echo:
        """Changes what the parameters name and echoes each."""
        given = await parameters(request)
        echo = await _change(site, given, _dialect(request, site.snapshot))
        if given.has_any(*posted_broker.GROUP):
            echo |= await _store_broker(site, given)
        return echo

    return router
