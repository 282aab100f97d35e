"""/api/v1/settings: every owner setting with what it takes; changed several at a time, all of them or none.

Secrets are taken and never told. What belongs to the installation is changed by who may install.
"""

import difflib
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.access import Kind
from evsed.api.gate import need_installer, need_owner
from evsed.api.problems import Wrong
from evsed.api.rights import Right, right_of
from evsed.api.site import BusyError, Site
from evsed.api.v1.access import LAST_WAY_IN, is_owner
from evsed.api.v1.bodies import (
    NOT_ALLOWED,
    NOT_TAKEN,
    NotAllowedError,
    NotTakenError,
    body_of,
    carry_out,
    json_object,
    pointer,
    taking,
    whole,
)
from evsed.api.v1.documents import exact
from evsed.core.events import ChangeSettings, Command
from evsed.core.menu_walk import INSTALLER_PIN
from evsed.core.setting import NOTHING_OFFERED, Offers, Setting, SettingError, Value
from evsed.core.settings import TABLE, Settings

log = logging.getLogger(__name__)

LOGIN: Final = "login"
_NUMERAL: Final = re.compile(r"[+-]?[0-9]{1,40}")
_EXAMPLE: Final = '{"current_max": 16, "enable_C2": "Auto"}'


@exact
class SettingRow(TypedDict):
    """One setting: its value, what it takes, and where it is shown. What does not apply is null."""

    value: int | str | None  # null: it is set, and secret
    default: int | str
    type: Literal["integer", "choice", "text"]
    minimum: int | None
    maximum: int | None
    choices: list[str] | None
    pattern: str | None
    unit: str | None
    description: str
    lcd_name: str | None
    shown: bool
    installer: bool
    secret: bool


def settings_rows(
    settings: Settings, offers: Offers = NOTHING_OFFERED, *, pin_set: bool = False
) -> dict[str, SettingRow]:
    """Every setting by its key, in menu order; ``offers`` is what a found Sensorbox has.

    ``pin_set``: there is an installer's PIN, which does not stand among the settings.
    """
    rows = {key: _row(row, settings, offers) for key, row in TABLE.items()}
    if pin_set:
        rows[INSTALLER_PIN]["value"] = None
    return rows


def _row(row: Setting, settings: Settings, offers: Offers) -> SettingRow:
    kind = _kind(row)
    value = settings[row.key]
    return {
        "value": None if row.secret and value != row.default else row.show(value),
        "default": row.show(row.default),
        "type": kind,
        "minimum": row.minimum if kind == "integer" else None,
        "maximum": row.maximum if kind == "integer" else None,
        "choices": list(row.choices.values()) if kind == "choice" else None,
        "pattern": row.form if kind == "text" else None,
        "unit": row.unit or None,
        "description": row.description,
        "lcd_name": row.lcd_name or None,
        "shown": row.shown(settings, offers),
        "installer": row.installer,
        "secret": row.secret,
    }


def _kind(row: Setting) -> Literal["integer", "choice", "text"]:
    if row.is_text:
        return "text"
    return "choice" if row.choices else "integer"


class _Quoted:
    """A numeral in quotes, which is no number; shown so in the refusal."""

    def __init__(self, numeral: str) -> None:
        self._numeral = numeral

    def __repr__(self) -> str:
        return f"{self._numeral!r} in quotes"


def read_changes(body: bytes) -> ChangeSettings:
    """The changes in a JSON body, each within its range. Raises NotTakenError with all that is wrong."""
    changes: dict[str, Value] = {}
    errors: list[Wrong] = []
    wanted = json_object(body, _EXAMPLE)
    if len(wanted) > len(TABLE):
        raise NotTakenError(Wrong(f"there are only {len(TABLE)} settings; GET /api/v1/settings names them"))
    for key, given in wanted.items():
        try:
            changes[key] = _read(key, given)
        except SettingError as error:
            errors.append(Wrong(str(error), pointer=pointer(key)))
    if errors:
        raise NotTakenError(*errors)
    return ChangeSettings(tuple((key, changes[key]) for key in _in_order(changes)))


def _read(key: str, given: object) -> Value:
    """The value that ``given`` stands for: a number as a number, a choice by name or number, a text as a text."""
    row = TABLE.get(key)
    if row is None:
        near = difflib.get_close_matches(key[:80], TABLE, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; GET /api/v1/settings names all there are"
        raise SettingError(f"there is no setting {key[:40]!a}{hint}")
    if isinstance(given, str):
        names = {name.casefold() for name in row.choices.values()}
        if not row.is_text and given.strip().casefold() not in names and _NUMERAL.fullmatch(given.strip()):
            return row.parse(_Quoted(given))
        return row.parse(given)
    number = whole(given)
    return row.parse(given if number is None else number)


def _in_order(changes: Mapping[str, Value]) -> list[str]:
    """The keys in an order in which each change is allowed once those before it are made, if there is one.

    A charger that stops to be a node is that first, one that becomes a node has what a node cannot have ended before;
    a mode comes last, because it may need the meter that is chosen with it.
    """
    leaves = whole(changes.get("loadbl", 0)) in {0, 1}
    rank = {"loadbl": 0 if leaves else 2, "mode": 3}
    return sorted(changes, key=lambda key: rank.get(key, 1))


def _about(command: Command, refused: str) -> str:
    """The setting that a refusal of the core is about, where that can be told."""
    keys = [key for key, _ in command.changes] if isinstance(command, ChangeSettings) else []
    about = [key for key in keys if refused.startswith((f"{key} ", TABLE[key].lcd_name or key))]
    about += [key for key in keys if key == "mode" and "needs a mains meter" in refused]
    return [*about, *keys][0] if about or len(keys) == 1 else ""


def _schema(row: Setting) -> dict[str, Any]:
    if row.is_text:
        return {"type": "string", "pattern": f"^{row.form}$"}
    if not row.choices:
        return {"type": "integer", "minimum": row.minimum, "maximum": row.maximum}
    names = {"type": "string", "enum": list(row.choices.values())}
    return {"anyOf": [names, {"type": "integer", "enum": list(row.choices)}]}


_BODY: Final = body_of(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key: {**_schema(row), "description": row.description, **({"writeOnly": True} if row.secret else {})}
            for key, row in TABLE.items()
        },
        "example": {"current_max": 16, "enable_C2": "Auto"},
    }
)


def _allowed(changes: ChangeSettings, request: Request, site: Site) -> ChangeSettings:
    """``changes``, which the sender of ``request`` may make. Raises NotAllowedError."""
    keys = [key for key, _ in changes.changes]
    installers = [key for key in keys if TABLE[key].installer]
    if installers and right_of(request) < Right.INSTALL:
        raise NotAllowedError(need_installer(site.access), installers)
    if LOGIN in keys and not is_owner(request):
        raise NotAllowedError(need_owner(site.access), [LOGIN])
    return changes


class _Ways:
    """The changes of who may log in: ``login``, and the installer's PIN, which does not stand among the settings.

    Only with ``deciding`` held, so that what is left when all of it is done is what was looked at.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._access = site.access
        self._before = site.access.stored(Kind.INSTALLER)
        self._asked: int | None = None

    def look(self, changes: ChangeSettings) -> None:
        """Raises NotTakenError when nobody could log in any more after all of ``changes``."""
        asked = dict(changes.changes)
        login, pin = asked.get(LOGIN, self._site.login_on), asked.get(INSTALLER_PIN)
        gone = pin == 0 and self._access.pin_set
        if login and gone and self._access.ways == 1:
            raise NotTakenError(Wrong(LAST_WAY_IN, pointer=pointer(INSTALLER_PIN)))
        self._asked = None if pin is None else int(pin)

    async def keep(self) -> None:
        """Sets the installer's PIN that was asked for; 0: takes it away. Raises BusyError when the disk refuses."""
        pin = self._asked
        if pin is None:
            return
        try:
            await self._site.keys.change(lambda: self._access.set_pin(f"{pin:04}" if pin else None))
        except OSError as error:
            raise BusyError(f"the installer's PIN cannot be stored ({error.strerror or error})") from None

    async def put_back(self, *, unknown: bool = False) -> None:
        """The PIN as it was. ``unknown``: nobody knows whether the rest is done; then one that was set stays set."""
        if self._asked is None or (unknown and self._asked):
            return
        try:
            await self._site.keys.change(lambda: self._access.put_back_pin(self._before))
        except OSError as error:
            raise BusyError(f"the installer's PIN of before cannot be stored ({error.strerror or error})") from None


async def _change(site: Site, request: Request, document: Callable[[], dict[str, SettingRow]]) -> JSONResponse:
    """All that the body of ``request`` asks for, or nothing, with ``deciding`` held. Raises BusyError."""
    ways, was_on = _Ways(site), site.login_on

    def read(body: bytes) -> ChangeSettings:
        changes = _allowed(read_changes(body), request, site)
        ways.look(changes)
        return ChangeSettings(tuple((key, value) for key, value in changes.changes if key != INSTALLER_PIN))

    try:
        answer = await carry_out(site, request, read, document, _about, prepare=ways.keep)
    except BusyError:
        await ways.put_back(unknown=True)
        raise
    if answer.status_code != 200:
        await ways.put_back()
    if site.login_on and not was_on:
        _say_who_else(site)
    return answer


def _say_who_else(site: Site) -> None:
    """Login is On now, and MQTT has none."""
    broker = site.unit.broker
    if broker.host:
        log.warning(
            "login is On; but MQTT knows no login of ours, so whoever may write at the broker %s still operates this "
            "charger: give the broker users and passwords of its own",
            broker.address,
        )


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    def document() -> dict[str, SettingRow]:
        snapshot = site.snapshot
        return settings_rows(snapshot.settings, snapshot.offers, pin_set=site.access.pin_set)

    @router.get("/settings", response_model=None, responses=taking(model=dict[str, SettingRow]))
    async def read() -> JSONResponse:
        """Every setting by its key: its value, what it takes, and whether the LCD's menu shows it now."""
        return JSONResponse(document())

    @router.patch(
        "/settings",
        response_model=None,
        openapi_extra=_BODY,
        responses=taking(NOT_TAKEN, NOT_ALLOWED, model=dict[str, SettingRow]),
    )
    async def change(request: Request) -> JSONResponse:
        """Changes the settings that the JSON object names, all of them or none; answers as GET does.

        Those marked `installer` are changed by who may install, `login` by him or the owner with his password. With
        `login` On the users of the MQTT broker still operate the charger.
        """

        await request.body()  # however slowly it comes, nobody waits for it
        async with site.keys.deciding:
            return await _change(site, request, document)

    return router
