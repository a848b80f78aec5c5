"""Predeposited keys are proven where the beacon state has their validators; the others are told."""

from dataclasses import replace

import orjson
import pytest

from keel.consensus.state.prover import ProvenBlock
from keel.keeper.chores import Findings
from keel.keeper.plan import plan
from keel.keeper.plan_output import plan_document
from keel.keeper.proofs import plan_proofs, plan_spare_proofs
from keel.keeper.view import Keys
from keel.model.key_stage import Stage
from keel.sight.appearances import Appearances, Appeared
from keel.sight.key_proofs import KeyProof
from keel.sight.leaving_bonds import LeavingBond
from tests.unit.keeper.views import HEAD, VIEW, life, only, operator, why_not

BOND = LeavingBond(0, bytes(32), 1, HEAD.time)
STATE = f"the beacon state of slot {HEAD.slot}"


def appeared(number: int, **others: bool) -> Appeared:
    kinds = {"is_fresh": False, "is_foreign": False, "is_leaving": False, **others}
    return Appeared(life(number, number % 2), 100 + number, **kinds)


def found(keys: Keys) -> Findings:
    return plan_proofs(replace(VIEW, keys=keys))


def test_each_proof_is_a_call_of_the_registry_that_anybody_may_make() -> None:
    batch = tuple(appeared(number, is_fresh=True) for number in range(5))
    calls = (
        KeyProof(batch, "proveFresh", ("block", 100)),
        KeyProof((appeared(9),), "proveKey", ("block", 109)),
    )
    shown = Appearances(appeared=(*batch, appeared(9)))
    first, second = found(Keys(shown=shown, proofs=calls)).chores
    assert (first.contract, first.function, first.arguments) == (
        "registry",
        "proveFresh",
        ("block", 100),
    )
    assert (first.key, second.key) == ("prove 100", "prove 109")
    assert first.why == (
        "the beacon chain has 5 predeposited validators: "
        "100 of operator 0, 101 of operator 1, 102 of operator 0 and 2 more"
    )
    assert second.why == "the beacon chain has 1 predeposited validator: 109 of operator 1"


def test_the_proof_of_a_foreign_key_says_what_it_does_to_the_operator() -> None:
    foreign = appeared(3, is_foreign=True)
    proof = KeyProof((foreign,), "proveKey", ())
    chore = only(found(Keys(shown=Appearances(appeared=(foreign,)), proofs=(proof,))))
    assert chore.why == (
        "validator 103 of operator 1 does not pay to Keel: the proof freezes the operator"
    )


def test_further_foreign_keys_of_a_frozen_operator_come_after_everything_else() -> None:
    first, second = (appeared(number, is_foreign=True) for number in (1, 3))
    proofs = (
        KeyProof((first,), "proveKey", ()),
        KeyProof((second,), "proveKey", (), is_spare=True),
    )
    view = replace(
        VIEW, keys=Keys(shown=Appearances(appeared=(first, second)), proofs=proofs), bonds=(BOND,)
    )
    assert only(plan_proofs(view)).key == "prove 101"
    spare = only(plan_spare_proofs(view))
    assert (spare.key, spare.why) == (
        "prove 103",
        "validator 103 of operator 1 does not pay to Keel",
    )
    assert [chore.key.split()[0] for chore in plan(view).chores] == ["prove", "bonds", "prove"]
    assert plan(view).chores[-1] == spare


def test_a_validator_that_the_chain_cannot_check_yet_waits_with_the_reason() -> None:
    shown = Appearances(appeared=(appeared(1, is_fresh=True),))
    findings = found(Keys(shown=shown, no_proof="the next block tells"))
    assert not findings.chores
    assert why_not(findings) == f"1 validator in {STATE}: the next block tells"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (Appearances(queued=(life(1),)), f"in the queue of pending deposits of {STATE}"),
        (Appearances(later=(life(1),)), f"predeposited after {STATE}"),
        (
            Appearances(void=(life(1),)),
            f"without validator and without pending deposit in {STATE}: the signature of the "
            "predeposit is void, so there will be none",
        ),
        (
            Appearances(appeared=(appeared(1, is_leaving=True),)),
            "validator 101 of operator 1 is slashed or leaving: the registry does not take it",
        ),
    ],
)
def test_a_key_that_cannot_be_proven_is_told_and_costs_nothing(
    shown: Appearances, reason: str
) -> None:
    findings = found(Keys(shown=shown))
    assert (findings.chores, findings.alarms) == ((), {})
    assert why_not(findings).endswith(reason)
    if not shown.appeared:
        assert f"1 key (0x{life(1).pubkey.hex()} of operator 0)" in why_not(findings)


def test_without_predeposited_keys_there_is_nothing_to_prove() -> None:
    assert why_not(found(Keys())) == "no predeposited key waits for its proof"


def test_a_frozen_operator_is_named_with_its_key_until_it_is_set_again() -> None:
    foreign = life(3, 1, Stage.FOREIGN)
    frozen = replace(operator(1), frozen=True)
    view = replace(VIEW, keys=Keys(foreign=(foreign,)), operators=(operator(0), frozen))
    assert plan_proofs(view).alarms == {
        "operator_frozen": f"operator 1: the validator of 0x{foreign.pubkey.hex()} does not pay to "
        "Keel; OPERATORS can unfreeze it"
    }
    assert plan_proofs(replace(view, operators=(operator(0), operator(1)))).alarms == {}


def test_programs_read_the_arguments_of_a_proof() -> None:
    validator = (b"\x01" * 32, b"\x02" * 32, 10**9, False, 2**64 - 1, 5, 6, 7)
    block = ProvenBlock(timestamp=12, slot=3, proposer_index=4)
    proof = KeyProof((appeared(1),), "proveKey", (block, 101, validator, (b"\x03" * 32,)))
    view = replace(VIEW, keys=Keys(shown=Appearances(appeared=proof.keys), proofs=(proof,)))
    document = orjson.loads(orjson.dumps(plan_document(view, plan_proofs(view))))
    (chore,) = document["chores"]
    assert chore["function"] == "proveKey"
    numbers = ["18446744073709551615", "5", "6", "7"]
    assert chore["arguments"] == [
        ["12", "3", "4", []],
        "101",
        ["0x" + "01" * 32, "0x" + "02" * 32, "1000000000", False, *numbers],
        ["0x" + "03" * 32],
    ]
