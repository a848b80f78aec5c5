"""`python -m keel.measure.bench.child MEASURE FORK VALIDATORS STARTED`: figures as JSON."""

import sys
from typing import cast

from keel.consensus.beacon.config import Fork
from keel.measure.bench.measures import MEASURES


def main() -> None:
    """Run the measure that the arguments name."""
    name, fork, validators, started = sys.argv[1:]
    figures = MEASURES[name](cast(Fork, fork), int(validators), float(started))
    sys.stdout.write(figures.model_dump_json())


if __name__ == "__main__":
    main()
