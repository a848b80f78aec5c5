"""OperatorRegistry: slashings and payouts of staked keys (KEY-8, KEY-9)."""

from collections.abc import Callable

import pytest

from keel.chain.clock import jump
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import report
from tests.unit.contracts.key_ends import (
    OTHER,
    OWN,
    bond_units,
    counts,
    root_of,
    staked_keys,
)
from tests.unit.contracts.validators import (
    Validators,
    bring_to,
    leads_elsewhere,
    with_two_operators,
)

BEFORE_STAKE = [s for s in Stage if s.value < Stage.STAKED or s in (Stage.FOREIGN, Stage.DROPPED)]


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return with_two_operators(keel)


@pytest.fixture
def staked(validators: Validators) -> list[DepositDataEntry]:
    return staked_keys(validators)


def require_refused(
    validators: Validators, stage: Stage, end: Callable[[DepositDataEntry], Receipt]
) -> None:
    """Let a key's validator end although Keel never staked it."""
    (entry,) = validators.new_entries(1)
    bring_to(validators, OTHER, entry, stage)
    if stage is Stage.NONE:
        validators.beacon.add(BeaconValidator(entry.pubkey, validators.credentials))
    with fails("WrongStage", pubkeyRoot=root_of(entry), stage=stage, expected=Stage.STAKED):
        end(entry)


class TestSlashings:
    def test_a_stranger_shows_a_slashing_in_the_next_slot(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-8, BND-4: the bond's part is forfeit, the vault knows of the balance."""
        entry, quick = staked[0], validators.keel.quick
        place = validators.beacon.places[entry.pubkey]
        validators.beacon.change(entry.pubkey, effective_balance_gwei=31 * 10**9)
        receipt = validators.slash(entry)
        (event,) = quick.registry.events(receipt, "KeySlashed")
        epoch = validators.beacon.slot // 8
        by = validators.keel.configuration.genesis_time + ((epoch + 1) * 8 - 1) * 12
        assert tuple(event.inputs.values()) == (OWN, root_of(entry), place, 31 * 10**9, by)
        (noted,) = quick.vault.events(receipt, "SlashingNoted")
        assert tuple(noted.inputs.values()) == (min(by, receipt.timestamp), 31 * ETHER)
        assert quick.vault.slashedWei() == 31 * ETHER
        assert bond_units(validators) == (2 * ETHER, 2, ETHER)
        assert validators.stages(staked) == [Stage.SLASHED, 3, 3, 3]
        assert counts(validators) == (4, 0, 4, 0)

    def test_it_is_shown_once(self, validators: Validators, staked: list[DepositDataEntry]) -> None:
        validators.slash(staked[0])
        validators.beacon.slot += 1
        with fails(
            "WrongStage",
            pubkeyRoot=root_of(staked[0]),
            stage=Stage.SLASHED,
            expected=Stage.STAKED,
        ):
            validators.prove_one(staked[0].pubkey, "proveSlashed")
        assert bond_units(validators)[2] == ETHER

    def test_nobody_shows_one_that_did_not_happen(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """Neither of a validator that only leaves, nor with a lie or another's proof."""
        validators.to_present()
        place = validators.beacon.places[staked[0].pubkey]
        for fields in ({}, {"exit_epoch": 9, "withdrawable_epoch": 99}):
            validators.beacon.change(staked[0].pubkey, **fields)
            with fails("NotSlashed", index=place):
                validators.prove_one(staked[0].pubkey, "proveSlashed")
        validators.be_slashed(staked[1])
        shown = validators.beacon.show(validators.keel.rpc)
        block, index, validator, branch = shown.key(staked[1].pubkey)
        for lie in (
            (root_of(staked[2]), *validator[1:]),
            (*validator[:2], 2**40, *validator[3:]),
            (*validator[:7], validator[7] - 1),
        ):
            with leads_elsewhere(validators.root()):
                validators.registry.proveSlashed.send(
                    block, index, lie, branch, sender=validators.anyone
                )
        assert (bond_units(validators)[2], validators.keel.quick.vault.slashedWei()) == (0, 0)

    @pytest.mark.parametrize("stage", BEFORE_STAKE)
    def test_only_a_staked_key_s_slashing_counts(
        self, validators: Validators, staked: list[DepositDataEntry], stage: Stage
    ) -> None:
        """KEY-7, KEY-8: its operator brought that validator to 32 ETH and lost them."""
        require_refused(validators, stage, validators.slash)
        assert validators.keel.quick.vault.slashedWei() == 0
        validators.slash(staked[0])

    def test_what_a_report_has_covered_forfeits_the_bond_and_closes_nothing(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-8, STA-7: it belongs to the frame in which it happened, whenever it is proven."""
        keel = validators.keel
        validators.be_slashed(staked[0])
        jump(keel.rpc, 2 * keel.profile.frame_seconds)
        report(keel)
        validators.to_present()
        receipt = validators.prove_one(staked[0].pubkey, "proveSlashed")
        assert keel.quick.vault.events(receipt) == []
        assert keel.quick.vault.slashedWei() == 0
        assert bond_units(validators) == (2 * ETHER, 2, ETHER)


class TestPayouts:
    def test_a_stranger_shows_a_payout_and_the_bond_cools_down(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-9, BND-2."""
        entry, bonds = staked[1], validators.keel.quick.bonds
        receipt = validators.withdraw(entry)
        (event,) = validators.registry.events(receipt, "KeyWithdrawn")
        place = validators.beacon.places[entry.pubkey]
        assert tuple(event.inputs.values()) == (OWN, root_of(entry), place)
        payable_at = receipt.timestamp + bonds.COOLDOWN_SECONDS()
        assert bonds.leavingOf(root_of(entry)) == (ETHER, OWN, payable_at)
        assert bond_units(validators) == (2 * ETHER, 2, 0)
        assert validators.stages(staked) == [3, Stage.WITHDRAWN, 3, 3]
        assert counts(validators) == (4, 1, 3, 1)

    def test_it_is_shown_once_and_ends_all(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-1: nothing is proven of a key that is paid out, nor is more staked on it."""
        validators.withdraw(staked[0])
        for what in ("proveWithdrawn", "proveSlashed"):
            with fails(
                "WrongStage",
                pubkeyRoot=root_of(staked[0]),
                stage=Stage.WITHDRAWN,
                expected=Stage.STAKED,
            ):
                validators.prove_one(staked[0].pubkey, what)
        assert counts(validators) == (4, 1, 3, 1)

    @pytest.mark.parametrize("stage", BEFORE_STAKE)
    def test_only_a_staked_key_is_paid_out(
        self, validators: Validators, staked: list[DepositDataEntry], stage: Stage
    ) -> None:
        require_refused(validators, stage, validators.withdraw)
        validators.withdraw(staked[0])
        assert counts(validators) == (4, 1, 3, 1)

    def test_a_validator_with_ether_is_not_paid_out(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """PRF-8: nor one that may not be paid yet."""
        validators.be_paid_out(staked[0])
        epoch, place = validators.to_present(), validators.beacon.places[staked[0].pubkey]
        for effective_gwei, withdrawable in ((10**9, epoch), (0, epoch + 1)):
            validators.beacon.change(
                staked[0].pubkey,
                effective_balance_gwei=effective_gwei,
                withdrawable_epoch=withdrawable,
            )
            with fails(
                "NotWithdrawn",
                index=place,
                effectiveBalanceGwei=effective_gwei,
                withdrawableEpoch=withdrawable,
                epoch=epoch,
            ):
                validators.prove_one(staked[0].pubkey, "proveWithdrawn")
        validators.withdraw(staked[0])

    @pytest.mark.parametrize("is_proven", [True, False])
    def test_nobody_saves_its_bond_by_a_slashing_that_is_not_proven(
        self, validators: Validators, staked: list[DepositDataEntry], is_proven: bool
    ) -> None:
        """KEY-9, BND-4: the operator waits until it is paid out and shows that first."""
        entry, bonds = staked[0], validators.keel.quick.bonds
        validators.be_slashed(entry)
        if is_proven:
            validators.prove_one(entry.pubkey, "proveSlashed")
        validators.withdraw(entry)
        assert bond_units(validators) == (2 * ETHER, 2, ETHER)
        with fails("NothingToPay", pubkeyRoot=root_of(entry)):
            bonds.pay.send(root_of(entry), sender=validators.anyone)
        assert counts(validators) == (4, 1, 3, 1)
