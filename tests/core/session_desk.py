"""A session that is looked at by hand, with a clock and a meter that a test moves."""

from dataclasses import dataclass, field
from typing import Any

from evsed.core.actions import LogSession
from evsed.core.look import Look
from evsed.core.model import PhaseCurrents
from evsed.core.record import Kept, SessionRecord
from evsed.core.register import AGREEING
from evsed.core.session import Session

NOON = 1_800_000_000
ANNA, BEN = "04A1B2C3D4E5", "04A1B2C3D4E6"


@dataclass
class Desk:
    """A session that is looked at by hand: ``look`` is what it sees next."""

    session: Session = field(default_factory=Session)
    look: Look = field(
        default_factory=lambda: Look(gone=True, mode="NORMAL", unix_s=NOON, import_wh=1_000, import_at=0)
    )
    now: int = 0
    told: list[LogSession] = field(default_factory=list)

    def see(self, ms: int = 1_000, **changed: Any) -> None:
        self.now += ms
        before, self.look = self.look, self.look._replace(**changed)
        if self.look.unix_s is not None and "unix_s" not in changed:
            self.look = self.look._replace(unix_s=self.look.unix_s + ms // 1000)
        if self.look.import_wh != before.import_wh:
            self._read()
        self._look()

    def _read(self) -> None:
        """The meter says the same several times."""
        for number in range(AGREEING):
            self.look = self.look._replace(import_at=self.now * AGREEING + number)
            self._look()

    def _look(self) -> None:
        for action in self.session.look(self.look, self.now):
            assert isinstance(action, LogSession)
            self.told.append(action)

    def plug(self, **changed: Any) -> None:
        self.see(connected=True, gone=False, **changed)

    def unplug(self, **changed: Any) -> None:
        self.session.stopped_charging("unplugged", self.now)
        self.see(connected=False, gone=True, **changed)

    def begin(self, phases: int = 3) -> None:
        self.session.began_charging(phases, self.now)
        self.see(closed=(True, phases == 3))
        self.see(closed=(False, False))

    def stop(self, code: str = "paused") -> None:
        self.session.stopped_charging(code, self.now)
        self.see()

    def counts(self, wh: int, ms: int = 1_000, **changed: Any) -> None:
        """The register advances."""
        self.see(ms, import_wh=(self.look.import_wh or 0) + wh, **changed)

    def draws(self, l1: int, l2: int, l3: int, imported: int | None = None) -> None:
        """The car's currents and the mains' are measured, for ten seconds."""
        for _ in range(10):
            self.see(
                drawn=PhaseCurrents(l1, l2, l3),
                drawn_at=self.now + 1,
                imported=None if imported is None else PhaseCurrents(imported, 0, 0),
                imported_at=self.now + 1,
            )

    def restart(self) -> None:
        self.session = Session(self.session.kept, self.now)

    @property
    def kept(self) -> Kept:
        return self.session.live(self.now)

    @property
    def open(self) -> SessionRecord:
        assert self.kept.open is not None
        return self.kept.open

    @property
    def last(self) -> SessionRecord:
        assert self.kept.last is not None
        return self.kept.last
