"""/api/v1/backup and /api/v1/restore: the settings, the broker and the cards in one document, and back from it."""

import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NotRequired

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed import __version__
from evsed.api.problems import Wrong, problem, problem_answer
from evsed.api.rights import Right, right_of
from evsed.api.site import BusyError, Site
from evsed.api.v1.bodies import NOT_TAKEN, Answers, body_of, taking, without_secrets
from evsed.api.v1.documents import exact
from evsed.api.v1.settings import settings_rows
from evsed.backup.document import DocumentError, read
from evsed.backup.restoring import Now, Restoring, restoring
from evsed.backup.rows import told
from evsed.backup.saving import backup
from evsed.core.cards import Card
from evsed.core.events import AddCards, ChangeSettings, Command, RemoveCards

_BODY: Final = body_of(
    {
        "type": "object",
        "required": ["schema", "settings"],
        "description": "a backup, an export of settings, or a settings.json",
        "example": {"format": "evsed backup", "schema": 3, "settings": {"current_min": 6}},
    }
)
_NOT_ALLOWED: Final[Answers] = {403: problem_answer("only the installer may do that; says what needs him")}
_INSTALLERS_TOLD: Final = 10
Secrets = Annotated[bool, Query(description="with the secrets among the settings, and the broker's password")]
DryRun = Annotated[bool, Query(description="only say what would be changed")]


@exact
class BrokerDocument(TypedDict):
    """The MQTT broker, without its password. Files are those of the charger's disk."""

    host: str
    port: int
    username: str
    prefix: str
    tls: bool
    ca: str
    certificate: str
    key: str
    discovery_prefix: str


@exact
class SavedCard(TypedDict):
    """A card of the reader."""

    uid: str
    name: str
    enabled: bool


@exact
class BackupDocument(TypedDict):
    """What an owner has set, by names; the serial number is 0 where there is none."""

    format: Literal["evsed backup"]
    schema: int
    evsed: str
    serial: int
    created: str
    settings: dict[str, int | str]
    broker: BrokerDocument
    cards: NotRequired[list[SavedCard]]  # only for who may see them
    secrets: NotRequired[dict[str, int | str]]


@exact
class RestoredChange(TypedDict):
    """One thing that is not as in the file; null: it is not there, or a secret."""

    key: str
    before: int | str | bool | None
    after: int | str | bool | None
    installer: bool


@exact
class RestoreDocument(TypedDict):
    """What a restore changes, what it leaves out and why, and what is wrong in the file."""

    changes: list[RestoredChange]
    warnings: list[str]
    wrong: list[str]


def _now(site: Site, right: Right) -> Now:
    snapshot = site.snapshot
    rows = told(settings_rows(snapshot.settings, snapshot.offers))
    broker = None if site.set_broker is None else site.unit.broker
    return Now(snapshot.settings, rows, site.unit.serial, broker, snapshot.cards, open=right >= Right.INSTALL)


def _restore_document(found: Restoring) -> RestoreDocument:
    changes: list[Any] = [asdict(change) for change in found.changes]
    return {"changes": changes, "warnings": list(found.warnings), "wrong": [each.text for each in found.wrong]}


async def _carry_out(site: Site, found: Restoring, before: Now) -> str:
    """Does all of it, and says nothing; or nothing, and says why. Raises BusyError."""
    undo: list[Command] = []
    refused = ""
    try:
        if found.settings:
            undo.append(ChangeSettings(tuple((key, before.settings[key]) for key, _ in found.settings)))
            refused = (await site.submit(ChangeSettings(found.settings))).refused
        if found.cards and not refused:
            undo += _forget(found.cards, before.cards)
            refused = (await site.submit(AddCards(found.cards))).refused
        if found.broker is not None and not refused:
            await site.store_broker(found.broker)
    except BusyError:
        await _take_back(site, undo)
        raise
    if refused:
        await _take_back(site, undo)
    return refused


def _forget(cards: tuple[Card, ...], before: tuple[Card, ...]) -> list[Command]:
    """What makes the list again what it was."""
    added = frozenset(card.uid for card in cards) - {card.uid for card in before}
    changed = tuple(card for card in before if any(card.uid == other.uid for other in cards))
    found: list[Command] = [RemoveCards(frozenset({uid})) for uid in sorted(added)]
    return [*found, AddCards(changed)] if changed else found


async def _take_back(site: Site, undo: list[Command]) -> None:
    with contextlib.suppress(BusyError):
        await site.submit_all(undo)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/backup", response_model=None, responses=taking(_NOT_ALLOWED, model=BackupDocument))
    async def save(request: Request, secrets: Secrets = False) -> JSONResponse:
        """What an owner has set, as POST /api/v1/restore takes it; the secrets only for an installer who asks."""
        if secrets and right_of(request) < Right.INSTALL:
            return problem(403, "the secrets are given to the installer only", parameter="secrets")
        now = datetime.now(UTC)
        unit = site.unit
        document = backup(
            site.snapshot.settings,
            unit.broker,
            site.snapshot.cards if right_of(request) >= Right.OPERATE else None,
            version=__version__,
            serial=unit.serial,
            created=now.isoformat(timespec="seconds"),
            secrets=secrets,
        )
        name = f"evsed-{unit.serial or 'backup'}-{now:%Y%m%d}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return JSONResponse(document, headers=headers)

    @router.post(
        "/restore",
        response_model=None,
        openapi_extra=_BODY,
        responses=taking(NOT_TAKEN, _NOT_ALLOWED, model=RestoreDocument),
    )
    async def restore(request: Request, dry_run: DryRun = False) -> JSONResponse:
        """Makes the charger as the file says, all of it or, if something is refused, nothing.

        What is not in the file stays, and so do the mode, SET UP and who may log in. Answers what was changed.
        """
        return await _restored(site, request, dry_run=dry_run)

    return router


async def _restored(site: Site, request: Request, *, dry_run: bool) -> JSONResponse:
    body = await request.body()
    try:
        file = read(body)
    except DocumentError as error:
        site.refusals.note("POST /api/v1/restore", without_secrets(body), str(error))
        return problem(422, f"the file cannot be used: {error}")
    before = _now(site, right_of(request))
    found = restoring(file, before)
    if dry_run:
        return JSONResponse(_restore_document(found))
    errors = [Wrong(each.text, each.pointer) for each in found.wrong]
    refused = "; ".join(error.detail for error in errors)
    if not refused and found.installers and right_of(request) < Right.INSTALL:
        return problem(403, f"only the installer may change {_named(found.installers)}; nothing was changed")
    refused = refused or await _carry_out(site, found, before)
    if refused:
        site.refusals.note("POST /api/v1/restore", without_secrets(body), refused)
        return problem(422, refused, errors=errors)
    return JSONResponse(_restore_document(found))


def _named(keys: list[str]) -> str:
    shown = ", ".join(keys[:_INSTALLERS_TOLD])
    return shown if len(keys) <= _INSTALLERS_TOLD else f"{shown} and {len(keys) - _INSTALLERS_TOLD} more"
