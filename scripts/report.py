"""`ape run report`: let a frame pass on a local chain."""

from pathlib import Path

import click

from keel.terminal.options import Ether, chain_options, examples


@click.command(epilog=examples("report", "report --lose 2", "report --idle --pay-rewards"))
@click.option("--lose", type=Ether(), help="Validators lose so much ETH instead of earning.")
@click.option("--idle", is_flag=True, help="Validators neither earn nor lose.")
@click.option("--pay-rewards", is_flag=True, help="Claim operators' rewards afterwards.")
@chain_options
def cli(
    lose: int | None, idle: bool, pay_rewards: bool, network: str, manifest_path: Path | None
) -> None:
    """Let a frame pass on a local chain: all members sign a report, one posts it.

    A local chain has no consensus layer of its own yet, so this command plays its part: it moves
    the chain's time to the next reference slot that is final, and decides what validators earned.
    Without reports deposits close after 3 frames.
    """
    from keel.scenarios.playing import play_frame
    from keel.terminal.answers import console
    from keel.terminal.connection import connected

    if lose and idle:
        raise click.UsageError("give either --lose or --idle")
    with connected(network, manifest_path) as connection:
        play_frame(connection, console(), loss_wei=lose or 0, is_idle=idle, pay_rewards=pay_rewards)
