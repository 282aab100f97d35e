"""The documents' commands for a Raspberry Pi, typed in a clean system with a real systemd and the package."""

import re
import shlex
import shutil
from pathlib import Path

from tests.documents.on_a_pi import on_a_pi
from tests.package.booted import Booted
from tests.package.roots import Root

LOOKS = ("evsed doctor",)
"""What ends with status 1 where it finds something wrong, as it does without a Pi."""

ENDS = (" remove ", " purge ")
"""What is typed last."""


def test_the_documents_commands_do_what_they_are_for(root: Root, package: Path) -> None:
    shutil.copy(package, root.path / "root")
    with Booted(root.path) as system:
        for command in sorted(on_a_pi(), key=lambda command: any(end in command for end in ENDS)):
            _type(system, re.sub(r"\./evsed_\S+\.deb", f"./{package.name}", command.removeprefix("sudo ")))


def _type(system: Booted, command: str) -> None:
    """Runs ``command`` as root in root's home; a program that is only on a Pi is left out."""
    words = shlex.split(command)
    if system.run("sh", "-c", 'command -v "$1"', "sh", words[0]).returncode:
        assert words[0] == "pigpiod", command
        return
    done = system.run(
        "sh", "-c", f"cd /root; TERM=dumb DEBIAN_FRONTEND=noninteractive {command} < /dev/null", timeout_s=300
    )
    wrong = {0, 1} if command.startswith(LOOKS) else {0}
    assert done.returncode in wrong, f"{command}\n{done.stdout}{done.stderr}\n{system.journal()}"
    assert "Traceback" not in done.stdout + done.stderr, command
