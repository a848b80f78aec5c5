"""`ape run demo`: the whole life of Keel, told on a chain of its own."""

import click


@click.command()
@click.option("--fast", is_flag=True, help="No pauses between the steps.")
@click.option(
    "--profile",
    type=click.Choice(["mainnet", "local"]),
    default="mainnet",
    show_default=True,
    help="Parameters of Ethereum itself (a frame is a day), or of a small local beacon chain.",
)
def cli(fast: bool, profile: str) -> None:
    """Tell the life of Keel on an Anvil of its own, in about a minute.

    After each step the books are shown, and ether is counted from outside: the vault's balance,
    validators and deposits, and every ticket must add up to what holders and tickets are owed.
    One wei off ends the demo with exit code 1.
    """
    import ape

    from keel.scenarios.telling import tell_life

    ape.project.load_contracts()

    tell_life(profile, pause_seconds=0.0 if fast else 1.0)
