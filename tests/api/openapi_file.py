"""``python -m tests.api.openapi_file``: writes docs/openapi.json."""

import json
from pathlib import Path
from typing import Any

from tests.api.served import Charger

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def generated() -> dict[str, Any]:
    """What the application says of itself."""
    return Charger().app.openapi()


if __name__ == "__main__":
    FILE.write_text(json.dumps(generated(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
