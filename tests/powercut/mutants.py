"""Ways to keep files that are not good enough: the source of evsed/files.py with something left out or exchanged."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from evsed import files

_SYNC: Final = "        os.fsync(file.fileno())\n    if previous"
_RENAMES: Final = "    temporary.replace(path)\n    sync_directory(path.parent)\n\n\ndef put_text"

MUTANTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "the file is not synced": ((_SYNC, "    if previous"),),
        "the folder is not synced": ((_RENAMES, _RENAMES.replace("    sync_directory(path.parent)\n", "")),),
        "no previous copy is kept": (("if previous is not None and", "if previous is None and"),),
        "the previous copy is deleted first": (("        path.replace(previous)", "        path.unlink()"),),
        "it is renamed before it is synced": (
            (_SYNC, "        temporary.replace(path)\n" + _SYNC),
            (_RENAMES, _RENAMES.replace("    temporary.replace(path)\n", "")),
        ),
        "it is written in its place": (
            ('path.with_name(path.name + ".new")', "path"),
            ("    temporary.unlink(missing_ok=True)", "    bool()"),
            ("    temporary.replace(path)\n    sync", "    sync"),
        ),
    }
)
"""What is replaced by what."""


def _mutated(name: str) -> Callable[..., None]:
    source = inspect.getsource(files)
    for old, new in MUTANTS[name]:
        assert source.count(old) == 1, (name, old)
        source = source.replace(old, new)
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)  # noqa: S102 - our own source
    mutated: Callable[..., None] = names["replace_text"]
    return mutated


@contextmanager
def mutant(name: str, *where: str) -> Iterator[None]:
    """Within it the modules ``where`` keep their files in this way."""
    patches = [patch(f"{module}.replace_text", _mutated(name)) for module in where]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()
