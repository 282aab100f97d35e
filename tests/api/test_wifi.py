"""The radio network, as the kernel's table tells it."""

from evsed.api.wifi import signals, wifi

HEAD = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
"""


def test_a_wired_machine_has_none() -> None:
    assert signals(HEAD) == {}
    assert signals("") == {}


def test_the_strength_of_each_interface() -> None:
    rows = " wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n  wlan1: broken\n"
    assert signals(HEAD + rows) == {"wlan0": -56}


def test_this_machine_answers_without_an_error() -> None:
    network = wifi()
    assert network is None or network.rssi_dbm < 0
