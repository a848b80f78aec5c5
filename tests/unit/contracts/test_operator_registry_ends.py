"""OperatorRegistry: slashings, payouts and merges of staked keys (KEY-8, KEY-9, KEY-11)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, reverting
from keel.chain.revert import Reverted
from keel.chain.state import runtime_code, set_runtime_code
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model import key_ends as ends
from keel.model import keys as key_rules
from keel.model.allocation import Operator
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, report
from tests.unit.contracts.validators import Validators, bring_to, leads_elsewhere

OWN, OTHER = 0, 1
OWN_KEYS = 3
RETURNS_NOW = bytes.fromhex("425f5260205ff3")
BEFORE_STAKE = [s for s in Stage if s.value < Stage.STAKED or s in (Stage.FOREIGN, Stage.DROPPED)]


@pytest.fixture
def validators(keel: Keel) -> Validators:
    """Two operators, with ether for validators in the vault."""
    deposit(keel, str(keel.actors.depositor.address), 300 * ETHER)
    made = Validators(keel)
    made.add_operator()
    made.add_operator()
    return made


@pytest.fixture
def staked(validators: Validators) -> list[DepositDataEntry]:
    """Three of one operator, then one of another."""
    entries = validators.proven(OWN, OWN_KEYS) + validators.proven(OTHER, 1)
    validators.stake(entries)
    return entries


def root_of(entry: DepositDataEntry) -> bytes:
    return public_key_hash(entry.pubkey)


def parts_of(validators: Validators, *entries: DepositDataEntry) -> list[int]:
    return [int(validators.registry.keyOf(root_of(entry)).parts) for entry in entries]


def counts(validators: Validators) -> tuple[int, int, int, int]:
    """Staked, withdrawn and live of all; withdrawn of the first operator."""
    total = validators.registry.totals()
    own = validators.registry.operator(OWN)
    return total.staked, total.withdrawn, total.liveKeys, own.withdrawn


def bond_units(validators: Validators) -> tuple[int, int, int]:
    """Of the first operator: units that stay, their parts, and what is forfeit."""
    bonds = validators.keel.quick.bonds
    units, parts = bonds.bondOf(OWN)
    return int(units), int(parts), int(bonds.forfeitUnits())


def merge(validators: Validators, source: DepositDataEntry, target: DepositDataEntry) -> Receipt:
    """Exits says that it asked for the consolidation."""
    sender = as_contract(validators.keel.quick.exits)
    arguments = (root_of(source), root_of(target))
    return validators.registry.merge.send(*arguments, sender=sender)


@contextmanager
def broken_verifier(validators: Validators) -> Iterator[None]:
    """One that agrees with everything, and dates each slashing by now."""
    rpc, address = validators.keel.rpc, validators.keel.quick.proofs.address
    code = runtime_code(rpc, address)
    set_runtime_code(rpc, address, RETURNS_NOW)
    yield
    set_runtime_code(rpc, address, code)


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
        assert tuple(noted.inputs.values()) == (by, 31 * ETHER)
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
        (entry,) = validators.new_entries(1)
        bring_to(validators, OTHER, entry, stage)
        if stage is Stage.NONE:
            validators.beacon.add(BeaconValidator(entry.pubkey, validators.credentials))
        with fails("WrongStage", pubkeyRoot=root_of(entry), stage=stage, expected=Stage.STAKED):
            validators.slash(entry)
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
        (entry,) = validators.new_entries(1)
        bring_to(validators, OTHER, entry, stage)
        if stage is Stage.NONE:
            validators.beacon.add(BeaconValidator(entry.pubkey, validators.credentials))
        with fails("WrongStage", pubkeyRoot=root_of(entry), stage=stage, expected=Stage.STAKED):
            validators.withdraw(entry)
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


class TestMerges:
    def test_only_exits_merges(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        roots = [root_of(entry) for entry in staked[:2]]
        for caller in (validators.manager, validators.anyone):
            with fails("OnlyExits", caller=caller):
                validators.registry.merge.send(*roots, sender=caller)
        merge(validators, *staked[:2])
        assert validators.registry.mergesInto(roots[0]) == roots[1]
        assert parts_of(validators, *staked) == [1, 1, 1, 1]

    def test_two_staked_keys_of_one_operator_merge(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-11."""
        (waiting,) = validators.proven(OWN, 1)
        with fails("NotKeyOf", operatorId=OWN, pubkeyRoot=root_of(staked[3])):
            merge(validators, staked[0], staked[3])
        for pair in ((staked[0], waiting), (waiting, staked[0])):
            with fails(
                "WrongStage",
                pubkeyRoot=root_of(waiting),
                stage=Stage.PROVEN,
                expected=Stage.STAKED,
            ):
                merge(validators, *pair)
        merge(validators, staked[0], staked[1])
        with fails("AlreadyMerges", pubkeyRoot=root_of(staked[0])):
            merge(validators, staked[1], staked[0])

    def test_a_paid_out_source_s_parts_are_the_target_s(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-11: the bond stays until the ether itself comes out."""
        source, target = staked[:2]
        merge(validators, source, target)
        receipt = validators.withdraw(source)
        (event,) = validators.registry.events(receipt, "KeysMerged")
        assert tuple(event.inputs.values()) == (OWN, root_of(source), root_of(target))
        assert parts_of(validators, source, target) == [0, 2]
        assert bond_units(validators) == (3 * ETHER, 3, 0)
        assert counts(validators) == (4, 0, 3, 0)
        validators.withdraw(target)
        assert bond_units(validators) == (ETHER, 1, 0)
        bonds = validators.keel.quick.bonds
        assert bonds.leavingOf(root_of(target)).units == 2 * ETHER
        assert counts(validators) == (4, 2, 2, 2)

    @pytest.mark.parametrize("is_proven", [True, False])
    def test_a_merge_saves_no_bond_from_a_slashing(
        self, validators: Validators, staked: list[DepositDataEntry], is_proven: bool
    ) -> None:
        """KEY-11, BND-4: the chain drops a slashed source's consolidation."""
        source, target = staked[:2]
        merge(validators, source, target)
        validators.be_slashed(source)
        if is_proven:
            validators.prove_one(source.pubkey, "proveSlashed")
        validators.withdraw(source)
        assert parts_of(validators, target) == [1]
        assert bond_units(validators) == (2 * ETHER, 2, ETHER)

    def test_a_false_slashing_of_a_replaced_verifier_is_forfeit_once(
        self, validators: Validators, staked: list[DepositDataEntry]
    ) -> None:
        """KEY-9, MOD-1: what it took does not go to the target a second time."""
        source, target = staked[:2]
        merge(validators, source, target)
        with broken_verifier(validators):
            validators.prove_one(source.pubkey, "proveSlashed")
        validators.withdraw(source)
        assert parts_of(validators, target) == [1]
        assert bond_units(validators) == (2 * ETHER, 2, ETHER)
        validators.withdraw(target)
        validators.withdraw(staked[2])
        assert bond_units(validators) == (0, 0, ETHER)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["merge", "be slashed", "slash", "withdraw", "withdraw"]),
            st.integers(0, OWN_KEYS),
            st.integers(0, OWN_KEYS),
        ),
        max_size=10,
    )
)
def test_any_order_of_ends_leaves_what_the_model_leaves(
    validators: Validators, staked: list[DepositDataEntry], steps: list[tuple[str, int, int]]
) -> None:
    """KEY-8, KEY-9, KEY-11, BND-1: the bond's parts are those of the keys that have some."""
    roots = [root_of(entry) for entry in staked]
    model, slashed, forfeit, released = model_of(roots), set[int](), 0, 0
    with taken_back(validators):
        for what, place, other in steps:
            entry = staked[place]
            if what == "be slashed" and model.key(roots[place]).stage is Stage.STAKED:
                validators.be_slashed(entry)
                slashed.add(place)
                continue
            try:
                if what == "merge" and place != other:
                    model = ends.merge(model, roots[place], roots[other])
                    merge(validators, entry, staked[other])
                elif what == "slash":
                    model, key = ends.prove_slashed(model, roots[place])
                    slashed.add(place)
                    forfeit += key.parts
                    validators.slash(entry)
                elif what == "withdraw":
                    is_slashed = place in slashed
                    model, parts = ends.prove_withdrawn(model, roots[place], slashed=is_slashed)
                    forfeit += parts if is_slashed else 0
                    released += 0 if is_slashed else parts
                    validators.withdraw(entry)
            except Refused as refused:
                with pytest.raises(Reverted, match=type(refused).__name__):
                    refuse(validators, what, entry, staked[other])
        keys = [validators.registry.keyOf(root) for root in roots]
        assert [(k.stage, k.parts) for k in keys] == [
            (key.stage, key.parts) for key in map(model.key, roots)
        ]
        bonds = [validators.keel.quick.bonds.bondOf(i) for i in (OWN, OTHER)]
        waiting = [
            sum(key.parts for key in keys if key.operatorId == i and key.stage == Stage.STAKED)
            for i in (OWN, OTHER)
        ]
        assert [bond.parts for bond in bonds] == waiting
        assert sum(waiting) + forfeit + released == len(staked)
        assert validators.keel.quick.bonds.forfeitUnits() == forfeit * ETHER
        assert validators.registry.totals().liveKeys == model.live_keys


@contextmanager
def taken_back(validators: Validators) -> Iterator[None]:
    """Take back what happens inside, on both chains."""
    record = list(validators.beacon.validators)
    with reverting(validators.keel.rpc):
        yield
    validators.beacon.validators = record


def refuse(
    validators: Validators, what: str, entry: DepositDataEntry, other: DepositDataEntry
) -> None:
    """Ask the contract for what the model refuses, and undo what the chain did for it."""
    if what == "merge":
        merge(validators, entry, other)
    else:
        validators.prove_one(entry.pubkey, {"slash": "proveSlashed"}.get(what, "proveWithdrawn"))


def model_of(roots: list[bytes]) -> Registry:
    """The same four keys in the model."""
    model = Registry(tuple(Operator(i, True, 1_000, 10_000) for i in (OWN, OTHER)))
    model = key_rules.predeposit(model, OWN, roots[:OWN_KEYS], OWN_KEYS * ETHER)
    model = key_rules.predeposit(model, OTHER, roots[OWN_KEYS:], ETHER)
    model = key_rules.prove_fresh(model, dict.fromkeys(roots, 0))
    return key_rules.choose(model, roots, len(roots))[0]
