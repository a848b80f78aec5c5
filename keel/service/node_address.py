"""The address of a node on a command line."""

import click

from keel.chain.endpoint import endpoint, shown_address


class NodeAddress(click.ParamType):
    """Address of a node; what may be a provider's key in it is never shown."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it; fails in one line."""
        try:
            endpoint(value)
        except ValueError:
            shown = shown_address(value)[:100]
            self.fail(f"{shown!r} is not an http or https address", param, ctx)
        return value
