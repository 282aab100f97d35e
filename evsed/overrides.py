"""``--set KEY=VALUE``: owner settings from the command line, the same for every command that takes them."""

from collections.abc import Iterable

from evsed.core.setting import SettingError
from evsed.core.settings import Settings


def overridden(settings: Settings, given: Iterable[str]) -> Settings:
    """``settings`` with each KEY=VALUE of ``given`` in order. Raises SettingError for what a setting does not take."""
    for item in given:
        key, equals, value = item.partition("=")
        if not equals:
            raise SettingError(f"--set takes KEY=VALUE, not {item!r}")
        try:
            settings = settings.replace(key.strip(), value.strip())
        except SettingError as error:
            raise SettingError(f"--set {item}: {error}") from None
    return settings
