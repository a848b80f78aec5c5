"""Where a command that proves reads beacon states."""

from collections.abc import Callable
from typing import Any

import click

from keel.service.node_address import NodeAddress

type _Command = Callable[..., Any]


def beacon_option(command: _Command) -> _Command:
    """Add --beacon."""
    return click.option(
        "--beacon",
        "beacon_urls",
        type=NodeAddress(),
        multiple=True,
        default=("http://127.0.0.1:5052",),
        show_default=True,
        help="A beacon node; of several, more than half must agree.",
    )(command)
