"""On which addresses a door is open."""

import socket

import pytest

from evsed.doors.webserver import listen


def lets_in(door: socket.socket, client: socket.socket) -> bool:
    """Whether the connected ``client`` stands at this door: on the other family the port may be another's."""
    door.setblocking(False)
    try:
        visitor, where = door.accept()
    except BlockingIOError:
        return False
    visitor.close()
    return bool(where[1] == client.getsockname()[1])


def taken_at(door: socket.socket, *addresses: str) -> list[bool]:
    """Whether a client that asks at each of ``addresses`` is let in."""
    port = door.getsockname()[1]
    result = []
    for address in addresses:
        try:
            with socket.create_connection((address, port), 10) as client:
                result.append(lets_in(door, client))
        except OSError:
            result.append(False)
    return result


@pytest.mark.parametrize(
    ("host", "four", "six"), [("127.0.0.1", True, False), ("::1", False, True), ("::", True, True)]
)
@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_a_door_is_open_where_its_host_says(host: str, four: bool, six: bool) -> None:
    with listen(host, 0) as door:
        assert taken_at(door, "127.0.0.1", "::1") == [four, six]


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(OSError, match="assign"):
        listen("192.0.2.99", 0)
