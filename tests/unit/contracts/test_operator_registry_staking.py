"""OperatorRegistry: anyone stakes on proven keys (KEY-6, KEY-7), within targets (OPR-3)."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, reverting
from keel.chain.deposit_contract import deposit_count, deposits_of
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model import keys as key_rules
from keel.model.allocation import Operator, may_stake
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.model.frames import Action
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deposit
from tests.unit.contracts.validators import Validators, bring_to, pubkeys_of
from tests.unit.contracts.vaults import accounts_of, change

FUNDS_WEI = 1_999 * ETHER


@pytest.fixture
def validators(keel: Keel) -> Validators:
    deposit(keel, str(keel.actors.depositor.address), FUNDS_WEI)
    return Validators(keel)


@pytest.fixture
def proven(validators: Validators) -> list[DepositDataEntry]:
    """Five keys of operator 0, ready to be staked."""
    return validators.proven(validators.add_operator(), 5)


def staked(validators: Validators, operator_id: int = 0) -> int:
    return int(validators.registry.operator(operator_id).staked)


def skipped(validators: Validators, receipt: Receipt) -> list[bytes]:
    events = validators.registry.events(receipt, "KeySkipped")
    return [bytes(event.inputs["pubkeyRoot"]) for event in events]


def roots_of(entries: list[DepositDataEntry]) -> list[bytes]:
    return [public_key_hash(entry.pubkey) for entry in entries]


def test_a_stranger_stakes_and_31_ether_a_key_reach_the_deposit_contract(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    """KEY-6: no signature, since the chain knows the key; the real contract checks the root."""
    quick, rpc = validators.keel.quick, validators.keel.rpc
    before_wei = balance_wei(rpc, quick.deposits.address)
    receipt = validators.stake(proven)
    assert balance_wei(rpc, quick.deposits.address) == before_wei + 5 * 31 * ETHER
    made = [deposit.data for deposit in deposits_of(quick.deposits.events(receipt))]
    assert [(d.pubkey, d.withdrawal_credentials, d.amount_gwei, d.signature) for d in made] == [
        (entry.pubkey, validators.credentials, 31 * 10**9, bytes(96)) for entry in proven
    ]
    recorded = quick.registry.events(receipt, "KeyStaked")
    assert [tuple(e.inputs.values()) for e in recorded] == [
        (0, root, entry.pubkey) for root, entry in zip(roots_of(proven), proven, strict=True)
    ]
    assert validators.stages(proven) == [Stage.STAKED] * 5
    assert (staked(validators), quick.registry.totals().staked) == (5, 5)


def test_the_operators_ether_becomes_its_bond_to_the_wei(validators: Validators) -> None:
    """KEY-6: B falls by 31, P rises by 32, A by 1; whole units at the rate of a deposit."""
    keel, quick = validators.keel, validators.keel.quick
    first, second = validators.add_operator(), validators.add_operator()
    entries = validators.proven(first, 2) + validators.proven(second, 1)
    validators.stake(entries[:1])
    change(keel, 10**17 + 7)
    jump(keel.rpc, 100)  # a rate that is no round number
    before, buffered_wei = accounts_of(keel), quick.vault.bufferedWei()
    receipt = validators.stake([entries[2], entries[1]])
    after = accounts_of(keel)
    units = before.to_shares_down(ETHER, receipt.timestamp) // SHARES_PER_UNIT
    assert units % 10**6
    assert buffered_wei - quick.vault.bufferedWei() == 2 * 31 * ETHER
    assert after.pending_wei - before.pending_wei == 2 * 32 * ETHER
    assert after.backing_wei - before.backing_wei == 2 * ETHER
    assert after.shares - before.shares == 2 * units * SHARES_PER_UNIT
    assert quick.bonds.bondOf(first).units == ETHER + units
    assert quick.bonds.bondOf(second).units == units
    assert quick.wrapped.balanceOf(quick.bonds.address) == ETHER + 2 * units
    (event,) = quick.vault.events(receipt, "Staked")
    assert tuple(event.inputs.values()) == (
        2,
        64 * ETHER,
        2 * ETHER,
        2 * units * SHARES_PER_UNIT,
    )


def test_keys_are_staked_in_the_order_that_is_named(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    order = [proven[3], proven[0], proven[4]]
    receipt = validators.stake(order)
    recorded = validators.registry.events(receipt, "KeyStaked")
    assert [e.inputs["pubkey"] for e in recorded] == [entry.pubkey for entry in order]
    assert validators.stages(proven) == [3, 2, 2, 3, 3]


@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.PROVEN])
def test_what_cannot_be_staked_is_skipped_and_stops_nobody(
    validators: Validators, proven: list[DepositDataEntry], stage: Stage
) -> None:
    """KEY-6: first, in between, or last."""
    validators.add_operator()
    bad = validators.new_entries(1)
    bring_to(validators, 1, bad[0], stage)
    total = validators.registry.totals().staked
    receipt = validators.stake([*bad, proven[0], *bad, proven[1], *bad])
    assert skipped(validators, receipt) == roots_of(bad * 3)
    assert (staked(validators), validators.registry.totals().staked) == (2, total + 2)
    assert validators.stages([*bad, *proven[:3]]) == [stage, 3, 3, 2]
    with fails("NothingToStake"):
        validators.stake(bad)


def test_a_key_is_staked_once_in_a_call_and_ever(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    """KEY-1: who stakes first changes nothing for the rest of another's call."""
    receipt = validators.stake([proven[0], proven[0], proven[1]])
    assert skipped(validators, receipt) == roots_of(proven[:1])
    assert staked(validators) == 2
    receipt = validators.stake(proven)
    assert skipped(validators, receipt) == roots_of(proven[:2])
    assert staked(validators) == 5
    with fails("NothingToStake"):
        validators.stake(proven)


def test_keys_beyond_the_ether_are_left_and_staked_when_there_is_more(keel: Keel) -> None:
    """KEY-6, STA-6: 31 ETH each, and what the queue needs stays."""
    depositor = str(keel.actors.depositor.address)
    deposit(keel, depositor, 3 * 31 * ETHER - 2)  # one wei too little, with the first deposit
    validators = Validators(keel)
    keel.quick.queue.request.send(ETHER, depositor, sender=depositor)
    entries = validators.proven(validators.add_operator(), 4)
    assert keel.quick.vault.stakeableValidators() == 2
    receipt = validators.stake(entries)
    assert skipped(validators, receipt) == []
    assert validators.stages(entries) == [3, 3, 2, 2]
    with fails("NothingToStake"):
        validators.stake(entries[2:])
    deposit(keel, depositor, 3 * ETHER)
    assert keel.quick.vault.stakeableValidators() == 1
    validators.stake(entries[2:])
    assert validators.stages(entries) == [3, 3, 3, 2]


def test_keys_beyond_the_limit_of_a_frame_are_left(validators: Validators) -> None:
    """LIM-3: a validator counts 32 ETH."""
    entries = validators.proven(validators.add_operator(), 34)
    room = validators.keel.profile.stake_floor_wei // (32 * ETHER)
    assert validators.keel.quick.vault.stakeableValidators() == room == 32
    validators.stake(entries)
    assert staked(validators) == room
    with fails("NothingToStake"):
        validators.stake(entries[room:])
    jump(validators.keel.rpc, validators.keel.profile.frame_seconds // 16)
    validators.stake(entries[room:])
    assert staked(validators) == 34


@pytest.mark.parametrize("closed", ["paused", "stale", "announced"])
def test_nobody_stakes_while_staking_is_closed(
    validators: Validators, proven: list[DepositDataEntry], closed: str
) -> None:
    """STA-3, STA-4: proofs go on; keys are staked once it opens."""
    keel = validators.keel
    waiting = validators.new_entries(1)
    with reverting(keel.rpc):
        if closed == "paused":
            pause = (Action.STAKING, 600)
            keel.quick.vault.pause.send(*pause, sender=str(keel.actors.guardian.address))
        elif closed == "stale":
            jump(keel.rpc, 3 * keel.profile.frame_seconds)
        else:
            announce_loss(keel)
        assert keel.quick.vault.stakeableValidators() == 0
        with fails("NothingToStake"):
            validators.stake(proven)
        validators.predeposit(0, waiting)
        validators.prove(waiting)
        assert validators.stages(waiting) == [Stage.PROVEN]
    validators.stake(proven)


def test_nobody_stakes_nothing(validators: Validators, proven: list[DepositDataEntry]) -> None:
    with fails("NothingToStake"):
        validators.stake([])
    for length in (1, 47, 49):
        with fails("KeysLength", length=length, keySize=48):
            validators.registry.stake.send(bytes(length), sender=validators.anyone)
    validators.stake(proven[:1])


@pytest.mark.parametrize("gift_gwei", [1, 31 * 10**9])
def test_a_gift_between_proof_and_stake_changes_nothing(
    validators: Validators, proven: list[DepositDataEntry], gift_gwei: int
) -> None:
    """KEY-7: a stranger tops the validator up; the pool's ether follows, and what is more too."""
    own = proven[0]
    changed = {"effective_balance_gwei": 10**9 + gift_gwei}
    validators.beacon.change(own.pubkey, **changed)
    before = accounts_of(validators.keel)
    validators.stake([own])
    assert accounts_of(validators.keel).pending_wei - before.pending_wei == 32 * ETHER


def test_an_inactive_operator_gets_no_validator(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    keel, registry = validators.keel, validators.registry
    keel.call_as_role(registry, "setOperator", 0, 1_000, 10_000, False)
    change(keel, 0)  # staking is closed without reports
    assert not registry.mayStakeNext(0)
    with fails("NothingToStake"):
        validators.stake(proven[:1])
    keel.call_as_role(registry, "setOperator", 0, 1_000, 10_000, True)
    change(keel, 0)
    assert registry.mayStakeNext(0)
    validators.stake(proven[:1])


def test_an_operator_grows_up_to_its_limit(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    validators.keel.call_as_role(validators.registry, "setOperator", 0, 3, 10_000, True)
    change(validators.keel, 0)  # staking is closed without reports
    receipt = validators.stake(proven)
    assert skipped(validators, receipt) == roots_of(proven[3:])
    assert not validators.registry.mayStakeNext(0)
    with fails("NothingToStake"):
        validators.stake(proven[3:])


def test_an_operator_stays_within_its_target_plus_one(validators: Validators) -> None:
    half, rest = validators.add_operator(target_bps=5_000), validators.add_operator()
    entries, others = validators.proven(half, 4), validators.proven(rest, 1)
    receipt = validators.stake([*entries[:3], *others, *entries[2:]])
    assert skipped(validators, receipt) == roots_of([entries[2], entries[3]])
    assert (staked(validators, half), staked(validators, rest)) == (3, 1)


SHARES_BPS = (1_000, 3_333, 10_000)
LIMIT = 6
KEYS_EACH = 8


@pytest.fixture
def operators(validators: Validators) -> list[list[DepositDataEntry]]:
    """Keys of operators with these target shares and a limit; the last of each is not proven."""
    entries = []
    for share_bps in SHARES_BPS:
        operator_id = validators.add_operator(LIMIT, share_bps)
        entries.append(validators.proven(operator_id, KEYS_EACH - 1))
        entries[-1] += validators.new_entries(1)
        validators.predeposit(operator_id, entries[-1][-1:])
    return entries


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=st.lists(st.lists(st.integers(0, 23), min_size=1, max_size=9), max_size=6))
def test_validators_go_where_the_model_lets_them(
    validators: Validators, operators: list[list[DepositDataEntry]], calls: list[list[int]]
) -> None:
    """KEY-6, OPR-3: any keys in any order, again and again."""
    entries = [entry for own in operators for entry in own]
    model = model_of(operators)
    with reverting(validators.keel.rpc):
        for call in calls:
            named = [entries[number] for number in call]
            most = validators.keel.quick.vault.stakeableValidators()
            model, choice = key_rules.choose(model, roots_of(named), most)
            if choice.taken:
                receipt = validators.stake(named)
                assert skipped(validators, receipt) == list(choice.skipped)
            else:
                with fails("NothingToStake"):
                    validators.stake(named)
            assert [staked(validators, i) for i in range(3)] == [o.staked for o in model.operators]
        stages = [model.key(root).stage for root in roots_of(entries)]
        assert validators.stages(entries) == stages


def model_of(operators: list[list[DepositDataEntry]]) -> Registry:
    model = Registry(tuple(Operator(i, True, LIMIT, bps) for i, bps in enumerate(SHARES_BPS)))
    for operator_id, entries in enumerate(operators):
        roots = roots_of(entries)
        model = key_rules.predeposit(model, operator_id, roots, len(roots) * ETHER)
        model = key_rules.prove_fresh(model, dict.fromkeys(roots[:-1], 0))
    return model


@pytest.mark.parametrize("share_bps", [0, 1, 2_500, 9_999, 10_000])
def test_the_view_says_who_may_get_the_next_one(validators: Validators, share_bps: int) -> None:
    rest = validators.add_operator()
    operator = Operator(validators.add_operator(3, share_bps), True, 3, share_bps)
    own, others = validators.proven(operator.operator_id, 4), validators.proven(rest, 4)
    for place in range(4):
        total = validators.registry.totals().staked
        may = validators.registry.mayStakeNext(operator.operator_id)
        assert may == may_stake(operator, total)
        if may:
            validators.stake([own[place]])
            operator = replace(operator, staked=operator.staked + 1)
        validators.stake([others[place]])


def test_a_call_that_stakes_nothing_deposits_nothing(
    validators: Validators, proven: list[DepositDataEntry]
) -> None:
    deposits = validators.keel.quick.deposits
    before = deposit_count(deposits)
    with fails("NothingToStake"):
        validators.registry.stake.send(bytes(48 * 3), sender=validators.anyone)
    assert deposit_count(deposits) == before
    data = bytes(48) + pubkeys_of(proven[:1])
    validators.registry.stake.send(data, sender=validators.anyone)
    assert deposit_count(deposits) == before + 1


def test_validators_cost_little_to_fund(validators: Validators) -> None:
    operator_id = validators.add_operator()
    validators.stake_new(operator_id, 5)
    receipt = validators.stake_new(operator_id, 20)
    assert receipt.gas_used <= 20 * 52_000
