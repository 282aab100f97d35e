"""``python -m tests.traces KIND SEED OUT.csv.gz`` makes a trace; ``--figures FILE ...`` describes traces."""

import argparse
import sys
from pathlib import Path

from evsed.replay.trace import TraceError, read
from tests.traces.figures import figures
from tests.traces.make import KINDS, make, write


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.traces", description=__doc__)
    parser.add_argument("kind", choices=KINDS, metavar="KIND", nargs="?", help=", ".join(KINDS))
    parser.add_argument("seed", type=int, metavar="SEED", nargs="?", default=1)
    parser.add_argument("out", type=Path, metavar="OUT", nargs="?", help="the file, .csv or .csv.gz")
    parser.add_argument("--figures", type=Path, metavar="FILE", nargs="+", help="say what these traces are like")
    options = parser.parse_args(arguments)
    try:
        for path in options.figures or []:
            sys.stdout.write(f"{path.name}: {figures(read(path))}\n")
    except TraceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.kind is not None:
        if options.out is None:
            parser.error("name the file to write: KIND SEED OUT.csv.gz")
        write(make(options.kind, options.seed), options.out)
    elif options.figures is None:
        parser.error("KIND SEED OUT.csv.gz or --figures FILE")
    return 0


if __name__ == "__main__":
    sys.exit(main())
