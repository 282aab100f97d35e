"""paho's client, with a bound on what a broker can make us read.

Owns the bound only. paho keeps a whole packet in memory, up to 256 MB, before anybody sees its topic. A broker that
speaks MQTT 5 can be told a bound, others cannot, and neither has to obey: so we look at what a packet announces, and
hang up.
"""

from typing import Final

import paho.mqtt.client as paho

LONGEST_PACKET: Final = 256 * 1024
_HEAD: Final = 512
_PUBLISH: Final = 0x30


class TooLongError(OSError):
    """What is announced is not read; paho takes this for a lost connection."""


class BoundedClient(paho.Client):
    """Hangs up when a packet of more than LONGEST_PACKET bytes is announced."""

    too_long: str = ""
    """The topic and the length of the message that made us hang up; empty: none did."""

    def _sock_recv(self, bufsize: int) -> bytes:
        """Asked for one byte at a time of a packet's head, and then for all that it has announced."""
        if bufsize <= LONGEST_PACKET:
            return super()._sock_recv(bufsize)
        self.too_long = f"{bufsize} bytes"
        if self._in_packet["command"] & 0xF0 == _PUBLISH:
            head = super()._sock_recv(_HEAD)
            topic = head[2 : 2 + int.from_bytes(head[:2])].decode("utf-8", "replace")
            self.too_long += f" at {topic!r}"
        raise TooLongError(self.too_long)
