"""The LCD from afar: its picture, its three buttons, and the PINs that open them.

The buttons are pressed only by who gave the LCD's PIN: with the press itself (``pin=``), or once to
``/lcd-verify-password``, which is remembered by a cookie. PIN 0, the default, means that there are no remote buttons.
Who also gave the installer's PIN (``installer=``) may change what belongs to the installation. Everybody may look;
the digits of a PIN that is being entered are shown to those only who are in.

A button is each client's own. A client is a cookie's visitor, or else an address; several scripts behind one of these
tell themselves apart by names they choose (``client=``).
"""

import asyncio
import time
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from evsed.api.firmware.parameters import Parameters, described, parameters
from evsed.api.firmware.pins import STAYS_S, Answer, Pair, Pins, Visitor, lcd_pin
from evsed.api.firmware.posted_settings import REFUSED
from evsed.api.firmware.values import NotTakenError, switched
from evsed.api.site import BusyError, Site
from evsed.core.events import Button, PressButton

_COOKIE: Final = "evsed-lcd"
_PNG: Final = "image/png"
_PIN: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{1,4}$", "description": "the LCD PIN"}
_INSTALLER: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[0-9]{4,8}$",
    "description": "the installer's PIN of evsed.toml, for what belongs to the installation",
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
    "pin": _PIN,
    "installer": _INSTALLER,
    "client": _CLIENT,
}
_WHY: Final = {
    Answer.WRONG: "the PIN is wrong",
    Answer.OFF: "the remote buttons are off: set an LCD PIN in the menu of the unit first",
    Answer.NO_INSTALLER: 'there is no installer\'s PIN: write one into evsed.toml first, [installer] pin = "..."',
    Answer.MISSING: "send the LCD PIN as pin, or once before as password to /lcd-verify-password",
    Answer.WAIT: "too many wrong PINs",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may press, and as whom; or, where ``answer`` is not RIGHT, why not."""

    answer: Answer
    client: str = ""
    installer: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """The PINs' door, of one site."""

    site: Site
    pins: Pins

    @property
    def asked(self) -> Pair:
        """The PINs that are set."""
        return Pair(lcd_pin(self.site.snapshot.settings.lcd_pin), self.site.installation.installer.pin or None)

    def visitor(self, request: Request, *, stays: bool = True) -> Visitor | None:
        """Who has been let in before; see Pins.visitor."""
        return self.pins.visitor(request.cookies.get(_COOKIE, ""), self.asked.pin, time.monotonic(), stays=stays)

    def is_veiled(self, request: Request) -> bool:
        """Whether digits are hidden from this request; to look does not prolong a stay."""
        try:
            return self.visitor(request, stays=False) is None
        except BusyError:  # the picture says that the control loop does not answer
            return True

    def enter(self, request: Request, given: Parameters, name: str) -> Entry:
        """Judges the LCD PIN, sent as ``name`` or given before, and the installer's where it was sent.

        Wrong ones are counted, and never shown.
        """
        known = self.visitor(request)
        pin = None if given.left_empty(name) else given.text(name)
        installer = None if given.left_empty("installer") else given.text("installer")
        answer = Answer.RIGHT
        if pin is None and known is None:
            answer = Answer.MISSING if self.asked.pin else Answer.OFF
        elif pin is not None or installer is not None:
            answer = self.pins.judge(Pair(pin, installer), self.asked, _address(request), time.monotonic())
        if answer is not Answer.RIGHT:
            what = "no PIN" if answer is Answer.MISSING else "a PIN"
            self.site.refusals.note(f"POST {request.url.path}", f"{what} from {_address(request)}", _WHY[answer])
            return Entry(answer)
        client = known.name if known is not None else _address(request)
        return Entry(answer, client, installer is not None or (known is not None and known.installer))

    def admit(self, request: Request, entry: Entry, response: Response) -> None:
        """Lets one who gave the right PINs stay for a while."""
        token = self.pins.admit(
            self.asked.pin or "", time.monotonic(), request.cookies.get(_COOKIE, ""), installer=entry.installer
        )
        response.set_cookie(_COOKIE, token, max_age=int(STAYS_S), httponly=True, samesite="strict")

    def refuse(self, request: Request, answer: Answer, said: dict[str, Any]) -> JSONResponse:
        """``said`` with the reason; 429 with how long to wait where that is it."""
        wait_s = self.pins.wait_s(_address(request), time.monotonic())
        if answer is not Answer.WAIT:
            return JSONResponse({**said, "reason": _WHY[answer]})
        why = f"{_WHY[answer]}: wait {wait_s} s"
        return JSONResponse({**said, "reason": why}, 429, headers={"Retry-After": str(wait_s)})


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _press(given: Parameters) -> PressButton:
    """The press or release; its client is the name that was sent, or empty. Raises NotTakenError."""
    names = {button.value: button for button in Button}
    button = names.get(given.text("button"))
    if button is None:
        raise NotTakenError(f"button takes {', '.join(names)}")
    name = given.text("client")
    if given.doubled("client") or len(name) > _LONGEST_CLIENT or not name.isprintable():
        raise NotTakenError(f"client takes at most {_LONGEST_CLIENT} printable characters")
    return PressButton(button, switched(given, "pressed" if "pressed" in given else "state"), name)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["lcd"])
    door = Door(site, Pins())

    @router.get(
        "/lcd",
        response_class=Response,
        responses={
            200: {"content": {_PNG: {}}},
            304: {"description": "it is still the picture of the ETag in If-None-Match"},
            404: {"description": "there is no LCD"},
        },
    )
    async def picture(request: Request) -> Response:
        """The LCD's current content as a PNG. Digits of a PIN show as * to who has not given the LCD PIN before."""
        picture = await asyncio.to_thread(site.lcd, door.is_veiled(request))
        if picture is None:
            raise HTTPException(404, "this unit has no LCD that could be shown; its state is at /settings and at /")
        etag = f'"{blake2s(picture, digest_size=8).hexdigest()}"'
        headers = {"Cache-Control": "no-store", "ETag": etag}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(picture, media_type=_PNG, headers=headers)

    @router.post("/lcd-verify-password", openapi_extra=described({"password": _PIN, "installer": _INSTALLER}))
    async def verify(request: Request) -> JSONResponse:
        """Takes the LCD PIN as ``password``; who gave the right one may press the buttons for half an hour."""
        entry = door.enter(request, await parameters(request), "password")
        if entry.answer is not Answer.RIGHT:
            return door.refuse(request, entry.answer, {"success": False})
        response = JSONResponse({"success": True})
        door.admit(request, entry, response)
        return response

    @router.post("/lcd", openapi_extra=described(_TAKES))
    async def press(request: Request) -> JSONResponse:
        """Presses (``pressed=1``) or releases (``pressed=0``) a button; its release has to come within 10 s."""
        given = await parameters(request)
        try:
            command = _press(given)
        except NotTakenError as error:
            site.refusals.note("POST /lcd", str(given.only("button", "pressed", "state", "client")), str(error))
            return JSONResponse({"button": REFUSED, "reason": str(error)})
        entry = door.enter(request, given, "pin")
        if entry.answer is not Answer.RIGHT:
            return door.refuse(request, entry.answer, {"button": REFUSED})
        client = f"{entry.client}/{command.client}" if command.client else entry.client
        command = replace(command, client=client, installer=entry.installer)
        refused = (await site.submit(command)).refused
        if refused:
            site.refusals.note("POST /lcd", command.button.value, refused)
            return JSONResponse({"button": REFUSED, "reason": refused})
        others = {button.value: "up" for button in (Button.RIGHT, Button.MIDDLE, Button.LEFT)}
        return JSONResponse({"button": {**others, command.button.value: "down" if command.pressed else "up"}})

    return router
