"""Takes media out of a data folder, by id or channel; called by scripts/takedown.sh."""

from __future__ import annotations

import argparse
import sys

from echoharvester.errors import UserError
from echoharvester.manifests.takedown import Takedown
from echoharvester.pipeline.takedown import take_down

from run import make_driver


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/takedown.sh", description=__doc__)
    parser.add_argument("--id", action="append", default=[], help="a media id, or a video id")
    parser.add_argument("--channel", action="append", default=[], help="its name or id")
    parser.add_argument("--reason", default="", help="remembered in takedown.tsv")
    options, overrides = parser.parse_known_args(arguments)
    try:
        wanted = Takedown(frozenset(options.id), frozenset(options.channel))
        return take_down(make_driver(overrides), wanted, options.reason)
    except (UserError, OSError) as error:
        print(f"takedown: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
