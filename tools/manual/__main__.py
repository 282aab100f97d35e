"""``.venv/bin/python -m tools.manual OUT`` writes what a package installs beside the program, below /usr/share:

OUT/man/man1/evsed.1, OUT/man/man8/evsed-guard.8, evsed-safe.8, evsed-update.8,
OUT/bash-completion/completions/evsed, OUT/zsh/vendor-completions/_evsed.

The same every time: the date on the pages is SOURCE_DATE_EPOCH's, and there is none without it. Needs the extra
`build` (argparse-manpage, shtab).
"""

import argparse
import os
from pathlib import Path

from tools.manual import completion, pages


def files(epoch_s: int | None) -> dict[str, str]:
    """Every file's text by its path below OUT; ``epoch_s``: the date on the pages, in Unix seconds."""
    return {
        **{f"man/man{name[-1]}/{name}": text for name, text in pages.pages(epoch_s).items()},
        "bash-completion/completions/evsed": completion.bash(),
        "zsh/vendor-completions/_evsed": completion.zsh(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Writes them."""
    parser = argparse.ArgumentParser(prog="python -m tools.manual", description="man pages and completion")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder, as /usr/share is to be")
    options = parser.parse_args(arguments)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    for name, text in files(int(epoch) if epoch else None).items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
