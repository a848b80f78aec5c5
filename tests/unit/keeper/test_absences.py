"""EXT-8: whose balance a keeper shows, and when again."""

from dataclasses import replace

import pytest

from keel.keeper.absences import plan_absences
from keel.keeper.plan import plan
from keel.keeper.view import ExitProofs, KeeperView, Validator
from keel.model.commitment import public_key_hash
from tests.unit.keeper.views import (
    EPOCH,
    FULL_GWEI,
    HEAD,
    TERMS,
    VIEW,
    only,
    pubkey,
    standing,
    validator,
    why_not,
)

LOST_GWEI = FULL_GWEI - TERMS.least_absence_gwei
ABSENT = validator(7, balance_gwei=LOST_GWEI, is_absent=True)


def seen(*validators: Validator, **slots: int) -> KeeperView:
    """A view with proofs of balances; `slot` is that of the last one shown of validator 7."""
    proofs = ExitProofs(balances={n: (f"proof of {n}",) for n in range(10)})
    exits = replace(VIEW.exits, balance_slots={pubkey(7): slots["slot"]} if slots else {})
    return replace(VIEW, beacon=standing(*validators), exit_proofs=proofs, exits=exits)


def test_the_balance_of_an_absent_validator_is_shown_with_its_proof() -> None:
    chore = only(plan_absences(seen(validator(1), ABSENT)))
    assert (chore.contract, chore.function) == ("exits", "noteBalance")
    assert chore.arguments == (public_key_hash(pubkey(7)), "proof of 7")
    assert chore.why.startswith("validator 7 of operator 0 looks absent with 31.999 ETH")
    assert chore in plan(seen(ABSENT)).chores


@pytest.mark.parametrize(
    "other",
    [
        replace(ABSENT, is_absent=False),
        replace(ABSENT, balance_gwei=LOST_GWEI + 1),
        replace(ABSENT, exit_epoch=EPOCH + 9),
        replace(ABSENT, slashed=True),
        replace(ABSENT, is_ours=False),
    ],
    ids=["takes part", "lost less than a frame's", "leaving", "slashed", "foreign"],
)
def test_of_no_other_one(other: Validator) -> None:
    findings = plan_absences(seen(other))
    assert not findings.chores
    assert "no absent validator's balance is to be shown" in why_not(findings)


def test_again_after_7_frames_and_the_next_one_in_the_meantime() -> None:
    due_slot = HEAD.slot - TERMS.watch_slots
    again = only(plan_absences(seen(ABSENT, slot=due_slot)))
    assert again.key != only(plan_absences(seen(ABSENT))).key
    assert not plan_absences(seen(ABSENT, slot=due_slot + 1)).chores
    next_one = replace(ABSENT, index=8, pubkey=pubkey(8))
    chore = only(plan_absences(seen(ABSENT, next_one, slot=due_slot + 1)))
    assert chore.arguments[1:] == ("proof of 8",)


def test_a_refused_one_is_passed_over() -> None:
    """EXT-7."""
    view = seen(ABSENT)
    refused = replace(view, aside={only(plan_absences(view)).key: "BalanceTooEarly"})
    assert not plan_absences(refused).chores
