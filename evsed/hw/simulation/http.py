"""The plant's own web server: ``/simulation/<charger>``, which answers also when a daemon is dead."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError

from evsed.hw.simulation import contract
from evsed.hw.simulation.plant import Plant


def create_plant_app(
    plant: Plant, pids: Callable[[int], dict[str, int | None]], advance: Callable[[], None]
) -> FastAPI:
    """The plant's API. ``advance`` brings the plant to this moment, ``pids`` names the processes of a charger."""
    app = FastAPI(title="evsed simulated plant", docs_url=None, redoc_url=None)

    @app.exception_handler(RequestValidationError)
    async def refuse(_request: Request, error: RequestValidationError) -> Response:
        """What was wrong and where, without what was sent: not everything that can be sent can be sent back."""
        wrong = [{"where": list(problem["loc"]), "what": problem["msg"]} for problem in error.errors()]
        return Response(json.dumps({"detail": wrong}), 422, media_type="application/json")

    def known(charger: int) -> int:
        if not 0 <= charger < len(plant.units):
            raise HTTPException(404, f"there is no charger {charger} in this plant")
        advance()
        return charger

    @app.get("/simulation/{charger}")
    async def read(charger: int) -> dict[str, Any]:
        return contract.state(plant, known(charger), pids(charger))

    @app.patch("/simulation/{charger}")
    async def change(charger: int, patch: contract.Patch) -> dict[str, Any]:
        contract.apply(patch, plant, known(charger))
        return contract.state(plant, charger, pids(charger))

    @app.post("/simulation/{charger}/button")
    async def button(charger: int, pressed: contract.Press) -> dict[str, Any]:
        contract.press(pressed, plant, known(charger))
        return contract.state(plant, charger, pids(charger))

    return app
