"""What is kept, by name."""

from collections.abc import Mapping
from typing import Final

from tests.powercut.lives import Kind
from tests.powercut.sessions import SessionsKind
from tests.powercut.settings import CardsKind, SettingsKind
from tests.powercut.together import TogetherKind

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (SettingsKind(), CardsKind(), SessionsKind(), TogetherKind())
}
