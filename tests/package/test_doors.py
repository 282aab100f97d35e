"""Root's control socket and TLS, where a real systemd and its sandbox are in the way."""

from collections.abc import Iterator

import pytest

from tests.package import packages
from tests.package.booted import Booted
from tests.package.roots import copied

SOCKET = "/run/evsed/control.sock"
ASK = (
    "import ssl, sys, urllib.request;"
    "print(urllib.request.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).status)"
)


@pytest.fixture(scope="module")
def charger(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """The package, installed and booted."""
    with copied(release, tmp_path_factory.mktemp(release)) as root:
        root.install(packages.current(f"{release}_amd64"))
        with Booted(root.path) as booted:
            booted.wait(lambda: booted.run("test", "-S", SOCKET).returncode == 0, "the control socket is there")
            yield booted


def test_root_sets_what_is_the_installer_s_and_others_do_not(charger: Booted) -> None:
    assert charger.said("stat", "--format", "%U:%G %a", SOCKET) == "evsed:evsed 600"
    assert "current_main: 25 A -> 31 A" in charger.said("evsed", "settings", "set", "current_main=31")
    assert "you may          install" in charger.said("evsed", "access")
    refused = charger.run(
        "setpriv", "--reuid", "nobody", "--clear-groups", "evsed", "settings", "set", "current_main=32"
    )
    assert refused.returncode == 1
    assert "sudo" in refused.stderr


def test_a_daemon_that_was_killed_has_its_socket_again(charger: Booted) -> None:
    before = charger.said("stat", "--format", "%i", SOCKET)
    charger.said("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "evsed")
    charger.wait(lambda: charger.said("stat", "--format", "%i", SOCKET) != before, "there is another socket")
    charger.wait(lambda: charger.run("evsed", "settings", "get", "mode").returncode == 0, "it answers")


def test_tls_serves_with_a_certificate_that_the_daemon_makes(charger: Booted) -> None:
    charger.said("sh", "-c", "printf '[tls]\\nenabled = true\\n' >>/etc/evsed/evsed.toml")
    charger.said("systemctl", "restart", "evsed")
    asked = ("python3", "-c", ASK, "https://127.0.0.1/api/v1/state", "/root/evsed.pem")
    charger.wait(lambda: "TLS: certificate" in charger.journal("--unit=evsed"), "a certificate is made")
    charger.said("sh", "-c", "evsed access certificate >/root/evsed.pem")
    charger.wait(lambda: charger.run(*asked).stdout.strip() == "200", "REST answers by TLS")
    assert charger.said("stat", "--format", "%U %a", "/var/lib/evsed/tls.key") == "evsed 600"
    assert "certificate      SHA-256" in charger.said("evsed", "access")
