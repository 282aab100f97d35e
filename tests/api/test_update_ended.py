"""An upload whose server ends while it is handed over to root's installer."""

import threading
from pathlib import Path

import pytest

from evsed.api.update import handover, upload
from tests.api.served import Charger
from tests.api.uploads import CONTENT, KEY, NAME, names, updating


def test_an_upload_that_is_ended_while_it_is_handed_over_is_cleared_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, go_on = threading.Event(), threading.Event()

    def slow(path: Path, text: str, mode: int) -> None:
        here.set()
        go_on.wait(30)
        path.write_text(text)
        path.chmod(mode)

    monkeypatch.setattr(handover, "replace_text", slow)
    with Charger() as charger:
        updates = updating(charger, tmp_path)
    updates.folder.mkdir()
    updates.partial.write_bytes(CONTENT)
    uploaded = upload.Uploaded(NAME, KEY.sign(CONTENT))
    handing = threading.Thread(target=updates.hand_over, args=(uploaded,))
    clearing = threading.Thread(target=updates.clear)
    handing.start()
    assert here.wait(30)
    clearing.start()
    clearing.join(0.2)
    go_on.set()
    for thread in (handing, clearing):
        thread.join(30)
    assert names(updates) == []
