"""The unit itself: restart, erasing, and the three experts' or owners' extras /modem, /rfid and /color_*.

Echoes are those of the firmware that clients know. A refused value answers 200 with ``Value not allowed!`` in its place
and, where clients have room for it, a ``reason``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from evsed.api.firmware.parameters import described, parameters
from evsed.api.firmware.posted_settings import REFUSED, Echo
from evsed.api.firmware.report_newer import color
from evsed.api.firmware.values import HIGHEST_PWM, NotTakenError, pilot, whole
from evsed.api.gate import need_installer
from evsed.api.rights import Right, right_of
from evsed.api.site import Site
from evsed.core.events import ChangeSetting, EraseSettings, SwipeCard

COLORS: Final = ("off", "normal", "smart", "solar", "custom")
_RGB: Final = ("R", "G", "B")
_BRIGHTEST: Final = 255
_PWM: Final[dict[str, dict[str, Any]]] = {
    "pwm": {"type": "integer", "maximum": HIGHEST_PWM, "description": "10 times the duty in %; 0 disconnects; -1 ends"}
}
_CARD: Final = {"rfid": {"type": "string", "pattern": "^([0-9A-Fa-f]{12}|[0-9A-Fa-f]{14})$"}}
_PART: Final = {"type": "integer", "minimum": 0, "maximum": _BRIGHTEST}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["unit"])
    _add_life(router, site)
    _add_cards_and_pilot(router, site)
    for name in COLORS:
        takes = described(dict.fromkeys(_RGB, _PART))
        path = f"/color_{name}"
        router.add_api_route(path, _color_route(site, name), methods=["POST"], name=path, openapi_extra=takes)
    return router


def _demand_installer(site: Site, request: Request) -> None:
    """Asks once more, behind the gate: what cannot be undone hangs on no single place. Raises HTTPException."""
    if right_of(request) < Right.INSTALL:
        raise HTTPException(403, need_installer(site.access))


def _add_life(router: APIRouter, site: Site) -> None:
    @router.post("/reboot", response_model=dict[str, Any])
    async def reboot() -> JSONResponse:
        """Stops charging, opens the contactor, and starts evsed anew; answers before that."""
        if site.reboot is None:
            raise HTTPException(503, "this evsed cannot start itself anew: end it and start it again where it runs")
        return JSONResponse({"reboot": True}, background=BackgroundTask(site.reboot))

    @router.delete("/erasesettings")
    async def erase(request: Request) -> Echo:
        """Every owner setting becomes its default, the stored broker is forgotten, and access goes off.

        Latched faults and the list of cards stay. A real charger charges nothing until SET UP is Done again.
        """
        _demand_installer(site, request)
        refused = (await site.submit(EraseSettings())).refused
        if refused:
            site.refusals.note("DELETE /erasesettings", "", refused)
            return {"erasesettings": REFUSED, "reason": refused}
        if site.set_broker is not None:
            await site.store_broker(site.installation.mqtt)
        return {"erasesettings": True}


def _add_cards_and_pilot(router: APIRouter, site: Site) -> None:
    @router.post("/modem", openapi_extra=described(_PWM))
    async def modem(request: Request) -> Echo:
        """Drives the pilot by hand: dangerous, for experts, and locked unless evsed.toml unlocks it."""
        given = await parameters(request)
        if "pwm" not in given:
            return {}
        try:
            refused = (await site.submit(pilot(given, "pwm"))).refused
        except NotTakenError as error:
            refused = str(error)
        if not refused:
            return {"pwm": given.whole("pwm")}
        site.refusals.note("POST /modem pwm", given.text("pwm"), refused)
        return {"pwm": REFUSED, "reason": refused}

    @router.post("/rfid", openapi_extra=described(_CARD))
    async def rfid(request: Request) -> Echo:
        """A card as if held to the reader: its 12 or 14 hexadecimal digits; ``reason`` says why it is not taken."""
        uid = (await parameters(request)).text("rfid").strip()
        if wrong := _wrong_card(site, uid):
            site.refusals.note("POST /rfid rfid", "...", wrong)
            return {"rfid_status": wrong}
        refused = (await site.submit(SwipeCard(uid))).refused
        if not refused:
            return {"rfid": uid, "rfid_status": site.snapshot.rfid_text}
        site.refusals.note("POST /rfid rfid", "...", refused)  # no card's number is in the log
        return {"rfid": uid, "rfid_status": site.snapshot.rfid_text, "reason": refused}


def _wrong_card(site: Site, uid: str) -> str:
    """What is wrong with a card's number, in the words that clients know; empty when nothing is."""
    if not site.snapshot.settings.rfidreader:
        return "RFID reader not enabled"
    if not uid:
        return "Missing rfid parameter"
    if not all(digit in "0123456789abcdefABCDEF" for digit in uid):
        return "Invalid RFID hex string"
    return "" if len(uid) in {12, 14} else "Invalid RFID length"


def _color_route(site: Site, name: str) -> Callable[[Request], Awaitable[Echo]]:
    async def color_of(request: Request) -> Echo:
        """The LED's colour: R, G and B, 0 to 255, all three together."""
        given = await parameters(request)
        sent = given.only(*_RGB)
        try:
            text = ",".join(str(whole(given, part, 0, _BRIGHTEST)) for part in _RGB)
        except NotTakenError as error:
            refused = f"{error}; R, G and B are sent together"
        else:
            refused = (await site.submit(ChangeSetting(f"color_{name}", text))).refused
            if not refused:
                return {"color": {name: color(text)}}
        if sent:
            site.refusals.note(
                f"POST /color_{name}", " ".join(f"{part}={value}" for part, value in sent.items()), refused
            )
        return dict.fromkeys(sent, REFUSED)

    return color_of
