"""The documents' commands for a Raspberry Pi, typed in a clean system with a real systemd and the package."""

import re
import shlex
import shutil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.saved_text import encode
from tests.documents.on_a_pi import on_a_pi
from tests.package.booted import Booted
from tests.package.roots import Root
from tests.signing import pem

LOOKS = ("evsed doctor", "systemctl status", "/usr/libexec/evsed-dhcp-name of")
"""What ends with another status where it finds something wrong or missing, as it does without a Pi."""

LEFT_OUT = ("journalctl -f", "systemctl edit", "evsed-update ")
"""What never ends, asks an editor, or has tests of its own."""

BACK = ("/var/lib/evsed/backup/", "/var/lib/evsed/settings.json.schema")
"""Whatever names a copy there puts that back."""

REFUSED = {"evsed settings set set_up=Done": "only after [board] in evsed.toml says which board this is"}
"""What is refused in a system without a board, and with which reason."""

ASKS = {"evsed restore": "--yes"}
"""What asks a person first, and what answers where there is none."""

TYPES = {"evsed access pin": "24681357", "evsed access password": "three horses and a cart"}
"""What a person types when asked for it."""

ENDS = (" remove ", " purge ")
"""What is typed last."""


def test_the_documents_commands_do_what_they_are_for(root: Root, package: Path) -> None:
    shutil.copy(package, root.path / "root")
    (root.path / "root/mine.pem").write_bytes(pem(Ed25519PrivateKey.generate()))
    with Booted(root.path) as system:
        for command in sorted(on_a_pi(), key=lambda command: any(end in command for end in ENDS)):
            _type(system, re.sub(r"\./evsed_\S+\.deb", f"./{package.name}", command.removeprefix("sudo ")))


def _type(system: Booted, command: str) -> None:
    """Runs ``command`` as root in root's home; a program that is not there is left out."""
    if command.startswith(LEFT_OUT):
        return
    command = next((f"{command} {answer}" for asks, answer in ASKS.items() if command.startswith(asks)), command)
    words = shlex.split(command)
    if "/etc/evsed/tls.key" in words:
        (system.root / "etc/evsed/tls.key").touch()
    for copy in (word for word in words if word.startswith(BACK)):
        _keep(system.root / copy.lstrip("/"))
    if system.run("sh", "-c", 'command -v "$1"', "sh", words[0]).returncode:
        assert words[0] in {"pigpiod", "nmcli", "curl"}, command
        return
    if command.startswith(("evsed settings", "evsed access", "curl --unix")):  # whoever stopped it started it again
        system.said("systemctl", "start", "evsed")
        system.wait(lambda: system.run("evsed", "settings", "get", "mode").returncode == 0, "REST answers")
    (system.root / "root/answers").write_text(TYPES.get(command, ""), encoding="utf-8")
    done = system.run(
        "sh", "-c", f"cd /root; TERM=dumb DEBIAN_FRONTEND=noninteractive {command} < answers", timeout_s=300
    )
    said = f"{command}\n{done.stdout}{done.stderr}"
    if command in REFUSED:
        assert REFUSED[command] in said, said
    elif command.startswith(LOOKS):
        assert done.returncode in {0, 1, 3, 4}, said
    else:
        assert done.returncode == 0, f"{said}\n{system.journal()}"
    assert "Traceback" not in said, said
    if any(copy in command for copy in BACK):
        _is_in_force(system)


def _keep(copy: Path) -> None:
    """Settings as an upgrade has kept them, root's."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(encode(Saved(Settings().replace("current_max", 17))), encoding="utf-8")
    copy.chmod(0o600)


def _is_in_force(system: Booted) -> None:
    """The daemon has read what was put back, and writes it."""
    system.said("systemctl", "restart", "evsed")
    system.wait(lambda: system.run("evsed", "settings", "get", "mode").returncode == 0, "REST answers")
    assert system.said("evsed", "settings", "get", "current_max") == "current_max=17", system.journal()
    system.said("evsed", "settings", "set", "current_max=16")
    assert system.said("stat", "--format", "%U:%G %a", "/var/lib/evsed/settings.json") == "evsed:evsed 600"
