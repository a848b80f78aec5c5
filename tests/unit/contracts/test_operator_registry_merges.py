"""OperatorRegistry: merges of staked keys, beside slashings and payouts (KEY-11)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import reverting
from keel.chain.revert import Reverted
from keel.consensus.deposit_data import DepositDataEntry
from keel.model import key_ends as ends
from keel.model import keys as key_rules
from keel.model.allocation import Operator
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.key_ends import (
    OTHER,
    OWN,
    OWN_KEYS,
    bond_units,
    counts,
    merge,
    parts_of,
    root_of,
    staked_keys,
)
from tests.unit.contracts.validators import Validators, broken_verifier, with_two_operators


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return with_two_operators(keel)


@pytest.fixture
def staked(validators: Validators) -> list[DepositDataEntry]:
    return staked_keys(validators)


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
