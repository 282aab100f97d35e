"""A real mosquitto for the tests, a client that listens to it, and a network between them that fails."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.scenarios.simulation import PATIENCE_S, free_port
from tests.silicon.environment import AS_COLLECTED

PREFIX = "SmartEVSE-90000"
"""Of the topics of a simulated charger."""


@dataclass
class Broker:
    """mosquitto on a port of its own; ``stop`` and ``start`` as often as a test likes."""

    directory: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ("allow_anonymous true",)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        config = self.directory / f"mosquitto-{self.port}.conf"
        lines = [f"listener {self.port} 127.0.0.1", *self.options]
        if os.geteuid() == 0:
            lines.insert(0, "user root")  # or it gives up what it needs to read a test's files
        config.write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL, env=AS_COLLECTED)

    def stop(self) -> None:
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)  # or one that is frozen does not take it
        self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def freeze(self) -> None:
        """Connections stay, and nothing is answered any more; ``stop`` ends that."""
        self._process.send_signal(signal.SIGSTOP)


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

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False, wait: bool = True) -> None:
        assert self._connected.wait(PATIENCE_S)
        said = self._client.publish(f"{self.prefix}/{topic}", payload, qos=1, retain=retain)
        if wait:  # until the broker has it
            said.wait_for_publish(PATIENCE_S)

    def wait(self, topic: str, payload: str) -> None:
        """Waits until ``topic`` says ``payload``."""
        self.wait_for(lambda: self.last.get(topic) == payload, f"{topic} says {payload}")

    def wait_for(self, true: Callable[[], bool], what: str) -> None:
        with self._more:
            assert self._more.wait_for(true, PATIENCE_S), f"never: {what}; last: {self.last}"

    def everything(self) -> dict[str, str]:
        """What was heard so far and was not taken back."""
        with self._more:
            return {topic: payload for topic, payload in self.last.items() if payload}

    def forget(self) -> None:
        with self._more:
            self.last.clear()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Network:
    """What lies between a client and a broker: ``stall`` swallows everything, ``cut`` hangs up, ``mend`` lets go on."""

    def __init__(self, port: int) -> None:
        self._there = port
        self._open = threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def cut(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.mend()
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._there))
                except OSError:
                    near.close()
                    continue
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                self._open.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.close()


def password_file(directory: Path, name: str, password: str) -> Path:
    """A file of mosquitto's with one user in it."""
    program = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    file = directory / f"passwords-{password}"
    subprocess.run([program, "-b", "-c", str(file), name, password], check=True, capture_output=True)
    return file


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, and the certificates it gave."""

    directory: Path
    name: str

    @property
    def ca(self) -> Path:
        return self.directory / f"{self.name}-ca.pem"

    def _file(self, who: str, end: str) -> str:
        return str(self.directory / f"{self.name}-{who}.{end}")

    def found(self) -> Self:
        """Makes the authority."""
        _openssl(*_REQUEST, "-x509", "-days", "2", "-subj", f"/CN={self.name}", "-keyout", self._file("ca", "key"),
                 "-out", str(self.ca))  # fmt: skip
        return self

    def certify(self, who: str, host: str) -> tuple[str, str]:
        """Certificate and key for ``who``, who is reached at the address ``host``."""
        certificate, key, request = (self._file(who, end) for end in ("crt", "key", "csr"))
        names = Path(self._file(who, "ext"))
        names.write_text(f"subjectAltName=IP:{host}\n")
        _openssl(*_REQUEST, "-subj", f"/CN={who}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", str(self.ca), "-CAkey", self._file("ca", "key"), "-days", "2",
                 "-set_serial", "2", "-extfile", str(names), "-out", certificate)  # fmt: skip
        return certificate, key


_REQUEST = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
