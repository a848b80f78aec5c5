"""`status` on a beacon chain of 88 validators, whose yield has nothing of mainnet's."""

import re
from dataclasses import replace
from math import isqrt
from pathlib import Path

from keel.commands.redeem import cli as redeem
from keel.commands.stake import cli as stake
from keel.commands.status import cli as status
from keel.consensus.gateway.server import at_once, serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.artifacts import Artifacts
from keel.formatting.amounts import shown_ether
from keel.model.constants import GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.slashings import prove_slashed
from keel.scenarios.validators import sign_twice
from keel.sight.books import read_books
from tests.scenarios.terminal import terminal_at

_MAINNET = re.compile(
    r"APR ([\d.]+) %\. A small beacon chain pays ([\d,]+) times mainnet's yield; "
    r"there the APR would be ([\d.]+) %"
)


def test_status_tells_why_an_apr_is_absurd_while_rewards_stream(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world, chain = validating_world, validating_world.beacon.chain
    terminal = terminal_at(world, artifacts, tmp_path)
    with serving_rpc(Steering(chain, mines_at_once=True), 0, at_once) as url:
        while not read_books(world.contracts).apr_bps:
            world.next_report()
        found = _MAINNET.search(replace(terminal, url=url).succeed(status))
    # Anvil by itself knows of no beacon chain: the APR is all that can be told.
    alone = terminal.succeed(status)
    assert "APR" in alone
    assert "mainnet's yield" not in alone
    assert found is not None
    apr, times, there = (float(each.replace(",", "")) for each in found.groups())
    active_ether = (
        sum(
            int(v.effective_balance)
            for v in chain.state.validators
            if v.activation_epoch <= chain.epoch < v.exit_epoch
        )
        // 10**9
    )
    epoch_seconds = 8 * chain.config.slot_seconds
    expected = 384 * isqrt(35_000_000) / (epoch_seconds * isqrt(active_ether))
    assert abs(times / expected - 1) < 0.02
    assert abs(there - apr / expected) < 0.02 * there + 0.01


def test_status_says_what_is_proven_slashed_what_that_closes_and_who_pays_first(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world = validating_world
    terminal = terminal_at(world, artifacts, tmp_path)
    slashed = sign_twice(world, 1)
    assert "proven slashed" not in terminal.succeed(status)
    forfeit_wei = prove_slashed(world, slashed).forfeit_wei
    told = terminal.succeed(status)
    assert "state slashed" in told
    assert "proven slashed validators with 32 ETH since the last report" in told
    assert "doors are closed until it is reported" in told
    for command, done in ((stake, "deposited"), (redeem, "redeemed")):
        assert terminal.refuse(command, "1").endswith(
            f"nothing can be {done} now: 32 ETH of validators are proven slashed, and no report "
            "counts them yet"
        )
    assert f"forfeited bonds {shown_ether(forfeit_wei)}" in told
    world.next_report()
    assert "proven slashed" not in terminal.succeed(status)


def test_status_counts_the_exits_asked_for(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world, exits = validating_world, validating_world.contracts.exits
    terminal = terminal_at(world, artifacts, tmp_path)
    assert "exits 0 asked for lately (EIP-7002); tickets lack 0 ETH" in terminal.succeed(status)
    prover, block = world.beacon.shown()
    manager, pubkey = world.actors["operator_manager_1"], next(iter(world.beacon.operators))
    proof = prover.validator(world.beacon.standings()[pubkey].index)
    exits.requestExit.send(pubkey, block, *proof, sender=manager, value_wei=GWEI)
    assert "exits 1 asked for lately (EIP-7002)" in terminal.succeed(status)
