"""`ape run demo`: the whole life of Keel on its own chain."""

import click


@click.command()
@click.option(
    "--fast",
    is_flag=True,
    help="Do not pause, and do not verify the chain's own signatures again.",
)
def cli(fast: bool) -> None:
    """Run the whole life of Keel on its own Anvil and beacon chain, in two to three minutes.

    After each step and each report the demo counts all ether from outside the contracts. The
    vault's balance and the beacon state's validators and deposits must equal what holders and
    tickets are owed. A difference of one wei ends the demo with exit code 1.
    """
    import ape

    from keel.scenarios.narration import tell_life

    ape.project.load_contracts()

    tell_life(pause_seconds=0.0 if fast else 0.7, fast=fast)
