"""``GET /metrics``."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from evsed.alerts.service import Alerts
from evsed.api.metrics.exposition import Exposition
from evsed.api.metrics.family import Scrape, Told
from evsed.api.site import Site

_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def told(alerts: Alerts | None) -> dict[str, Told]:
    """What came of alerts, by way."""
    ways = {} if alerts is None else alerts.ways
    return {name: Told(way.on, way.sent, way.lost) for name, way in ways.items()}


def scrape(site: Site) -> Scrape:
    """What is known now. Raises BusyError."""
    return Scrape(
        site.snapshot,
        lateness=site.runtime.lateness.read(),
        worst_lateness_ms=site.runtime.worst_lateness_ms,
        lease=site.runtime.lease,
        devices=site.devices(),
        refused_inputs=site.refusals.count,
        event_streams=site.streams.taken,
        alerts=told(site.alerts),
        broker_connected=site.mqtt_connected() if site.unit.broker.host else None,
    )


def create_router(site: Site) -> APIRouter:
    """The route."""
    router = APIRouter()
    exposition = Exposition(lambda: scrape(site))

    @router.get("/metrics", response_class=Response, responses=_ANSWER)
    async def metrics(request: Request) -> Response:
        """Metrics for Prometheus: its text format, or OpenMetrics for a client that asks for that."""
        text, content_type = exposition.text(request.headers.get("accept", ""), site.snapshot)
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return router
