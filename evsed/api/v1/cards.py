"""/api/v1/cards: the cards that open the charger; changed one by one, or brought and taken as a list.

Whoever knows a card's number can charge with it: none is in the log, and nobody keeps an answer. What a card does is
the core's, what a file says cardlist.py's.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from typing_extensions import TypedDict

from evsed.api.problems import Wrong, problem, problem_answer
from evsed.api.site import Site
from evsed.api.v1.bodies import NOT_TAKEN, Answers, NotTakenError, body_of, json_object, taking
from evsed.api.v1.cardlist import as_csv, read_list, uid_of
from evsed.api.v1.documents import UnixSeconds, exact
from evsed.cardstore import document_of
from evsed.core.cards import LONGEST_NAME, MOST_CARDS, UID_TOLD, Card, merged, wrong_cards, wrong_name
from evsed.core.events import AddCards, ChangeCard, RemoveCards
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot

_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_NOT_THERE: Final[Answers] = {404: problem_answer("there is no such card")}
_NAME: Final = {"type": "string", "maxLength": LONGEST_NAME}
_PARTS: Final = {"name": _NAME, "enabled": {"type": "boolean"}}
_BODY: Final = body_of(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": _PARTS,
        "example": {"name": "Ann", "enabled": True},
    }
)
_ROW: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["uid"],
    "properties": {"uid": {"type": "string"}, **_PARTS, "added": {"type": ["integer", "null"]}},
}
_EXPORT: Final = {
    "type": "object",
    "required": ["cards"],
    "properties": {
        "format": {"type": "string", "const": "evsed cards"},
        "schema": {"type": "integer", "const": 1},
        "cards": {"type": "array", "items": _ROW, "maxItems": MOST_CARDS},
    },
}
_FILE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _EXPORT},
            "text/csv": {"schema": {"type": "string", "example": "uid,name,enabled\r\n04A1B2C3D4E5F6,Ann,true\r\n"}},
        },
    }
}

_DryRun: TypeAlias = Annotated[bool, Query(description="only say what would change")]
_Replace: TypeAlias = Annotated[bool, Query(description="forget the cards that are not in the list")]
_FORM: Final = "^([0-9A-Fa-f]{12}|[0-9A-Fa-f]{14})$"  # for the document: what stands between digits is taken as well
_Uid: TypeAlias = Annotated[str, Path(description="the card's number", json_schema_extra={"pattern": _FORM})]


@exact
class CardRow(TypedDict):
    """One card: its number, what it is called, whether it may be used, and since when it is known (or null)."""

    uid: str
    name: str
    enabled: bool
    added: UnixSeconds | None


@exact
class CardsDocument(TypedDict):
    """All cards; ``reader``: what they do now; ``holder``: the number of the one that lets this car charge, or null."""

    reader: str
    most: int
    holder: str | None
    cards: list[CardRow]


@exact
class CardsExport(TypedDict):
    """The list as a file."""

    format: str
    schema: int
    cards: list[CardRow]


@exact
class ChangedCard(TypedDict):
    """A card as it was and as it is then."""

    before: CardRow
    after: CardRow


@exact
class ImportDocument(TypedDict):
    """What a list changes, or with ``dry_run`` would change."""

    dry_run: bool
    added: list[CardRow]
    changed: list[ChangedCard]
    removed: list[CardRow]
    unchanged: int
    total: int


def _row(card: Card) -> CardRow:
    return {"uid": card.uid, "name": card.name, "enabled": card.enabled, "added": card.added}


def cards_document(snapshot: Snapshot) -> CardsDocument:
    """All there is to know of the cards."""
    return {
        "reader": TABLE["rfidreader"].choices[snapshot.settings.rfidreader],
        "most": MOST_CARDS,
        "holder": snapshot.holder or None,
        "cards": [_row(card) for card in snapshot.cards],
    }


def differences(before: Sequence[Card], after: Iterable[Card], *, dry_run: bool) -> ImportDocument:
    """What is different ``after``."""
    old, new = {card.uid: card for card in before}, {card.uid: card for card in after}
    both = [(old[uid], card) for uid, card in new.items() if uid in old]
    changed = [(one, other) for one, other in both if one.same != other.same]
    return {
        "dry_run": dry_run,
        "added": [_row(card) for uid, card in new.items() if uid not in old],
        "changed": [{"before": _row(one), "after": _row(other)} for one, other in changed],
        "removed": [_row(card) for uid, card in old.items() if uid not in new],
        "unchanged": len(both) - len(changed),
        "total": len(new),
    }


def read_card(uid: str, body: bytes) -> ChangeCard:
    """The change in a JSON body of name and enabled, either of which may be missing. Raises NotTakenError."""
    given = json_object(body, '{"name": "Ann", "enabled": true}', ("name", "enabled"))
    number, name, enabled = uid_of(uid), given.get("name"), given.get("enabled")
    name = name.strip() if isinstance(name, str) else name
    errors = [] if number else [Wrong(UID_TOLD, parameter="uid")]
    if says := ("" if name is None else wrong_name(name) if isinstance(name, str) else "a card's name is text"):
        errors.append(Wrong(says, pointer="/name"))
    if enabled is not None and not isinstance(enabled, bool):
        errors.append(Wrong("enabled takes true or false", pointer="/enabled"))
    if errors:
        raise NotTakenError(*errors)
    return ChangeCard(number, name, enabled)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])
    _add_lists(router, site)
    _add_single(router, site)
    return router


def _refused(site: Site, where: str, refused: str, errors: Sequence[Wrong] = ()) -> JSONResponse:
    """422; what was sent is not logged: there may be a card's number in it."""
    site.refusals.note(where, "...", "not a card, or not a list of cards, or there is no room for more")
    return problem(422, refused, errors=errors)


def _add_lists(router: APIRouter, site: Site) -> None:
    @router.get("/cards", response_model=None, responses=taking(model=CardsDocument))
    async def read() -> JSONResponse:
        """All cards, and what the reader makes of them."""
        return JSONResponse(cards_document(site.snapshot), headers=_NOT_KEPT)

    @router.get("/cards.json", response_model=None, responses=taking(model=CardsExport))
    async def read_json() -> JSONResponse:
        """The list as a file in JSON, as ``/api/v1/cards/import`` takes it."""
        return JSONResponse(document_of(site.snapshot.cards), headers=_NOT_KEPT | _file("json"))

    @router.get("/cards.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def read_csv() -> Response:
        """The list as a file in CSV, as ``/api/v1/cards/import`` takes it."""
        return Response(as_csv(site.snapshot.cards), media_type="text/csv", headers=_NOT_KEPT | _file("csv"))

    @router.post(
        "/cards/import", response_model=None, openapi_extra=_FILE, responses=taking(NOT_TAKEN, model=ImportDocument)
    )
    async def bring(request: Request, dry_run: _DryRun = False, replace: _Replace = False) -> JSONResponse:
        """Takes a list, all of it or nothing, and says what changes; with ``dry_run`` nothing does.

        JSON as exported, CSV (uid,name,enabled, with or without that header), or a number a line. Cards that are not in
        it stay, but with ``replace``.
        """
        where = "POST /api/v1/cards/import"
        try:
            given = read_list(await request.body())
        except NotTakenError as error:
            return _refused(site, where, str(error), error.errors)
        before = site.snapshot.cards
        wrong = wrong_cards(before, given, anew=replace)
        if not wrong and not dry_run:
            wrong = (await site.submit(AddCards(given, replace))).refused
        if wrong:
            return _refused(site, where, wrong)
        after = merged(before, given, anew=replace) if dry_run else site.snapshot.cards
        return JSONResponse(differences(before, after, dry_run=dry_run), headers=_NOT_KEPT)


def _file(kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="cards.{kind}"'}


def _add_single(router: APIRouter, site: Site) -> None:
    @router.put(
        "/cards/{uid}", response_model=None, openapi_extra=_BODY, responses=taking(NOT_TAKEN, model=CardsDocument)
    )
    async def change(uid: _Uid, request: Request) -> JSONResponse:
        """Adds a card, or changes its name and whether it may be used; answers as ``GET /api/v1/cards`` does."""
        try:
            command = read_card(uid, await request.body())
        except NotTakenError as error:
            return _refused(site, "PUT /api/v1/cards", str(error), error.errors)
        if refused := (await site.submit(command)).refused:
            return _refused(site, "PUT /api/v1/cards", refused)
        return JSONResponse(cards_document(site.snapshot), headers=_NOT_KEPT)

    @router.delete("/cards/{uid}", response_model=None, responses=taking(_NOT_THERE, model=CardsDocument))
    async def remove(uid: _Uid) -> JSONResponse:
        """Forgets a card; a car that it lets charge goes on."""
        if refused := (await site.submit(RemoveCards(frozenset({uid_of(uid)})))).refused:
            site.refusals.note("DELETE /api/v1/cards", "...", refused)
            return problem(404, f"{refused}; GET /api/v1/cards names all there are", parameter="uid")
        return JSONResponse(cards_document(site.snapshot), headers=_NOT_KEPT)
