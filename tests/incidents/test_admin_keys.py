"""What one stolen key of an administrator could do: row 41, and row M3 of the audit."""

import pytest

from keel.chain.clock import now
from keel.chain.revert import Reverted
from keel.chain.state import word
from keel.deploy.roles import MODULES, ROLES
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.test_operator_registry_rewards import Rewards


def test_41_an_admin_key_mints(keel: Keel, naive: Naive, attacker: str, victim: str) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("mint").send(attacker, 10**30, sender=keel.actors.deployer.address)
    assert pool.function("sharesOf")(attacker) == 10**30

    vault, wrapped = keel.quick.vault, keel.quick.wrapped
    deposit(keel, victim, ETHER)
    shares = vault.totalShares()
    for contract in (vault, wrapped):
        for role in ROLES:
            for _, functions in role.functions:
                assert not [name for name in functions if "mint" in name.lower()]
        assert contract.balanceOf(attacker) == 0
    with fails("OnlyVault", caller=attacker):
        wrapped.mintBacked.send(attacker, 1, sender=attacker)
    for function, arguments in (
        ("wrapUnits", (victim, 1)),
        ("unwrapWholeUnits", (attacker, 1)),
        ("burnForTicket", (victim, 1)),
    ):
        with pytest.raises(Reverted, match="OnlyProtocol"):
            vault.function(function).send(*arguments, sender=attacker)
    assert vault.totalShares() == shares


def test_41_an_admin_key_replaces_code(keel: Keel, attacker: str) -> None:
    """Nothing that holds the books can be replaced, and the rest only after a delay."""
    vault, manager = keel.quick.vault, keel.quick.manager
    governance = keel.holder_of("MODULES").address
    evil = ((attacker, attacker, attacker), [bytes(32)] * 3)
    with pytest.raises(Reverted, match="AccessManagerNotScheduled"):
        vault.setModules.send(*evil, sender=governance)
    with fails("AccessManagedUnauthorized", caller=attacker):
        vault.setModules.send(*evil, sender=attacker)
    assert manager.hasRole(MODULES.id, governance)[1] >= 10 * keel.profile.frame_seconds
    slot = word(0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC)
    for contract in (vault, keel.quick.wrapped, keel.quick.queue, keel.quick.fund):
        stored = keel.rpc.call("eth_getStorageAt", contract.address, slot, "latest")
        assert int(stored, 16) == 0
        assert not [name for name in contract.abi.functions if "upgrade" in name.lower()]


def test_m3_operators_takes_no_reward_that_was_earned(keel_mainnet: Keel, attacker: str) -> None:
    """OPR-6: a manager and a reward address of its own took all that was unclaimed, in 0 s."""
    keel, rewards = keel_mainnet, Rewards(Reporting.with_stake(keel_mainnet))
    registry, vault, holder = (
        rewards.registry,
        keel.quick.vault,
        keel.holder_of("OPERATORS").address,
    )
    rewards.report([0])
    earned = rewards.held_shares
    rewards.report([earned], growth_wei=0)
    operator = registry.operator(0).rewardAddress
    data = registry.setManager.encode(0, attacker)
    operation = keel.quick.manager.hashOperation(holder, registry.address, data)
    with fails("AccessManagerNotScheduled", operationId=operation):
        registry.setManager.send(0, attacker, sender=holder)
    start, held = now(keel.rpc), vault.sharesOf(operator)
    keel.call_as_role(registry, "setManager", 0, attacker)
    assert now(keel.rpc) >= start + 7 * keel.profile.frame_seconds
    registry.setRewardAddress.send(0, attacker, sender=attacker)
    rewards.claim(0)
    assert (vault.sharesOf(attacker), vault.sharesOf(operator)) == (0, held + earned)
