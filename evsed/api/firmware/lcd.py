"""The LCD from afar: its picture, its three buttons, and the PIN that opens them.

The buttons are pressed only by who gave the LCD's PIN: with the press itself (``pin=``), or once to
``/lcd-verify-password``, which is remembered by a cookie. PIN 0, the default, means that there are no remote buttons.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from evsed.api.firmware.parameters import Parameters, described, parameters
from evsed.api.firmware.pins import STAYS_S, Answer, Pins
from evsed.api.firmware.posted_settings import REFUSED
from evsed.api.firmware.values import NotTakenError, switched
from evsed.api.site import Site
from evsed.core.events import Button, PressButton

_COOKIE: Final = "evsed-lcd"
_PNG: Final = "image/png"
_PIN: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{1,4}$", "description": "the LCD PIN"}
_TAKES: Final[dict[str, dict[str, Any]]] = {
    "button": {"type": "string", "enum": [button.value for button in Button]},
    "pressed": {"type": "integer", "enum": [0, 1]},
    "state": {"type": "integer", "enum": [0, 1], "description": "another name of pressed"},
    "pin": _PIN,
}
_WHY: Final = {
    Answer.WRONG: "the PIN is wrong",
    Answer.OFF: "the remote buttons are off: set an LCD PIN in the menu of the unit first",
    Answer.MISSING: "send the LCD PIN as pin, or once before as password to /lcd-verify-password",
    Answer.WAIT: "too many wrong PINs",
}


@dataclass(frozen=True, slots=True)
class Door:
    """The PIN's door, of one site."""

    site: Site
    pins: Pins

    @property
    def pin(self) -> int:
        """The PIN that is set; 0: none."""
        return self.site.snapshot.settings.lcd_pin

    def try_pin(self, request: Request, given: str) -> Answer:
        """Judges a PIN; a wrong one is counted, and never shown."""
        answer = self.pins.try_pin(given, self.pin, _address(request), time.monotonic())
        if answer is not Answer.RIGHT:
            self.site.refusals.note(f"POST {request.url.path}", f"a PIN from {_address(request)}", _WHY[answer])
        return answer

    def is_open(self, request: Request, given: Parameters) -> Answer:
        """Whether this request may press buttons: by the PIN in it, or else by a PIN given before."""
        if "pin" in given:
            return self.try_pin(request, given.text("pin"))
        if self.pins.knows(request.cookies.get(_COOKIE, ""), self.pin, time.monotonic()):
            return Answer.RIGHT
        answer = Answer.MISSING if self.pin else Answer.OFF
        self.site.refusals.note(f"POST {request.url.path}", f"no PIN from {_address(request)}", _WHY[answer])
        return answer

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
    """The press or release. Raises NotTakenError."""
    names = {button.value: button for button in Button}
    button = names.get(given.text("button"))
    if button is None:
        raise NotTakenError(f"button takes {', '.join(names)}")
    return PressButton(button, switched(given, "pressed" if "pressed" in given else "state"))


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["lcd"])
    door = Door(site, Pins())

    @router.get(
        "/lcd",
        response_class=Response,
        responses={200: {"content": {_PNG: {}}}, 404: {"description": "there is no LCD"}},
    )
    async def picture() -> Response:
        """The LCD's current content as a PNG."""
        picture = site.lcd()
        if picture is None:
            raise HTTPException(404, "this unit has no LCD that could be shown; its state is at /settings and at /")
        return Response(picture, media_type=_PNG, headers={"Cache-Control": "no-store"})

    @router.post("/lcd-verify-password", openapi_extra=described({"password": _PIN}))
    async def verify(request: Request) -> JSONResponse:
        """Takes the LCD PIN as ``password``; who gave the right one may press the buttons for half an hour."""
        given = await parameters(request)
        answer = door.try_pin(request, given.text("password"))
        if answer is not Answer.RIGHT:
            return door.refuse(request, answer, {"success": False})
        response = JSONResponse({"success": True})
        token = door.pins.admit(door.pin, time.monotonic())
        response.set_cookie(_COOKIE, token, max_age=int(STAYS_S), httponly=True, samesite="strict")
        return response

    @router.post("/lcd", openapi_extra=described(_TAKES))
    async def press(request: Request) -> JSONResponse:
        """Presses (``pressed=1``) or releases (``pressed=0``) a button; its release, within 10 s, says what it was."""
        given = await parameters(request)
        try:
            command = _press(given)
        except NotTakenError as error:
            site.refusals.note("POST /lcd", str(given.only("button", "pressed", "state")), str(error))
            return JSONResponse({"button": REFUSED, "reason": str(error)})
        answer = door.is_open(request, given)
        if answer is not Answer.RIGHT:
            return door.refuse(request, answer, {"button": REFUSED})
        refused = (await site.submit(command)).refused
        if refused:
            site.refusals.note("POST /lcd", command.button.value, refused)
            return JSONResponse({"button": REFUSED, "reason": refused})
        others = {button.value: "up" for button in (Button.RIGHT, Button.MIDDLE, Button.LEFT)}
        return JSONResponse({"button": {**others, command.button.value: "down" if command.pressed else "up"}})

    return router
