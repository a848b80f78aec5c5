"""People with tokens and validators that can lose: the stage of the market's tests."""

from pathlib import Path

import pytest

from keel.chain.clock import jump_to
from keel.chain.contract import Contract
from keel.deploy.actors import ACTORS
from keel.market.feeds import rate_feed_of
from keel.market.system import Site
from keel.market.weth import weth_of
from keel.model.constants import ETHER
from keel.scenarios.keepers import stake
from keel.scenarios.members import report
from keel.scenarios.operators import operators_join
from keel.scenarios.users import deposit
from keel.scenarios.validators import LossNotAppliedError
from tests.deployment import Keel
from tests.scenarios.scripted_world import ScriptedWorld, lose, open_world

_NOBODY = "0x" + "0" * 40


def open_stage(keel: Keel) -> ScriptedWorld:
    """The worker's Keel with a scripted consensus layer."""
    actors = {name: keel.actors[name].address for name in ACTORS}
    return open_world(keel.quick, keel.configuration, actors, keel.deployment.block)


def start_validators(world: ScriptedWorld, folder: Path) -> None:
    """Let operators join, and stake what a depositor brings."""
    operators_join(world, folder)
    deposit(world, "depositor", 476 * ETHER)
    stake(world)


def announce_loss(world: ScriptedWorld, loss_wei: int) -> None:
    """Slash by more than may be applied at once: the oracle only announces it (REP-8)."""
    with pytest.raises(LossNotAppliedError):
        lose(world, loss_wei, validators=2)


def apply_announced_loss(world: ScriptedWorld) -> None:
    """Let the frame pass, and four members confirm it."""
    announced_at = world.contracts.vault.consensus().announcedAt
    jump_to(world.rpc, announced_at + world.profile.frame_seconds)
    assert report(world, world.members[:4]).applied


def give_wketh(site: Site, actor: str, amount_wei: int) -> int:
    """Let somebody stake and wrap; returns all units of wkETH that they have."""
    who, contracts = site.actors[actor], site.contracts
    contracts.vault.depositWrapped.send(who, _NOBODY, sender=who, value_wei=amount_wei)
    return contracts.wrapped.balanceOf(who)


def give_weth(site: Site, actor: str, amount_wei: int) -> None:
    """Let somebody wrap ether."""
    weth_of(site).function("deposit").send(sender=site.actors[actor], value_wei=amount_wei)


def balance(token: Contract, site: Site, actor: str) -> int:
    """What somebody has of a token."""
    return int(token.function("balanceOf")(site.actors[actor]))


def worth_wei(site: Site, units: int) -> int:
    """Units of wkETH in ether by Keel's rate feed, rounded down."""
    return int(units * rate_feed_of(site).function("latestAnswer")() // ETHER)
