"""``/simulation`` on a daemon's own port: hands every request on to the plant, for this daemon's charger."""

import http.client

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

_TIMEOUT_S = 2.0


def create_router(plant_port: int, charger: int) -> APIRouter:
    """Routes that answer what the plant at ``plant_port`` answers for ``charger``."""
    router = APIRouter(include_in_schema=False)

    def forward(method: str, path: str, body: bytes) -> Response:
        plant = http.client.HTTPConnection("127.0.0.1", plant_port, timeout=_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            plant.request(method, f"/simulation/{charger}{path}", body, headers)
            answer = plant.getresponse()
            return Response(answer.read(), answer.status, media_type=answer.getheader("Content-Type"))
        except OSError as error:
            return Response(f"the simulated plant does not answer: {error}\n", 502, media_type="text/plain")
        finally:
            plant.close()

    @router.get("/simulation")
    def read() -> Response:
        return forward("GET", "", b"")

    @router.patch("/simulation")
    async def change(request: Request) -> Response:
        return await run_in_threadpool(forward, "PATCH", "", await request.body())

    @router.post("/simulation/button")
    async def button(request: Request) -> Response:
        return await run_in_threadpool(forward, "POST", "/button", await request.body())

    return router
