"""What every screen keeps to, whatever is on it: the limits that screen.py names."""

import re

from evsed.core.screens.screen import DOT_STEPS, Flow, MenuPage, Screen, Words


def broken(screen: Screen) -> list[str]:
    """What is wrong with ``screen``."""
    match screen:
        case Words(lines):
            return _words(lines)
        case Flow():
            return _flow(screen)
        case MenuPage():
            return _page(screen)


def _words(lines: tuple[str, ...]) -> list[str]:
    most = 10 if len(lines) <= 2 else 16
    wrong = [line for line in lines if not 0 < len(line) <= most]
    return wrong if 1 <= len(lines) <= 4 else [*wrong, f"{len(lines)} lines"]


def _flow(flow: Flow) -> list[str]:
    texts = [
        (flow.charge, 6),
        (flow.energy, 8),
        (flow.countdown, 5),
        (flow.line, 12),
        *((row, 6) for row in flow.mains),
    ]
    wrong = [text for text, most in texts if len(text) > most]
    if not flow.line or not 1 <= len(flow.mains) <= 3 or not 0 <= flow.step < DOT_STEPS:
        wrong.append("line, mains or step")
    return wrong


def _page(page: MenuPage) -> list[str]:
    wrong = [text for text, most in ((page.address, 15), (page.name, 9)) if len(text) > most]
    wrong += [] if re.fullmatch(r"[0-2]\d:[0-5]\d|--:--", page.clock) else [page.clock]
    return wrong if 0 <= page.shift < max(1, len(page.below) * 6) and page.name and page.below else [*wrong, "below"]
