"""OperatorBonds: the operators' ether, held as wkETH while their validators are there (BND)."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, reverting, set_next_timestamp
from keel.chain.contract import deploy
from keel.chain.transaction import Receipt
from keel.deploy.contracts import OperatorBonds
from keel.model import bonds as rules
from keel.model.bonds import Bond, Leaving
from keel.model.constants import DAY, ETHER, GWEI
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.reporting import STAKED_VALIDATORS, Reporting
from tests.unit.contracts.validators import Validators
from tests.unit.contracts.vaults import note_slashing

ZERO_ADDRESS = "0x" + "0" * 40
OWN, OTHER = 0, 1
OTHER_VALIDATORS = 2
KEY, OTHER_KEY = b"\x11" * 32, b"\x22" * 32


@dataclass
class Bonds:
    """Ten validators of one operator and two of another; the test is the registry."""

    reporting: Reporting
    registry: str

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

    def release(self, operator_id: int = OWN, key: bytes = KEY, parts: int = 1) -> int:
        """Say that a key is paid out; return when its part can be paid."""
        arguments = (operator_id, key, parts)
        receipt = self.contract.release.send(*arguments, sender=self.registry)
        return receipt.timestamp + self.contract.COOLDOWN_SECONDS()

    def forfeit(self, operator_id: int = OWN, parts: int = 1) -> Receipt:
        """Say that a key was slashed."""
        return self.contract.forfeit.send(operator_id, parts, sender=self.registry)

    def pay(self, key: bytes = KEY) -> Receipt:
        return self.contract.pay.send(key, sender=self.anyone)

    def report_near(self, moment: int) -> int:
        """Apply a quiet report whose frame the moment falls into; return its reference time."""
        first, frame = self.reporting.ref_time(0), self.keel.profile.frame_seconds
        number = (moment - first) // frame
        self.reporting.await_final(number)
        report = self.reporting.quiet_report(number)
        assert self.reporting.was_applied(self.reporting.submit(report))
        jump_to(self.keel.rpc, max(moment, self.reporting.final_at(number) + 60))
        return self.reporting.ref_time(number)

    def bond(self, operator_id: int = OWN) -> Bond:
        return Bond(*self.contract.bondOf(operator_id))

    def leaving(self, key: bytes = KEY) -> Leaving:
        return Leaving(*self.contract.leavingOf(key))

    def units_of(self, holder: str) -> int:
        return int(self.keel.quick.wrapped.balanceOf(holder))


@pytest.fixture
def bonds(keel_mainnet: Keel) -> Bonds:
    reporting = Reporting.with_stake(keel_mainnet)
    holder = keel_mainnet.actors.holder.address
    validators = Validators(keel_mainnet, keys_made=STAKED_VALIDATORS)
    terms = ("Lighthouse", validators.manager, holder, 1_000, 10_000, 600)
    keel_mainnet.call_as_role(validators.registry, "addOperator", *terms)
    validators.stake_new(OTHER, OTHER_VALIDATORS)
    noon = reporting.ref_time(1) - keel_mainnet.profile.frame_seconds // 2
    jump_to(keel_mainnet.rpc, noon)  # a payment then falls into a day's normal state
    return Bonds(reporting, as_contract(keel_mainnet.quick.registry))


def test_a_bond_is_one_ether_worth_of_wketh_for_each_validator(bonds: Bonds) -> None:
    """BND-1."""
    assert bonds.bond(OWN) == Bond(STAKED_VALIDATORS * ETHER, STAKED_VALIDATORS)
    assert bonds.bond(OTHER) == Bond(OTHER_VALIDATORS * ETHER, OTHER_VALIDATORS)
    held = bonds.units_of(bonds.contract.address)
    assert held == (STAKED_VALIDATORS + OTHER_VALIDATORS) * ETHER


def test_it_earns_as_any_wketh(bonds: Bonds) -> None:
    """BND-1: units stay, and their worth grows with the rate."""
    wrapped = bonds.keel.quick.wrapped
    before_wei = wrapped.convertToAssets(bonds.bond().units)
    bonds.reporting.await_final(1)
    bonds.reporting.submit(bonds.reporting.changed_report(1, ETHER))
    jump_to(bonds.keel.rpc, bonds.reporting.final_at(1) + 5 * DAY)
    assert bonds.bond().units == STAKED_VALIDATORS * ETHER
    assert wrapped.convertToAssets(bonds.bond().units) > before_wei


def test_a_key_that_is_paid_out_takes_its_parts_along(bonds: Bonds) -> None:
    """BND-2: of its own operator's bond only."""
    cooldown = bonds.contract.COOLDOWN_SECONDS()
    assert cooldown == bonds.keel.profile.bond_cooldown_seconds
    arguments = (OWN, KEY, 3)
    receipt = bonds.contract.release.send(*arguments, sender=bonds.registry)
    payable_at = receipt.timestamp + cooldown
    assert bonds.bond() == Bond(7 * ETHER, 7)
    assert bonds.leaving() == Leaving(3 * ETHER, OWN, payable_at)
    (event,) = bonds.contract.events(receipt)
    assert (event.name, *event.inputs.values()) == (
        "BondReleased",
        OWN,
        KEY,
        3 * ETHER,
        payable_at,
    )
    assert bonds.bond(OTHER) == Bond(2 * ETHER, 2)
    bonds.release(OTHER, OTHER_KEY)
    assert bonds.leaving() == Leaving(3 * ETHER, OWN, payable_at)  # each cools down by itself


def test_it_is_paid_to_the_reward_address_after_the_cooldown(bonds: Bonds) -> None:
    """BND-3: by anyone, not a second early, once."""
    receiver = bonds.keel.quick.registry.operator(OTHER).rewardAddress
    payable_at = bonds.release(OTHER)
    bonds.report_near(payable_at - 600)
    set_next_timestamp(bonds.keel.rpc, payable_at - 1)
    with fails("BondLeaving", pubkeyRoot=KEY, payableAt=payable_at, nowTime=payable_at - 1):
        bonds.pay()
    set_next_timestamp(bonds.keel.rpc, payable_at)
    receipt = bonds.pay()
    (event,) = bonds.contract.events(receipt, "BondPaid")
    assert tuple(event.inputs.values()) == (OTHER, KEY, receiver, ETHER)
    assert bonds.units_of(receiver) == ETHER
    assert (bonds.bond(OTHER), bonds.leaving()) == (Bond(ETHER, 1), Leaving())
    with fails("NothingToPay", pubkeyRoot=KEY):
        bonds.pay()


def test_nothing_is_paid_that_was_not_released(bonds: Bonds) -> None:
    bonds.forfeit()
    for key in (KEY, OTHER_KEY, bytes(32)):
        with fails("NothingToPay", pubkeyRoot=key):
            bonds.pay(key)


def test_nobody_leaves_ahead_of_a_report_that_is_due(bonds: Bonds) -> None:
    """BND-3, STA-3: awaiting and stale close it; in the dead state no report is due."""
    payable_at = bonds.release()
    ref_time = bonds.report_near(payable_at)
    frame = bonds.keel.profile.frame_seconds
    for frames, state in ((1, State.AWAITING), (3, State.STALE)):
        jump_to(bonds.keel.rpc, ref_time + frames * frame)
        with fails("StateNotNormal", state=state):
            bonds.pay()
    dead_at = ref_time + 14 * frame
    jump_to(bonds.keel.rpc, dead_at - 2)
    set_next_timestamp(bonds.keel.rpc, dead_at - 1)
    with fails("StateNotNormal", state=State.STALE):
        bonds.pay()
    set_next_timestamp(bonds.keel.rpc, dead_at)
    bonds.pay()


def test_an_announced_loss_and_a_proven_slashing_close_payments(bonds: Bonds) -> None:
    """BND-3, STA-3: the part that is released bears neither otherwise."""
    payable_at = bonds.release()
    ref_time = bonds.report_near(payable_at)
    vault, rpc = bonds.keel.quick.vault, bonds.keel.rpc
    with reverting(rpc):
        note_slashing(bonds.keel, 32 * ETHER, ref_time + 1)
        with fails("StateNotNormal", state=State.SLASHED):
            bonds.pay()
    oracle = as_contract(bonds.keel.quick.oracle)
    with reverting(rpc):
        next_ref_time = ref_time + bonds.keel.profile.frame_seconds
        jump_to(rpc, next_ref_time)
        vault.announceLoss.send(next_ref_time, 500 * ETHER, sender=oracle)
        with fails("StateNotNormal", state=State.ANNOUNCED):
            bonds.pay()
    note_slashing(bonds.keel, GWEI, ref_time + 1)  # so little that no door closes
    bonds.pay()


def test_what_is_forfeit_stays_and_is_nobodys(bonds: Bonds) -> None:
    """BND-4."""
    held = bonds.units_of(bonds.contract.address)
    receipt = bonds.forfeit(OWN, 3)
    (event,) = bonds.contract.events(receipt)
    assert (event.name, *event.inputs.values()) == ("BondForfeited", OWN, 3 * ETHER)
    assert (bonds.bond(), bonds.contract.forfeitUnits()) == (Bond(7 * ETHER, 7), 3 * ETHER)
    bonds.forfeit(OTHER)
    assert bonds.contract.forfeitUnits() == 4 * ETHER
    assert bonds.units_of(bonds.contract.address) == held


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=8),
    st.integers(0, 10**18),
)
def test_all_of_it_leaves_with_the_last_part(
    bonds: Bonds, steps: list[tuple[int, bool]], extra: int
) -> None:
    """BND-1, BND-2, BND-4: in whatever portions, as the model; what is held is accounted for."""
    with reverting(bonds.keel.rpc):
        bonds.contract.add.send([OWN], 1, extra, sender=bonds.registry)
        model, forfeit, leaving = bonds.bond(), 0, 0
        all_units = model.units
        for number, (wanted, is_slashed) in enumerate([*steps, (model.parts, False)]):
            if parts := min(wanted, model.parts):
                model, units = rules.take(model, parts)
                if is_slashed:
                    bonds.forfeit(OWN, parts)
                    forfeit += units
                else:
                    bonds.release(OWN, bytes([number + 1]) * 32, parts)
                    leaving += units
            assert (bonds.bond(), bonds.contract.forfeitUnits()) == (model, forfeit)
        assert model == Bond(0, 0)
        assert forfeit + leaving == all_units


def test_only_the_registry_adds_takes_and_releases(bonds: Bonds) -> None:
    calls = {"add": ([OWN], 1, ETHER), "forfeit": (OWN, 1), "release": (OWN, KEY, 1)}
    vault = as_contract(bonds.keel.quick.vault)
    for caller in (bonds.anyone, str(bonds.keel.actors.operator_managers[0].address), vault):
        for name, arguments in calls.items():
            with fails("OnlyRegistry", caller=caller):
                bonds.contract.function(name).send(*arguments, sender=caller)
    bonds.contract.add.send([OTHER, OWN, OTHER], 2, 7, sender=bonds.registry)
    assert bonds.bond(OWN) == Bond(STAKED_VALIDATORS * ETHER + 7, STAKED_VALIDATORS + 1)
    assert bonds.bond(OTHER) == Bond(OTHER_VALIDATORS * ETHER + 7, OTHER_VALIDATORS + 1)


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
