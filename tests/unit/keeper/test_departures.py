"""Slashings are proven at once, withdrawals in their turn; operators get what has cooled down."""

from dataclasses import replace

import pytest

from keel.keeper.bonds import plan_bonds
from keel.keeper.departures import plan_slashings, plan_withdrawals
from keel.keeper.plan import plan
from keel.keeper.turns import Turns, turn_of
from keel.keeper.view import Keys
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.sight.departures import Departed, DepartureProof
from keel.sight.leaving_bonds import LeavingBond
from tests.unit.keeper.views import HEAD, VIEW, life, only, why_not

SLASHED = Departed(life(1, 1, Stage.STAKED), 101, is_slashed=True)
PAID_OUT = Departed(life(2, 0, Stage.STAKED), 102, is_slashed=False)
BOTH = (SLASHED, PAID_OUT)
PROOFS = tuple(DepartureProof(one, ("block", one.index)) for one in BOTH)
SHOWN = replace(VIEW, keys=Keys(departed=BOTH, departures=PROOFS))


def test_a_slashing_is_proven_before_everything_else_and_waits_for_no_turn() -> None:
    chore = only(plan_slashings(SHOWN))
    assert (chore.contract, chore.function, chore.arguments) == (
        "registry",
        "proveSlashed",
        ("block", 101),
    )
    assert plan(SHOWN).chores[0] == chore
    accounts = [f"0x{number:040x}" for number in range(20)]
    last = max(accounts, key=lambda each: turn_of(each, accounts, HEAD.epoch))
    assert turn_of(last, accounts, HEAD.epoch) > 0
    assert Turns(2, accounts).due(plan(SHOWN).chores, HEAD, last) == (chore,)


def test_a_withdrawal_releases_a_bond_unless_it_is_forfeit() -> None:
    chore = only(plan_withdrawals(SHOWN))
    assert (chore.function, chore.arguments) == ("proveWithdrawn", ("block", 102))
    assert chore.why.endswith("releases its part of the bond, unless it merged")
    slashed = Departed(life(2, 0, Stage.SLASHED), 102, is_slashed=False)
    keys = Keys(departed=(slashed,), departures=(DepartureProof(slashed, ()),))
    assert "no wind-down waits" in only(plan_withdrawals(replace(VIEW, keys=keys))).why


def test_what_the_chain_cannot_check_yet_waits_with_the_reason() -> None:
    view = replace(VIEW, keys=Keys(departed=BOTH, no_proof="the next block tells"))
    for rule, named in ((plan_slashings, "101 of operator 1"), (plan_withdrawals, "102")):
        assert not rule(view).chores
        assert named in why_not(rule(view))
        assert why_not(rule(view)).endswith("the next block tells")


def test_nodes_that_do_not_say_who_is_slashed_are_told() -> None:
    findings = plan_slashings(replace(VIEW, keys=Keys(blind="no answer")))
    assert why_not(findings).endswith("in whole beacon states only: no answer")
    assert why_not(plan_slashings(VIEW)) == ""


BOND = LeavingBond(3, b"\x07" * 32, ETHER + ETHER // 2, HEAD.time)


@pytest.mark.parametrize("state", State)
def test_a_bond_that_has_cooled_down_is_paid_while_the_vault_lets_it(state: State) -> None:
    findings = plan_bonds(replace(VIEW, state=state, bonds=(BOND,)))
    if state not in (State.NORMAL, State.DEAD):
        assert not findings.chores
        assert f"while the protocol is {state.name.lower()}" in why_not(findings)
        return
    chore = only(findings)
    assert (chore.contract, chore.function) == ("bonds", "pay")
    assert chore.arguments == (BOND.pubkey_root,)
    assert chore.why == "1.5 wkETH of operator 3's bond has cooled down"


def test_a_bond_cools_down_to_the_second() -> None:
    cooling = replace(BOND, payable_at=HEAD.time + 1)
    findings = plan_bonds(replace(VIEW, bonds=(cooling,)))
    assert not findings.chores
    assert "operator 3's" in why_not(findings)
    assert why_not(plan_bonds(VIEW)) == "no part of a bond waits to be paid"
