"""What is free is staked on proven keys in turn, or the plan says what is missing."""

from dataclasses import replace

from keel.keeper.chores import Findings
from keel.keeper.stakes import plan_stakes
from keel.keeper.view import KeeperView, Keys
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.sight.appearances import Appearances
from keel.sight.key_lives import KeyLife
from tests.unit.keeper.views import TERMS, VIEW, life, only, operator, pubkey, why_not


def proven(number: int, operator_id: int = 0) -> KeyLife:
    return life(number, operator_id, Stage.PROVEN)


def stakeable(validators: int, *keys: KeyLife) -> KeeperView:
    free_wei = validators * 31 * ETHER
    return replace(VIEW, stakeable_validators=validators, free_wei=free_wei, keys=Keys(proven=keys))


def staked(findings: Findings) -> list[bytes]:
    packed = only(findings).arguments[0]
    return [packed[at : at + 48] for at in range(0, len(packed), 48)]


def test_free_ether_is_staked_on_the_operators_proven_keys_in_turn_by_anybody() -> None:
    findings = plan_stakes(stakeable(2, proven(0), proven(1), proven(2, 1)))
    chore = only(findings)
    assert (chore.contract, chore.function) == ("registry", "stake")
    assert staked(findings) == [pubkey(0), pubkey(2)]
    assert chore.why == "62 ETH is free: 2 validators (1 of operator 0, 1 of operator 1)"
    assert (findings.alarms, findings.undone) == ({}, ())


def test_a_transaction_takes_so_many_and_the_rest_comes_later() -> None:
    view = stakeable(3, proven(0), proven(1), proven(2))
    findings = plan_stakes(replace(view, terms=replace(TERMS, most_validators=2)))
    assert staked(findings) == [pubkey(0), pubkey(1)]
    assert why_not(findings) == "the next transaction stakes 1 validator more"
    assert findings.alarms == {}


def test_no_more_is_staked_than_the_vault_allows_whatever_is_free() -> None:
    view = replace(stakeable(1, proven(0), proven(1)), free_wei=1_000 * ETHER)
    assert staked(plan_stakes(view)) == [pubkey(0)]


def test_ether_without_proven_keys_is_told_with_what_may_help() -> None:
    none = plan_stakes(stakeable(1))
    assert not none.chores
    assert (
        none.alarms["keys_exhausted"]
        == "1 validator could be staked, but no other key is predeposited"
    )
    coming = Keys(shown=Appearances(queued=(life(0),)))
    waits = plan_stakes(replace(stakeable(1), keys=coming))
    assert "1 key may be proven later" in waits.alarms["keys_exhausted"]
    some = plan_stakes(stakeable(3, proven(0)))
    assert staked(some) == [pubkey(0)]
    assert "2 validators more could be staked" in some.alarms["keys_exhausted"]


def test_a_key_without_validator_is_no_help() -> None:
    void = Keys(shown=Appearances(void=(life(0),)))
    findings = plan_stakes(replace(stakeable(1), keys=void))
    assert "no other key is predeposited" in findings.alarms["keys_exhausted"]


def test_keys_of_operators_that_may_get_no_more_are_told_from_none_at_all() -> None:
    at_limit = replace(stakeable(1, proven(0)), operators=(replace(operator(0), limit=0),))
    assert (
        "the 1 proven key left belong to operators that may get no more validators"
        in plan_stakes(at_limit).alarms["keys_exhausted"]
    )


def test_what_cannot_be_staked_is_explained() -> None:
    assert why_not(plan_stakes(VIEW)) == "0 ETH is free, a validator takes 31 ETH"
    stale = replace(VIEW, state=State.STALE, free_wei=40 * ETHER)
    assert why_not(plan_stakes(stale)) == "staking is closed while the protocol is stale"
    less, enough = (replace(VIEW, free_wei=wei) for wei in (31 * ETHER - 1, 31 * ETHER))
    assert "a validator takes 31 ETH" in why_not(plan_stakes(less))
    assert (
        why_not(plan_stakes(enough))
        == "31 ETH is free, but staking is paused, at its limit or closed after a loss"
    )
