"""OperatorBonds: the operators' ether, held as wkETH while their validators are there (BND)."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import pytest

from keel.chain.clock import jump, jump_to, set_next_timestamp
from keel.chain.contract import deploy
from keel.chain.transaction import Receipt
from keel.deploy.contracts import OperatorBonds
from keel.model import bonds as rules
from keel.model.bonds import Bond
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.constants import DAY, ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.reporting import STAKED_VALIDATORS, Reporting
from tests.unit.contracts.validators import Validators

ZERO_ADDRESS = "0x" + "0" * 40
OWN, OTHER = 0, 1
OTHER_VALIDATORS = 2
RELEASED_AFTER_SECONDS = 600
"""So long after a report could be applied; the payment then falls into a day's normal state."""


@dataclass
class Bonds:
    """Ten validators of one operator and two of another, and reports of which have exited."""

    reporting: Reporting
    frame: int = 0
    leaves: tuple[OperatorTotals, ...] = ()

    @property
    def keel(self) -> Keel:
        return self.reporting.keel

    @property
    def contract(self) -> OperatorBonds:
        """The contract that is tested."""
        return self.keel.quick.bonds

    @property
    def anyone(self) -> str:
        return str(self.keel.actors.stranger.address)

    def report(self, exited: Sequence[int], frame: int | None = None) -> None:
        """Apply a report in which so many validators of each operator have exited."""
        staked = (STAKED_VALIDATORS, OTHER_VALIDATORS)
        self.leaves = tuple(
            OperatorTotals(i, of - gone, gone, 0, 0)
            for i, (of, gone) in enumerate(zip(staked, exited, strict=True))
        )
        self.frame = frame or self.frame + 1
        self.reporting.await_final(self.frame)
        quiet = self.reporting.quiet_report(self.frame)
        report = replace(
            quiet,
            active_validators=sum(staked) - sum(exited),
            exited_validators=sum(exited),
            operators_root=operators_tree(self.leaves).root,
        )
        assert self.reporting.was_applied(self.reporting.submit(report))

    def release(self, operator_id: int = OWN) -> Receipt:
        """Release what has exited, by anyone, at a time that all tests know."""
        set_next_timestamp(
            self.keel.rpc, self.reporting.final_at(self.frame) + RELEASED_AFTER_SECONDS
        )
        proof = operators_tree(self.leaves).proof(operator_id)
        leaf = astuple(self.leaves[operator_id])
        return self.contract.release.send(leaf, proof, sender=self.anyone)

    def await_payment(self, operator_id: int = OWN) -> int:
        """Report nothing new shortly before a bond can be paid; return that time."""
        days = self.contract.COOLDOWN_SECONDS() // DAY
        self.report([leaf.exited for leaf in self.leaves], self.frame + days)
        return self.bond(operator_id).payable_at

    def bond(self, operator_id: int = OWN) -> Bond:
        return Bond(*self.contract.bondOf(operator_id))

    def units_of(self, holder: str) -> int:
        return int(self.keel.quick.wrapped.balanceOf(holder))


@pytest.fixture
def bonds(keel_mainnet: Keel) -> Bonds:
    reporting = Reporting.with_stake(keel_mainnet)
    holder = keel_mainnet.actors.holder.address
    validators = Validators(keel_mainnet, keys_made=STAKED_VALIDATORS)
    terms = ("Lighthouse", validators.manager, holder, 1_000, 10_000)
    keel_mainnet.call_as_role(validators.registry, "addOperator", *terms)
    validators.stake_new(OTHER, OTHER_VALIDATORS)
    return Bonds(reporting)


def test_a_bond_is_one_ether_worth_of_wketh_for_each_validator(bonds: Bonds) -> None:
    """BND-1."""
    assert bonds.bond(OWN) == Bond(units=STAKED_VALIDATORS * ETHER)
    assert bonds.bond(OTHER) == Bond(units=OTHER_VALIDATORS * ETHER)
    held = bonds.units_of(bonds.contract.address)
    assert held == (STAKED_VALIDATORS + OTHER_VALIDATORS) * ETHER


def test_it_earns_as_any_wketh(bonds: Bonds) -> None:
    """BND-1: units stay, and their worth grows with the rate."""
    wrapped = bonds.keel.quick.wrapped
    before_wei = wrapped.convertToAssets(bonds.bond().units)
    bonds.reporting.await_final(1)
    bonds.reporting.submit(bonds.reporting.changed_report(1, ETHER))
    jump(bonds.keel.rpc, 5 * DAY)
    assert bonds.bond().units == STAKED_VALIDATORS * ETHER
    assert wrapped.convertToAssets(bonds.bond().units) > before_wei


def test_nothing_is_released_while_all_validators_are_there(bonds: Bonds) -> None:
    bonds.report([0, 1])
    with fails("NothingToRelease", operatorId=OWN, exited=0, released=0):
        bonds.release(OWN)
    bonds.release(OTHER)


def test_anyone_releases_the_part_of_what_has_exited(bonds: Bonds) -> None:
    """BND-2: as the model, by the newest report's leaf."""
    bonds.report([3, 0])
    receipt = bonds.release()
    cooldown = bonds.contract.COOLDOWN_SECONDS()
    assert cooldown == bonds.keel.profile.bond_cooldown_seconds
    payable_at = receipt.timestamp + cooldown
    all_units = Bond(units=STAKED_VALIDATORS * ETHER)
    wanted = rules.release(
        all_units, OWN, 3, STAKED_VALIDATORS, now=receipt.timestamp, cooldown_seconds=cooldown
    )
    assert bonds.bond() == wanted == Bond(7 * ETHER, 3 * ETHER, 3, payable_at)
    (event,) = bonds.contract.events(receipt)
    assert (event.name, *event.inputs.values()) == (
        "BondReleased",
        OWN,
        3,
        3 * ETHER,
        payable_at,
    )
    assert bonds.bond(OTHER) == Bond(units=OTHER_VALIDATORS * ETHER)
    with fails("NothingToRelease", operatorId=OWN, exited=3, released=3):
        bonds.release()


def test_only_the_newest_reports_leaf_releases(bonds: Bonds) -> None:
    """BND-2: neither another report's, nor one that somebody made up."""
    bonds.report([2, 0])
    old, root = bonds.leaves, operators_tree(bonds.leaves)
    bonds.report([1, 0])
    false = replace(bonds.leaves[OWN], exited=9, active=1)
    for leaf, proof in (
        (old[OWN], root.proof(OWN)),
        (false, operators_tree(bonds.leaves).proof(OWN)),
        (bonds.leaves[OWN], root.proof(OTHER)),
    ):
        with fails("LeafNotReported", operatorId=OWN):
            bonds.contract.release.send(astuple(leaf), proof, sender=bonds.anyone)
    bonds.release()
    assert bonds.bond().leaving_units == ETHER


def test_a_second_release_joins_the_first_and_delays_it_by_its_own_part_only(bonds: Bonds) -> None:
    """BND-2: 3 ETH have a day behind them, 1 ETH has none; a stranger releases."""
    bonds.report([3, 0])
    first = bonds.release()
    bonds.report([4, 0])
    second = bonds.release()
    passed = second.timestamp - first.timestamp
    weighted = 4 * bonds.contract.COOLDOWN_SECONDS() - 3 * min(
        passed, bonds.contract.COOLDOWN_SECONDS()
    )
    payable_at = second.timestamp - -weighted // 4
    assert bonds.bond() == Bond(6 * ETHER, 4 * ETHER, 4, payable_at)


def test_a_bond_is_paid_to_the_reward_address_after_the_cooldown(bonds: Bonds) -> None:
    """BND-3: by anyone, not a second early, once."""
    bonds.report([0, 1])
    bonds.release(OTHER)
    receiver = bonds.keel.quick.registry.operator(OTHER).rewardAddress
    payable_at = bonds.await_payment(OTHER)
    set_next_timestamp(bonds.keel.rpc, payable_at - 1)
    with fails("BondLeaving", operatorId=OTHER, payableAt=payable_at, nowTime=payable_at - 1):
        bonds.contract.pay.send(OTHER, sender=bonds.anyone)
    set_next_timestamp(bonds.keel.rpc, payable_at)
    receipt = bonds.contract.pay.send(OTHER, sender=bonds.anyone)
    (event,) = bonds.contract.events(receipt, "BondPaid")
    assert tuple(event.inputs.values()) == (OTHER, receiver, ETHER)
    assert bonds.units_of(receiver) == ETHER
    assert bonds.bond(OTHER) == Bond(ETHER, 0, 1, payable_at)
    with fails("NothingToPay", operatorId=OTHER):
        bonds.contract.pay.send(OTHER, sender=bonds.anyone)


def test_nothing_is_paid_that_was_not_released(bonds: Bonds) -> None:
    for operator_id in (OWN, 7):
        with fails("NothingToPay", operatorId=operator_id):
            bonds.contract.pay.send(operator_id, sender=bonds.anyone)


def test_nobody_leaves_ahead_of_a_report_that_is_due(bonds: Bonds) -> None:
    """BND-3: awaiting, announced, stale and dead close it, the next report opens it."""
    bonds.report([1, 0])
    bonds.release()
    payable_at = bonds.await_payment()
    ref_time, frame = bonds.reporting.ref_time(bonds.frame), bonds.keel.profile.frame_seconds
    for frames, state in ((1, 1), (3, 3), (14, 4)):
        jump_to(bonds.keel.rpc, max(payable_at, ref_time + frames * frame))
        with fails("StateNotNormal", state=state):
            bonds.contract.pay.send(OWN, sender=bonds.anyone)
    bonds.report([1, 0], bonds.frame + 14)
    bonds.contract.pay.send(OWN, sender=bonds.anyone)


def test_an_announced_loss_closes_payments(bonds: Bonds) -> None:
    """BND-3."""
    bonds.report([1, 0])
    bonds.release()
    payable_at = bonds.await_payment()
    vault, oracle = bonds.keel.quick.vault, bonds.keel.quick.oracle
    sender = as_contract(oracle)
    next_ref_time = bonds.reporting.ref_time(bonds.frame + 1)
    jump_to(bonds.keel.rpc, max(payable_at, next_ref_time))
    vault.announceLoss.send(next_ref_time, 500 * ETHER, sender=sender)
    with fails("StateNotNormal", state=2):
        bonds.contract.pay.send(OWN, sender=bonds.anyone)


def test_all_of_it_leaves_with_the_last_validator(bonds: Bonds) -> None:
    """BND-1, BND-2: in portions that do not divide it."""
    for exited in (3, 4, 10):
        bonds.report([exited, 0])
        bonds.release()
    leaving = bonds.bond()
    assert (leaving.units, leaving.leaving_units) == (0, STAKED_VALIDATORS * ETHER)


def test_only_the_registry_adds(bonds: Bonds) -> None:
    for caller in (bonds.anyone, str(bonds.keel.actors.operator_managers[0].address)):
        with fails("OnlyRegistry", caller=caller):
            bonds.contract.add.send([OWN], 1, ETHER, sender=caller)
    registry = as_contract(bonds.keel.quick.registry)
    bonds.contract.add.send([OTHER, OWN, OTHER], 2, 7, sender=registry)
    assert bonds.bond(OWN).units == STAKED_VALIDATORS * ETHER + 7
    assert bonds.bond(OTHER).units == OTHER_VALIDATORS * ETHER + 7


@pytest.mark.parametrize("what", ["vault", "registry", "wrapped"])
def test_bonds_know_their_contracts(keel: Keel, what: str) -> None:
    arguments = {**keel.plan.step("OperatorBonds").arguments, what: ZERO_ADDRESS}
    with fails("ZeroAddress", what=what):
        construct(keel, arguments)


def test_the_cooldown_is_a_year_at_most(keel: Keel) -> None:
    arguments = dict(keel.plan.step("OperatorBonds").arguments)
    year = 365 * DAY
    beyond = {"what": "cooldownSeconds", "value": year + 1, "bound": year}
    with fails("ParameterOutOfBounds", **beyond):
        construct(keel, arguments | {"cooldownSeconds": year + 1})
    construct(keel, arguments | {"cooldownSeconds": year})


def construct(keel: Keel, arguments: dict[str, object]) -> None:
    artifact = keel.artifacts["OperatorBonds"]
    sender = keel.actors.stranger.address
    deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments.values(), sender=sender)
