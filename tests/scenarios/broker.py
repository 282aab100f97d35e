"""A real mosquitto for the tests, and a client that listens to it."""

import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.scenarios.simulation import PATIENCE_S, free_port


@dataclass
class Broker:
    """mosquitto on a port of its own; ``stop`` and ``start`` as often as a test likes."""

    directory: Path
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        config = self.directory / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)


class Listener:
    """Hears every topic below a prefix, and speaks to ``Set/``."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self.prefix = prefix
        self.last: dict[str, str] = {}
        self.retained: set[str] = set()
        self._more = threading.Condition()
        self._connected = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{free_port()}")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._heard
        self._client.connect_async("127.0.0.1", broker.port)
        self._client.loop_start()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe(f"{self.prefix}/#")
        self._connected.set()

    def _heard(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"{self.prefix}/")
        with self._more:
            self.last[topic] = message.payload.decode("utf-8", "replace")
            if message.retain:
                self.retained.add(topic)
            self._more.notify_all()

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        assert self._connected.wait(PATIENCE_S)
        self._client.publish(f"{self.prefix}/{topic}", payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def wait(self, topic: str, payload: str) -> None:
        """Waits until ``topic`` says ``payload``."""
        self.wait_for(lambda: self.last.get(topic) == payload, f"{topic} says {payload}")

    def wait_for(self, true: Callable[[], bool], what: str) -> None:
        with self._more:
            assert self._more.wait_for(true, PATIENCE_S), f"never: {what}; last: {self.last}"

    def forget(self) -> None:
        with self._more:
            self.last.clear()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
