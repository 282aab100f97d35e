"""The files that the page is made of: its views, its modules, its texts."""

import json
import re
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parents[2] / "evsed/api/web"
LOCALE: Final = WEB / "locale"
LANGUAGES: Final = tuple(json.loads((LOCALE / "languages.json").read_text()))
SCRIPTS: Final = sorted(path for path in WEB.rglob("*.js") if "vendor" not in path.parts)

_IMPORT = re.compile(r'^(?:import\b[^;"]*|export\b[^;"]*\bfrom\s+)"([^"]+)"', re.MULTILINE)
_TABLE = re.search(r"const VIEWS = \{\n(.*?)\n\};", (WEB / "app.js").read_text(), re.DOTALL)
assert _TABLE
NAMED_VIEWS: Final = tuple(re.findall(r"^  (\w+):", _TABLE[1], re.MULTILINE))
VIEWS: Final = tuple(name for name in NAMED_VIEWS if (WEB / f"views/{name}.js").is_file())


def address(view: str) -> str:
    """Where a view is."""
    return f"/#/{view}"


def texts(language: str) -> dict[str, str]:
    """All texts of a language by "area.key"."""
    return {
        f"{file.stem}.{key}": value
        for file in sorted((LOCALE / language).glob("*.json"))
        for key, value in json.loads(file.read_text()).items()
    }


def imports(module: Path) -> set[Path]:
    """What a module brings with it when it is loaded, itself among it; not what it imports later, as it runs."""
    found, new = {module}, [module]
    while new:
        path = new.pop()
        for name in _IMPORT.findall(path.read_text()):
            needed = WEB / name.removeprefix("/web/") if name.startswith("/") else (path.parent / name).resolve()
            if needed not in found:
                found.add(needed)
                new.append(needed)
    return found
