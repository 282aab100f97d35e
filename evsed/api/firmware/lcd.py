"""The LCD from afar: its picture, its three buttons, and the PINs that open them.

The buttons are pressed only by who gave the LCD's PIN: with the press itself (``pin=``), or once to
``/lcd-verify-password``, which is remembered by a cookie. PIN 0, the default, means that there are no remote buttons.
Who also gave the installer's PIN (``installer=``), or may install anyway, may change what belongs to the installation.
Everybody who may look sees it; the digits of a PIN that is being entered are shown to those only who are in, and those
of the installer's PIN to who may install.

A button is each client's own. A client is a cookie's visitor, or else an address; several scripts behind one of these
tell themselves apart by names they choose (``client=``).

The page asks for the same as JSON: the picture, the words on it for who cannot see it, and whether it may press.
"""

import asyncio
import time
from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from typing_extensions import TypedDict

from evsed.access import Kind, Right
from evsed.api import gate
from evsed.api.firmware.parameters import Parameters, described, parameters
from evsed.api.firmware.pins import STAYS_S, Answer, Pins, Visitor, lcd_pin
from evsed.api.firmware.posted_settings import REFUSED
from evsed.api.firmware.values import NotTakenError, switched, whole
from evsed.api.rights import right_of
from evsed.api.site import BusyError, Site
from evsed.api.v1.documents import Seconds, exact
from evsed.core.buttons import LOST_MS
from evsed.core.events import Button, PressButton
from evsed.core.menu_walk import INSTALLER_PIN, PINS
from evsed.core.screens.reading import Kind as Screens
from evsed.credentials import Hashed

if TYPE_CHECKING:
    from evsed.lcd.face import Shown

_COOKIE: Final = "evsed-lcd"
_PNG: Final = "image/png"
_PIN: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{1,4}$", "description": "the LCD PIN"}
_INSTALLER: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[0-9]{4,8}$",
    "description": "the installer's PIN, for what belongs to the installation",
}
_LONGEST_CLIENT: Final = 32
_CLIENT: Final[dict[str, Any]] = {
    "type": "string",
    "maxLength": _LONGEST_CLIENT,
    "description": f"who presses, where several do from one address or with one cookie: at most {_LONGEST_CLIENT} "
    "printable characters of the client's own choosing, the same for press and release",
}
_TAKES: Final[dict[str, dict[str, Any]]] = {
    "button": {"type": "string", "enum": [button.value for button in Button]},
    "pressed": {"type": "integer", "enum": [0, 1]},
    "state": {"type": "integer", "enum": [0, 1], "description": "another name of pressed"},
    "held_ms": {
        "type": "integer",
        "minimum": 0,
        "maximum": LOST_MS,
        "description": "for how long it is down: with a release, which may arrive late; with `pressed=1`, said once a "
        "second, it still is, and goes on repeating",
    },
    "pin": _PIN,
    "installer": _INSTALLER,
    "client": _CLIENT,
}
_WHY: Final = {
    Answer.WRONG: "the PIN is wrong",
    Answer.OFF: "the remote buttons are off: set an LCD PIN in the menu of the unit first",
    Answer.NO_INSTALLER: gate.NO_PIN,
    Answer.MISSING: "send the LCD PIN as pin, or once before as password to /lcd-verify-password",
    Answer.WAIT: "too many wrong PINs",
}
_ANSWERS: Final = {
    gate.Answer.RIGHT: Answer.RIGHT,
    gate.Answer.WRONG: Answer.WRONG,
    gate.Answer.NONE_SET: Answer.NO_INSTALLER,
    gate.Answer.WAIT: Answer.WAIT,
}


@exact
class LcdDocument(TypedDict):
    """The LCD at one moment. ``buttons``: off while no LCD PIN is set; pin while this visitor has not given it yet."""

    png: Annotated[str, Field(description="the picture, 128 x 64 dots, in base64")]
    kind: Annotated[str, Field(json_schema_extra={"enum": [kind.value for kind in Screens]})]
    lines: list[str]
    backlight_s: Seconds
    locked: bool  # the buttons only light it and reset a residual-current error
    buttons: Annotated[str, Field(json_schema_extra={"enum": ["off", "pin", "open"]})]
    installer: bool  # presses may change what belongs to the installation


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may press, and as whom; or, where ``answer`` is not RIGHT, why not."""

    answer: Answer
    client: str = ""
    installer: bool = False
    gave: Hashed | None = None  # what is stored of the installer's PIN that was given now
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class Door:
    """The PINs' door, of one site."""

    site: Site
    pins: Pins

    @property
    def asked(self) -> str:
        """The LCD PIN that is set, or nothing."""
        return lcd_pin(self.site.snapshot.settings.lcd_pin)

    def visitor(self, request: Request, *, stays: bool = True) -> Visitor | None:
        """Who has been let in before; see Pins.visitor."""
        return self.pins.visitor(request.cookies.get(_COOKIE, ""), self.asked, time.monotonic(), stays=stays)

    def veiled(self, request: Request) -> frozenset[str]:
        """The PINs whose digits are hidden from this request; to look does not prolong a stay."""
        try:
            known = self.visitor(request, stays=False)
        except BusyError:  # the picture says that the control loop does not answer
            known = None
        seen = set() if known is None else PINS.keys() - {INSTALLER_PIN}
        if right_of(request) is Right.INSTALL or self.is_installer(known):
            seen.add(INSTALLER_PIN)
        return frozenset(PINS.keys() - seen)

    def document(self, request: Request, shown: "Shown") -> LcdDocument:
        """``shown`` as JSON, with what this request's visitor may. Raises BusyError."""
        snapshot, known = self.site.snapshot, self.visitor(request, stays=False)
        return {
            "png": b64encode(shown.png).decode(),
            "kind": shown.kind.value,
            "lines": list(shown.lines),
            "backlight_s": snapshot.backlight_s,
            "locked": bool(snapshot.settings.lcdlock),
            "buttons": ("pin" if known is None else "open") if self.asked else "off",
            "installer": right_of(request) is Right.INSTALL or self.is_installer(known),
        }

    async def enter(self, request: Request, given: Parameters, name: str) -> Entry:
        """Judges the LCD PIN, sent as ``name`` or given before, and after it the installer's where it was sent.

        Wrong ones are counted, each at its own door, and never shown.
        """
        known, address = self.visitor(request), gate.address_of(request.scope)
        pin = None if given.left_empty(name) else given.text(name)
        installer = None if given.left_empty("installer") else given.text("installer")
        answer, wait_s = Answer.RIGHT, 0
        if pin is not None:
            answer = self.pins.judge(pin, self.asked, address, time.monotonic())
            wait_s = self.pins.wait_s(address, time.monotonic())
            if answer is Answer.WRONG:
                await self.site.keys.keep_guesses()
        elif known is None:
            answer = Answer.MISSING if self.asked else Answer.OFF
        gave = None
        if answer is Answer.RIGHT and installer is not None:
            gave = self.site.access.stored(Kind.INSTALLER)
            answer = _ANSWERS[await self.site.keys.judge(Kind.INSTALLER, installer, address)]
            wait_s = self.site.keys.wait_s(address, Kind.INSTALLER)
        if answer is not Answer.RIGHT:
            what = "no PIN" if answer is Answer.MISSING else "a PIN"
            self.site.refusals.note(f"POST {request.url.path}", f"{what} from {address}", _WHY[answer])
            return Entry(answer, wait_s=wait_s)
        return Entry(
            answer,
            address if known is None else known.name,
            right_of(request) is Right.INSTALL or gave is not None or self.is_installer(known),
            gave,
        )

    def is_installer(self, known: Visitor | None) -> bool:
        """Whether ``known`` gave the installer's PIN before, and it is still the one."""
        return (
            known is not None
            and known.installer is not None
            and (known.installer is self.site.access.stored(Kind.INSTALLER))
        )

    def admit(self, request: Request, entry: Entry, response: Response) -> None:
        """Lets one who gave the right PINs stay for a while."""
        token = self.pins.admit(self.asked, time.monotonic(), request.cookies.get(_COOKIE, ""), installer=entry.gave)
        secure = request.url.scheme == "https"
        response.set_cookie(_COOKIE, token, max_age=int(STAYS_S), httponly=True, samesite="strict", secure=secure)


def _refuse(entry: Entry, said: dict[str, Any]) -> JSONResponse:
    """``said`` with the reason; 429 with how long to wait where that is it."""
    if entry.answer is not Answer.WAIT:
        return JSONResponse({**said, "reason": _WHY[entry.answer]})
    why = f"{_WHY[entry.answer]}: wait {entry.wait_s} s"
    return JSONResponse({**said, "reason": why}, 429, headers={"Retry-After": str(entry.wait_s)})


def _press(given: Parameters) -> PressButton:
    """The press or release; its client is the name that was sent, or empty. Raises NotTakenError."""
    names = {button.value: button for button in Button}
    button = names.get(given.text("button"))
    if button is None:
        raise NotTakenError(f"button takes {', '.join(names)}")
    name = given.text("client")
    if given.doubled("client") or len(name) > _LONGEST_CLIENT or not name.isprintable():
        raise NotTakenError(f"client takes at most {_LONGEST_CLIENT} printable characters")
    held = None if given.left_empty("held_ms") else whole(given, "held_ms", 0, LOST_MS)
    return PressButton(button, switched(given, "pressed" if "pressed" in given else "state"), name, held=held)


async def _picture(door: Door, request: Request, *, as_json: bool) -> Response:
    shown = await asyncio.to_thread(door.site.lcd, door.veiled(request))
    if shown is None:
        raise HTTPException(404, "this unit has no LCD that could be shown; its state is at /settings and at /")
    if as_json:
        return JSONResponse(door.document(request, shown), headers={"Cache-Control": "no-store"})
    etag = f'"{blake2s(shown.png, digest_size=8).hexdigest()}"'
    headers = {"Cache-Control": "no-store", "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(shown.png, media_type=_PNG, headers=headers)


async def _pressed(door: Door, request: Request) -> JSONResponse:
    given = await parameters(request)
    try:
        command = _press(given)
    except NotTakenError as error:
        door.site.refusals.note("POST /lcd", str(given.only("button", "pressed", "state", "client")), str(error))
        return JSONResponse({"button": REFUSED, "reason": str(error)})
    entry = await door.enter(request, given, "pin")
    if entry.answer is not Answer.RIGHT:
        return _refuse(entry, {"button": REFUSED})
    client = f"{entry.client}/{command.client}" if command.client else entry.client
    command = replace(command, client=client, installer=entry.installer)
    refused = (await door.site.submit(command)).refused
    if refused:
        door.site.refusals.note("POST /lcd", command.button.value, refused)
        return JSONResponse({"button": REFUSED, "reason": refused})
    others = {button.value: "up" for button in (Button.RIGHT, Button.MIDDLE, Button.LEFT)}
    return JSONResponse({"button": {**others, command.button.value: "down" if command.pressed else "up"}})


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["lcd"])
    door = Door(site, Pins(site.keys.guesses.lcd))

    @router.get(
        "/lcd",
        response_class=Response,
        response_model=None,
        responses={
            200: {"content": {_PNG: {}}, "model": LcdDocument},
            304: {"description": "it is still the picture of the ETag in If-None-Match"},
            404: {"description": "there is no LCD"},
        },
    )
    async def picture(
        request: Request, form: Annotated[Literal["png", "json"], Query(alias="format")] = "png"
    ) -> Response:
        """The LCD's current content as a PNG. Digits of a PIN show as * to who has not given the LCD PIN before.

        Those of INST PIN show to who may install only. ``format=json``: with the words on it, and whether its buttons
        may be pressed.
        """
        return await _picture(door, request, as_json=form == "json")

    @router.post("/lcd-verify-password", openapi_extra=described({"password": _PIN, "installer": _INSTALLER}))
    async def verify(request: Request) -> JSONResponse:
        """Takes the LCD PIN as ``password``; who gave the right one may press the buttons for half an hour."""
        entry = await door.enter(request, await parameters(request), "password")
        if entry.answer is not Answer.RIGHT:
            return _refuse(entry, {"success": False})
        response = JSONResponse({"success": True})
        door.admit(request, entry, response)
        return response

    @router.post("/lcd", openapi_extra=described(_TAKES))
    async def press(request: Request) -> JSONResponse:
        """Presses (``pressed=1``) or releases (``pressed=0``) a button; its release has to come within 10 s.

        It repeats in the menu for 3 s at most, unless ``held_ms`` says again and again that it is still down.
        """
        return await _pressed(door, request)

    return router
