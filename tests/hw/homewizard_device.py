"""A HomeWizard on the loopback that behaves, and servers that do not."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from evsed.core.model import PhaseCurrents
from evsed.hw.dialog import Values
from evsed.hw.fetch import Fetcher
from evsed.hw.homewizard import PATH
from tests.hw.heard import PATIENCE_S

LOOPBACK = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\n"

THREE_PHASES: dict[str, Any] = {
    "wifi_ssid": "home", "wifi_strength": 100, "smr_version": 50, "meter_model": "ISKRA", "active_tariff": 2,
    "total_power_import_kwh": 13779.338, "total_power_import_t1_kwh": 10830.511, "total_power_export_kwh": 210.5,
    "active_power_w": -543, "active_power_l1_w": -676, "active_power_l2_w": 133, "active_power_l3_w": 0,
    "active_voltage_l1_v": 230.111, "active_voltage_l2_v": 231.0, "active_voltage_l3_v": 229.0,
    "active_current_a": 6.54, "active_current_l1_a": 3.0, "active_current_l2_a": 0.54, "active_current_l3_a": 3,
    "gas_timestamp": 210314112233, "total_gas_m3": 2569.646, "external": [{"unique_id": "x", "value": 1.0}],
}  # fmt: skip
ONE_PHASE = {"active_power_w": -230.4, "active_power_l1_w": -230.4, "active_current_l1_a": 1.0,
             "total_power_import_kwh": 1.5, "total_power_export_kwh": 0}  # fmt: skip
EXPECTED = Values(PhaseCurrents(-30, 5, 30), -543, 13_779_338, 210_500)


@dataclass
class Device:
    """A HomeWizard that answers with ``document``; counts its connections and requests."""

    document: object = field(default_factory=lambda: dict(THREE_PHASES))
    status: int = 200
    connections: int = 0
    requests: int = 0
    hangs_up: bool = False
    port: int = 0

    def serve(self) -> ThreadingHTTPServer:
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                device.connections += 1
                super().setup()

            def do_GET(self) -> None:
                device.requests += 1
                assert self.path == PATH
                body = json.dumps(device.document).encode()
                self.send_response(device.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = device.hangs_up  # without a word: the next request finds out

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        server = ThreadingHTTPServer((LOOPBACK, self.port), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server


class Hostile:
    """A server that does with each connection what a test likes, until it is closed."""

    def __init__(self, behave: Callable[[socket.socket, threading.Event], None], total_s: float = PATIENCE_S) -> None:
        self._total_s = total_s
        self._behave = behave
        self._over = threading.Event()
        self._door = socket.create_server((LOOPBACK, 0))
        self.port: int = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            guest, _ = self._door.accept()
            with guest:
                if self._over.is_set():
                    return
                guest.recv(4_096)
                try:
                    self._behave(guest, self._over)
                except OSError:
                    continue

    def __enter__(self) -> Fetcher:
        self._fetcher = Fetcher(LOOPBACK, self.port, self._total_s)
        return self._fetcher

    def __exit__(self, *_: object) -> None:
        self._fetcher.close()
        self._over.set()
        socket.create_connection((LOOPBACK, self.port)).close()
        self._thread.join()
        self._door.close()


def says(answer: bytes) -> Callable[[socket.socket, threading.Event], None]:
    return lambda guest, _over: guest.sendall(answer)
