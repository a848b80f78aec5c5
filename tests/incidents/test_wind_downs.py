"""The dead state and its end, when validators paid out less: rows M8, L4 and L5 of the audit."""

from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.state import balance_wei, set_balance_wei
from keel.model.constants import DEAD_FRAMES, ETHER, STREAM_FRAMES, WIND_DOWN_FRAMES
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import STAKED_WEI, slashing, stake_32
from tests.unit.contracts.hands import as_contract, deposit, report
from tests.unit.contracts.vaults import change, lay_bare, pubkeys_of, stake


def test_l5_who_waits_in_the_dead_state_bears_what_is_missing_alike(
    keel: Keel, attacker: str, victim: str
) -> None:
    """Who is paid before pays at the last rate, as the rules say; all others share by a wind-down.

    Slashings close nothing in the dead state: a validator that never leaves would keep all ether.
    """
    vault, queue = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 800 * ETHER)
    deposit(keel, attacker, 700 * ETHER)
    stake_32(keel)
    slashing(keel)
    jump_to(keel.rpc, vault.consensus().lastRefTime + DEAD_FRAMES * keel.profile.frame_seconds)
    assert vault.state() == State.DEAD
    for amount_wei in (400 * ETHER, 300 * ETHER):
        queue.request.send(amount_wei, attacker, sender=attacker)
    vault.finaliseWithoutReport.send(0, sender=attacker)
    paid_wei = queue.ticket(1).worthWei
    assert (queue.lastFinalised(), paid_wei) == (1, 400 * ETHER)
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, STAKED_WEI * 9 // 10)
    held_wei = vault.balanceOf(victim)
    jump_to(keel.rpc, vault.consensus().lastRefTime + WIND_DOWN_FRAMES * keel.profile.frame_seconds)
    vault.windDown.send(0, sender=victim)
    waiting_wei = queue.ticket(2).worthWei
    assert queue.ticket(1).worthWei == paid_wei
    assert abs(waiting_wei / (300 * ETHER) - vault.balanceOf(victim) / held_wei) < 1e-9
    assert waiting_wei < 276 * ETHER
    assert vault.consensus().balanceWei == vault.consensus().pendingWei == 0
    assert vault.state() == State.DEAD
    queue.claimMany.send([1, 2], sender=victim)


def test_l4_a_wind_down_reaches_validators_of_after_the_last_report(
    keel: Keel, attacker: str, victim: str
) -> None:
    """640 ETH of validators that no report had seen stayed out of reach."""
    vault, queue = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 619 * ETHER)
    report(keel)
    stake(keel, 20)
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 600 * ETHER)
    jump_to(keel.rpc, vault.consensus().lastRefTime + WIND_DOWN_FRAMES * keel.profile.frame_seconds)
    queue.request.send(vault.balanceOf(victim), victim, sender=victim)
    vault.windDown.send(0, sender=attacker)
    assert (vault.consensus().pendingWei, vault.bufferedWei()) == (0, vault.totalSupply())
    before_wei = balance_wei(keel.rpc, victim)
    queue.claim.send(1, sender=attacker)
    paid_wei = balance_wei(keel.rpc, victim) - before_wei
    assert 0 <= 619 * ETHER * 600 // 640 - paid_wei < ETHER
    with fails("NothingToDo"):
        jump(keel.rpc, 2 * keel.profile.frame_seconds)
        vault.windDown.send(0, sender=attacker)


def test_a_deposit_on_its_way_when_all_validators_are_paid_out_costs_who_leaves_nothing(
    keel: Keel, attacker: str, victim: str
) -> None:
    """256 ETH more for a validator still waited in the beacon chain's queue (KEY-10).

    A wind-down took them as a loss, which tickets bore, and they came later as income of others.
    """
    vault, queue, frame = keel.quick.vault, keel.quick.queue, keel.profile.frame_seconds
    deposit(keel, victim, 1_500 * ETHER)
    deposit(keel, attacker, 800 * ETHER)
    stake_32(keel)
    registry = as_contract(keel.quick.registry)
    set_balance_wei(keel.rpc, registry, 9 * ETHER)
    vault.fundMore.send(pubkeys_of(1), 8, sender=registry, value_wei=8 * ETHER)
    last = vault.consensus().lastRefTime
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, STAKED_WEI)
    jump_to(keel.rpc, last + DEAD_FRAMES * frame)
    held_wei = vault.balanceOf(attacker)
    for amount_wei in (1_000 * ETHER, 500 * ETHER):
        queue.request.send(amount_wei, victim, sender=victim)
    set_next_timestamp(keel.rpc, at := now(keel.rpc) + 1)
    with fails("WindDownTooEarly", possibleAt=last + WIND_DOWN_FRAMES * frame, nowTime=at):
        vault.windDown.send(0, sender=attacker)
    vault.sweepWithdrawals.send(sender=attacker)
    vault.finaliseWithoutReport.send(0, sender=attacker)
    before_wei = balance_wei(keel.rpc, victim)
    queue.claimMany.send([1, 2], sender=attacker)
    assert balance_wei(keel.rpc, victim) - before_wei == 1_500 * ETHER
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 256 * ETHER)
    vault.windDown.send(0, sender=attacker)
    assert vault.consensus().balanceWei == vault.consensus().pendingWei == 0
    assert vault.balanceOf(attacker) == held_wei


def test_m8_a_wind_down_brings_in_what_comes_after_a_total_loss(keel: Keel, attacker: str) -> None:
    """32 ETH stayed in WithdrawalVault: a sweep takes what the books expect, and that was 0."""
    vault, queue = keel.quick.vault, keel.quick.queue
    person = lay_bare(keel)
    change(keel, -vault.totals().assetsWei)
    assert vault.totals().assetsWei == queue.owedWei() == 0
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 32 * ETHER)
    jump_to(keel.rpc, vault.consensus().lastRefTime + DEAD_FRAMES * keel.profile.frame_seconds)
    with fails("NothingToDo"):
        vault.sweepWithdrawals.send(sender=attacker)
    vault.windDown.send(0, sender=attacker)
    assert balance_wei(keel.rpc, keel.quick.withdrawal_vault.address) == 0
    jump(keel.rpc, STREAM_FRAMES * keel.profile.frame_seconds)
    held_wei = vault.balanceOf(person)
    assert held_wei == 30 * ETHER  # of 32; the vault and the operator's bond have one each
    queue.request.send(held_wei, person, sender=person)
    vault.finaliseWithoutReport.send(0, sender=attacker)
    before_wei = balance_wei(keel.rpc, person)
    queue.claim.send(1, sender=attacker)
    assert balance_wei(keel.rpc, person) == before_wei + held_wei
