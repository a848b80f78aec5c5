"""`ape run demo`: the whole life of Keel, told on a chain of its own."""

import click


@click.command()
@click.option(
    "--fast",
    is_flag=True,
    help="No pauses, and the chain's own signatures are not verified again.",
)
def cli(fast: bool) -> None:
    """Tell the life of Keel on an Anvil and a beacon chain of its own, in two to three minutes.

    After each step and each report ether is counted from outside: the vault's balance, the beacon
    state's validators and deposits, and every ticket must add up to what holders and tickets are
    owed. One wei off ends the demo with exit code 1.
    """
    import ape

    from keel.scenarios.narration import tell_life

    ape.project.load_contracts()

    tell_life(pause_seconds=0.0 if fast else 0.7, fast=fast)
