"""OperatorRegistry: what operators earn, and that nobody takes more than was minted (OPR-4)."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.clock import jump
from keel.chain.transaction import Receipt
from keel.deploy.contracts import OperatorRegistry
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import Reporting


@dataclass
class Rewards:
    """Reports that mint shares for operators, and claims of them."""

    reporting: Reporting
    frame: int = 0
    leaves: tuple[OperatorTotals, ...] = ()

    @property
    def registry(self) -> OperatorRegistry:
        """The contract that is tested."""
        return self.reporting.keel.quick.registry

    @property
    def held_shares(self) -> int:
        """Shares that the registry holds for operators."""
        vault = self.reporting.keel.quick.vault
        return int(vault.sharesOf(self.registry.address))

    def report(self, cumulative: Sequence[int], growth_wei: int = ETHER // 10) -> None:
        """Report growth, and these cumulative rewards of operators 0, 1 and so on."""
        self.report_leaves(
            [self.leaf(each, shares) for each, shares in enumerate(cumulative)], growth_wei
        )

    def report_leaves(
        self, leaves: Sequence[OperatorTotals], growth_wei: int = ETHER // 10
    ) -> None:
        """Report growth and just these leaves."""
        self.leaves = tuple(leaves)
        self.report_root(operators_tree(self.leaves).root, growth_wei)

    def report_root(self, root: bytes, growth_wei: int = ETHER // 10) -> None:
        """Report growth and this `operatorsRoot`."""
        self.frame += 1
        self.reporting.await_final(self.frame)
        report = self.reporting.changed_report(self.frame, growth_wei)
        self.reporting.submit(replace(report, operators_root=root))

    @staticmethod
    def leaf(operator_id: int, shares: int) -> OperatorTotals:
        """The leaf of five validators that did most of their duties."""
        return OperatorTotals(
            operator_id,
            active=5,
            exited=0,
            slashed=0,
            cumulative_reward_shares=shares,
            cumulative_weight=50,
            cumulative_full_weight=54,
        )

    def proof(self, operator_id: int) -> tuple[bytes, ...]:
        """Proof of an operator's leaf."""
        return operators_tree(self.leaves).proof(operator_id)

    def claim(self, operator_id: int) -> Receipt:
        """Claim for an operator, by anyone."""
        arguments = (astuple(self.leaves[operator_id]), self.proof(operator_id))
        sender = self.reporting.keel.actors.stranger.address
        return self.registry.claimRewards.send(*arguments, sender=sender)

    def claimable(self, operator_id: int) -> int:
        """What a claim would pay."""
        arguments = (astuple(self.leaves[operator_id]), self.proof(operator_id))
        return int(self.registry.claimableShares(*arguments))

    def shares_of(self, operator_id: int) -> int:
        """Shares at an operator's reward address."""
        address = self.registry.operator(operator_id).rewardAddress
        return int(self.reporting.keel.quick.vault.sharesOf(address))


@pytest.fixture
def rewards(keel_mainnet: Keel) -> Rewards:
    """Two operators with reward addresses of their own, and a first report without rewards."""
    rewards = Rewards(Reporting.with_stake(keel_mainnet))
    manager, holder = keel_mainnet.actors.operator_managers[0], keel_mainnet.actors.holder
    terms = ("Lighthouse", manager.address, holder.address, 1_000, 10_000, 600)
    keel_mainnet.call_as_role(rewards.registry, "addOperator", *terms)
    rewards.report([0, 0])
    return rewards


def test_an_operator_is_paid_what_the_last_report_says(rewards: Rewards) -> None:
    minted = rewards.held_shares
    assert minted > 0
    rewards.report([minted // 3, minted // 4], growth_wei=0)
    for operator_id, shares in enumerate((minted // 3, minted // 4)):
        assert rewards.claimable(operator_id) == shares
        (event,) = rewards.registry.events(rewards.claim(operator_id))
        address = rewards.registry.operator(operator_id).rewardAddress
        assert (event.name, *event.inputs.values()) == (
            "RewardsClaimed",
            operator_id,
            address,
            shares,
        )
        assert rewards.shares_of(operator_id) == shares
        assert rewards.registry.claimedShares(operator_id) == shares
    assert rewards.held_shares == minted - minted // 3 - minted // 4


def test_rewards_are_claimed_once_and_then_what_came_since(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted // 4, 0])
    rewards.claim(0)
    assert rewards.claimable(0) == 0
    with fails("NothingToClaim", operatorId=0):
        rewards.claim(0)
    rewards.report([minted // 2, 0])
    assert rewards.claimable(0) == minted // 2 - minted // 4
    rewards.claim(0)
    assert rewards.shares_of(0) == rewards.registry.claimedShares(0) == minted // 2
    rewards.report([minted // 2 + 1, 0])
    rewards.claim(0)
    assert rewards.shares_of(0) == minted // 2 + 1


def test_claims_may_wait_for_any_number_of_reports(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted // 4, 0])
    rewards.report([minted // 2, 0])
    rewards.claim(0)
    assert rewards.shares_of(0) == minted // 2


def test_who_earned_nothing_claims_nothing(rewards: Rewards) -> None:
    with fails("NothingToClaim", operatorId=1):
        rewards.claim(1)


def test_a_leaf_that_falls_pays_nothing_and_takes_nothing(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted // 2, 0])
    rewards.claim(0)
    rewards.report([minted // 4, 0])
    assert rewards.claimable(0) == 0
    with fails("NothingToClaim", operatorId=0):
        rewards.claim(0)
    assert rewards.registry.claimedShares(0) == minted // 2


def test_only_the_last_report_counts(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted // 2, 0])
    earlier = (astuple(rewards.leaves[0]), rewards.proof(0))
    rewards.report([minted // 4, 0])
    assert rewards.registry.claimableShares(*earlier) == 0
    with fails("LeafNotReported", operatorId=0):
        rewards.registry.claimRewards.send(*earlier, sender=rewards.reporting.poster)
    rewards.claim(0)


@pytest.mark.parametrize(
    "field",
    ["operator_id", "active", "exited", "slashed", "cumulative_weight", "cumulative_full_weight"],
)
def test_every_field_of_a_leaf_is_proven(rewards: Rewards, field: str) -> None:
    rewards.report([100, 0])
    leaf = rewards.leaves[0]
    altered = {
        "operator_id": replace(leaf, operator_id=1),
        "active": replace(leaf, active=4),
        "exited": replace(leaf, exited=1),
        "slashed": replace(leaf, slashed=1),
        "cumulative_weight": replace(leaf, cumulative_weight=51),
        "cumulative_full_weight": replace(leaf, cumulative_full_weight=53),
    }[field]
    arguments = (astuple(altered), rewards.proof(0))
    assert rewards.registry.claimableShares(*arguments) == 0
    with fails("LeafNotReported", operatorId=altered.operator_id):
        rewards.registry.claimRewards.send(*arguments, sender=rewards.reporting.poster)


def test_nobody_can_raise_a_reward(rewards: Rewards) -> None:
    rewards.report([100, 0])
    raised = replace(rewards.leaves[0], cumulative_reward_shares=101)
    with fails("LeafNotReported", operatorId=0):
        arguments = (astuple(raised), rewards.proof(0))
        rewards.registry.claimRewards.send(*arguments, sender=rewards.reporting.poster)


def test_leaves_of_the_five_words_of_before_are_refused(rewards: Rewards) -> None:
    """OPR-8."""
    rewards.report([100, 0])
    before = keccak(keccak(encode(("uint256",) * 5, (0, 5, 0, 0, 100))))
    rewards.report_root(before)
    with fails("LeafNotReported", operatorId=0):
        rewards.registry.claimRewards.send(
            astuple(rewards.leaves[0]), (), sender=rewards.reporting.poster
        )


def test_nothing_is_charged_until_bonds_exist(rewards: Rewards) -> None:
    """OPR-8."""
    charged = replace(rewards.leaf(1, 100), cumulative_charged_shares=3)
    rewards.report_leaves([rewards.leaf(0, 100), charged])
    assert (rewards.claimable(0), rewards.claimable(1)) == (100, 0)
    with fails("ReservedNotZero", field="cumulativeChargedShares", value=3):
        rewards.claim(1)
    rewards.claim(0)
    assert rewards.shares_of(0) == 100


def test_an_operator_that_was_not_admitted_earns_nothing(rewards: Rewards) -> None:
    rewards.report([0, 0, 100])
    assert rewards.claimable(2) == 0
    with fails("NoSuchOperator", operatorId=2):
        rewards.claim(2)


def test_no_claim_takes_more_than_was_minted(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted, minted + 1], growth_wei=0)
    assert rewards.held_shares == minted
    assert rewards.claimable(1) == 0
    with fails("RewardsAboveMinted", operatorId=1, shares=minted + 1, heldShares=minted):
        rewards.claim(1)
    rewards.claim(0)
    assert (rewards.shares_of(0), rewards.held_shares) == (minted, 0)


def test_all_claims_together_take_no_more_than_was_minted(rewards: Rewards) -> None:
    minted = rewards.held_shares
    rewards.report([minted - 1, 2], growth_wei=0)
    rewards.claim(0)
    with fails("RewardsAboveMinted", operatorId=1, shares=2, heldShares=1):
        rewards.claim(1)
    rewards.report([minted - 1, 2])
    rewards.claim(1)
    assert rewards.shares_of(1) == 2


def test_rewards_go_where_the_manager_last_said_once_that_is_in_force(rewards: Rewards) -> None:
    keel = rewards.reporting.keel
    manager, new = keel.actors.operator_managers[0].address, keel.actors.redeemer.address
    rewards.report([100, 0])
    rewards.registry.setRewardAddress.send(0, new, sender=manager)
    rewards.claim(0)
    assert keel.quick.vault.sharesOf(manager) == 100
    rewards.report([300, 0])
    jump(keel.rpc, 14 * keel.profile.frame_seconds)
    rewards.claim(0)
    assert keel.quick.vault.sharesOf(new) == 200
    assert keel.quick.vault.sharesOf(manager) == 100


def test_the_rewards_of_an_inactive_operator_are_still_its_own(rewards: Rewards) -> None:
    rewards.report([100, 0])
    rewards.reporting.keel.call_as_role(rewards.registry, "setOperator", 0, 0, 0, False)
    rewards.claim(0)
    assert rewards.shares_of(0) == 100
