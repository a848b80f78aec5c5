"""What a quorum or a broken oracle module once took, tried again: each bound is the new rule's.

The docstrings say what the same input took before these rules. Where the test reports in the
oracle's place, no signature could allow more.
"""

from dataclasses import replace

import pytest

from keel.chain.clock import jump_to, now
from keel.chain.contract import call_many
from keel.chain.state import balance_wei, set_balance_wei
from keel.deploy.contracts import StakingVault
from keel.model.constants import BPS, DAY, ETHER, GWEI, REOPENING_FRAMES
from keel.model.report import Report
from keel.model.stream import capped_wei
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deposit, next_reference_slot
from tests.unit.contracts.reporting import LOSS_LIMIT_WEI, TOTAL_WEI, Reporting
from tests.unit.contracts.vaults import (
    VALIDATOR_WEI,
    accounts_of,
    apply,
    change,
    inputs_of,
    insure,
    lay_bare,
    stake,
    units_of,
)

QUORUM, ONE_MORE = 3, 4
ANNOUNCED_WEI = TOTAL_WEI * 11 // 1_000


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    """1,000 ETH, of which 320 are staked."""
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.await_final(1)
    return reporting


def a_day_later_wei(keel: Keel, base_wei: int, days: int = 1) -> int:
    """Most by which V may rise in so many days."""
    return capped_wei(keel.profile.stream_cap_ray_per_day, days * DAY, base_wei)


def part_of(vault: StakingVault, holder: str, wei: int) -> int:
    """What a holder's shares are entitled to of a rise of V, rounded up."""
    return -(-wei * vault.sharesOf(holder) // vault.totalShares())


def apply_announced(reporting: Reporting, report: Report, signatures: int) -> bool:
    """Post the same change a frame after its announcement; whether it was applied."""
    announced_at = reporting.keel.quick.vault.consensus().announcedAt
    jump_to(reporting.keel.rpc, announced_at + reporting.keel.profile.frame_seconds)
    return reporting.was_applied(
        reporting.submit(replace(report, ref_slot=reporting.ref_slot(2)), signatures)
    )


def stake_by_frames(keel: Keel, frames: int) -> None:
    """Stake 31 validators a frame; the limit of a frame is 32."""
    for frame in range(frames):
        change(keel, 0)
        stake(keel, 31, first=frame * 31)


def test_h1_growth_in_every_frame_pays_a_newcomer_the_cap(
    keel_mainnet: Keel, attacker: str, victim: str
) -> None:
    """10,000 ETH of others and the attacker's 90,000: it was paid 94,337.6 after 7 frames."""
    keel, vault, queue = keel_mainnet, keel_mainnet.quick.vault, keel_mainnet.quick.queue
    deposit(keel, victim, 9_999 * ETHER)
    stake_by_frames(keel, 9)
    deposit(keel, attacker, 90_000 * ETHER)
    change(keel, 0)
    bound_wei = 0
    for _ in range(7):
        assets_wei = vault.totals().assetsWei + queue.owedWei()
        change(keel, assets_wei * 499 // 10_000)
        bound_wei += a_day_later_wei(keel, vault.recordWei())
    jump_to(keel.rpc, accounts_of(keel).ref_time + keel.profile.frame_seconds - 2)
    worth_wei = vault.balanceOf(attacker)
    amounts = [1_000 * ETHER] * (worth_wei // (1_000 * ETHER)) + [worth_wei % (1_000 * ETHER)]
    queue.requestMany.send(amounts, attacker, sender=attacker)
    change(keel, 0)
    assert queue.lastFinalised() == len(amounts)
    before_wei = balance_wei(keel.rpc, attacker)
    queue.claimMany.send(range(1, len(amounts) + 1), sender=keel.actors.stranger.address)
    paid_wei = balance_wei(keel.rpc, attacker) - before_wei
    gained_wei = paid_wei - 90_000 * ETHER
    assert 0 < gained_wei <= bound_wei * 90 // 100
    assert bound_wei <= 7 * a_day_later_wei(keel, 8_928 * ETHER) * 10_053 // 10_000  # K grows too
    assert gained_wei < 44 * ETHER  # of the others' 10,000


def test_m1_a_newcomer_pulls_no_reward_forward(
    keel_mainnet: Keel, attacker: str, victim: str
) -> None:
    """1,000 ETH with 20 streaming: 27,000 more took 18.36 of the 20 within a day."""
    keel, vault = keel_mainnet, keel_mainnet.quick.vault
    deposit(keel, victim, 969 * ETHER)
    stake(keel, 30)
    change(keel, 0)
    change(keel, 20 * ETHER)
    end = vault.stream().streamEnd
    deposit(keel, attacker, 27_000 * ETHER)
    change(keel, 0)
    record_wei = vault.recordWei()
    assert end <= vault.stream().streamEnd <= end + 1  # it ended 24.6 days earlier
    start, held_wei = now(keel.rpc), vault.balanceOf(attacker)
    jump_to(keel.rpc, start + DAY)
    gained_wei = vault.balanceOf(attacker) - held_wei
    assert record_wei <= 961_500 * ETHER // 1_000
    assert 0 < gained_wei <= part_of(vault, attacker, a_day_later_wei(keel, record_wei)) + 1
    assert gained_wei < 7 * ETHER // 10


def test_m2_growth_of_30_million_ether_buys_nothing(
    keel_mainnet: Keel, attacker: str, victim: str
) -> None:
    """A broken module: 10 ETH of shares took all 1,811 ETH of B within two reports."""
    keel, vault = keel_mainnet, keel_mainnet.quick.vault
    deposit(keel, victim, 1_986 * ETHER)
    deposit(keel, attacker, 10 * ETHER)
    stake(keel, 6)
    change(keel, 0)
    assert vault.bufferedWei() == 1_811 * ETHER
    bound_wei = 0
    for growth_wei in (30 * 10**6 * ETHER, 0):
        change(keel, growth_wei)
        bound_wei += a_day_later_wei(keel, vault.recordWei())
    jump_to(keel.rpc, accounts_of(keel).ref_time + keel.profile.frame_seconds)
    gained_wei = vault.balanceOf(attacker) - 10 * ETHER
    assert 0 < gained_wei <= part_of(vault, attacker, bound_wei)
    assert gained_wei < ETHER // 500


def test_m2_nobody_buys_a_vault_that_was_talked_down(keel_mainnet: Keel, attacker: str) -> None:
    """A broken module: down to a rate of 1e-5, 100 ETH in, and up: they read 3,299 ETH."""
    keel, vault = keel_mainnet, keel_mainnet.quick.vault
    lay_bare(keel)
    change(keel, 0)
    left_wei = VALIDATOR_WEI // 10**5
    loss_wei = VALIDATOR_WEI - left_wei
    ref_time = next_reference_slot(keel)
    allowed_wei = VALIDATOR_WEI * 25 // BPS
    with fails("LossNotAnnounced", lossWei=loss_wei, allowedWei=allowed_wei):
        apply(keel, inputs_of(keel, ref_time, -loss_wei))
    announce_loss(keel, loss_wei)
    change(keel, -loss_wei)
    reopen_at = vault.depositsReopenAt()
    with fails("DepositsClosed", reopenAt=reopen_at):
        deposit(keel, attacker, 100 * ETHER)
    change(keel, 0, frames=REOPENING_FRAMES + 1)
    deposit(keel, attacker, 100 * ETHER)
    change(keel, loss_wei)
    record_wei = vault.recordWei()
    assert record_wei < left_wei * 10_100 // 10_000
    start, held_wei = now(keel.rpc), vault.balanceOf(attacker)
    jump_to(keel.rpc, start + 30 * DAY)
    gained_wei = vault.balanceOf(attacker) - held_wei
    assert 0 < gained_wei <= a_day_later_wei(keel, record_wei, 30) + 1


def test_m4_an_announcement_and_silence_lock_nothing(
    reporting: Reporting, attacker: str, victim: str
) -> None:
    """A quorum announced -1.1 % and said no more: 680 ETH of B were out of reach for good."""
    keel, vault, queue = reporting.keel, reporting.keel.quick.vault, reporting.keel.quick.queue
    report = reporting.changed_report(1, -ANNOUNCED_WEI)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    queue.request.send(680 * ETHER, victim, sender=victim)
    assert vault.bufferedWei() == 680 * ETHER
    dead_at = accounts_of(keel).ref_time + 14 * keel.profile.frame_seconds
    jump_to(keel.rpc, dead_at)
    vault.finaliseWithoutReport.send(0, sender=attacker)
    before_wei = balance_wei(keel.rpc, victim)
    queue.claim.send(1, sender=attacker)
    assert balance_wei(keel.rpc, victim) == before_wei + 680 * ETHER


def test_m5_false_losses_take_5_percent_of_the_fund(reporting: Reporting) -> None:
    """A quorum reported -10 and then +10: 20 ETH of insurance became 10.006."""
    keel, fund = reporting.keel, reporting.keel.quick.fund
    units = insure(keel, 20 * ETHER)
    report = reporting.changed_report(1, -10 * ETHER)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    assert apply_announced(reporting, report, ONE_MORE)
    assert units_of(keel, fund.address) == units - units * 5 // 100
    reporting.await_final(3)
    reporting.submit(reporting.changed_report(3, 10 * ETHER), QUORUM)
    left = units_of(keel, fund.address)
    assert units * 95 // 100 <= left < units


def test_m5_a_broken_module_takes_5_percent_a_report(keel_mainnet: Keel, victim: str) -> None:
    """It burned 95 % of the fund in each report."""
    keel = keel_mainnet
    deposit(keel, victim, 969 * ETHER)
    stake(keel, 30)
    change(keel, 0)
    units, fund = insure(keel, 20 * ETHER), keel.quick.fund.address
    for _ in range(3):
        change(keel, -100 * ETHER)
        assert units_of(keel, fund) == units - units * 5 // 100
        units = units_of(keel, fund)


def test_m6_an_announcement_binds_what_is_applied(reporting: Reporting) -> None:
    """-1.1 % was announced and +300 % applied, and could have been any other loss."""
    keel, vault = reporting.keel, reporting.keel.quick.vault
    report = reporting.changed_report(1, -ANNOUNCED_WEI)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    more = reporting.changed_report(1, -ANNOUNCED_WEI - LOSS_LIMIT_WEI - GWEI)
    assert not apply_announced(reporting, more, 5)
    assert vault.totalSupply() == TOTAL_WEI
    reporting.await_final(3)
    at_once = reporting.changed_report(3, 3 * TOTAL_WEI)
    visible_wei = vault.totalSupply()
    assert reporting.was_applied(reporting.submit(at_once, QUORUM))
    fee_wei, record_wei = vault.totalSupply() - visible_wei, vault.recordWei()
    assert fee_wei == capped_wei(keel.profile.max_fee_ray_per_day, 3 * DAY, record_wei)
    start, visible_wei = now(keel.rpc), vault.totalSupply()
    jump_to(keel.rpc, start + DAY)
    assert vault.totalSupply() - visible_wei <= a_day_later_wei(keel, record_wei) + 1
    assert record_wei == 320 * ETHER


def test_m8_written_off_ether_comes_back_whole(keel_mainnet: Keel, victim: str) -> None:
    """160 of 1,000 ETH came back and 0.2301 entered a report: 1.9 years."""
    keel, vault = keel_mainnet, keel_mainnet.quick.vault
    deposit(keel, victim, 969 * ETHER)
    stake(keel, 30)
    change(keel, 0)
    change(keel, -160 * ETHER)
    assert vault.totalSupply() == 840 * ETHER
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 160 * ETHER)
    receipt = change(keel, 0, withdrawalsWei=160 * ETHER)
    assert balance_wei(keel.rpc, keel.quick.withdrawal_vault.address) == 0
    assert vault.recordWei() == 800 * ETHER
    seconds = -(-160 * DAY * 100_000 // (75 * 800))
    assert vault.stream() == (160 * ETHER, receipt.timestamp + seconds, seconds)
    assert seconds < 267 * DAY
    jump_to(keel.rpc, receipt.timestamp + seconds)
    assert vault.totalSupply() == 1_000 * ETHER


@pytest.mark.parametrize(("counted", "beyond_wei"), [(0, 0), (10, 0), (10, GWEI - 1)])
def test_l4_a_sweep_reaches_validators_of_after_the_last_report(
    keel: Keel, attacker: str, victim: str, counted: int, beyond_wei: int
) -> None:
    """640 ETH of validators that were staked after it stayed out of reach."""
    vault, queue = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 639 * ETHER)
    if counted:
        stake(keel, counted)
    change(keel, 0)
    stake(keel, 20 - counted, first=counted)
    balance, pending, last, _ = vault.consensus()
    assert (balance, pending) == (counted * VALIDATOR_WEI, (20 - counted) * VALIDATOR_WEI)
    source = keel.quick.withdrawal_vault.address
    set_balance_wei(keel.rpc, source, 640 * ETHER + beyond_wei)
    queue.request.send(639 * ETHER, victim, sender=victim)
    jump_to(keel.rpc, last + 14 * keel.profile.frame_seconds)
    vault.sweepWithdrawals.send(sender=attacker)
    assert balance_wei(keel.rpc, source) == beyond_wei
    vault.finaliseWithoutReport.send(0, sender=attacker)
    before_wei = balance_wei(keel.rpc, victim)
    queue.claim.send(1, sender=attacker)
    assert balance_wei(keel.rpc, victim) == before_wei + 639 * ETHER


def test_l5_the_dead_exit_pays_at_the_last_rate_what_is_there_and_no_more(
    reporting: Reporting, attacker: str, victim: str
) -> None:
    """Open until slashings are proven. The rest waits for a report and bears the loss alike."""
    keel, vault, queue = reporting.keel, reporting.keel.quick.vault, reporting.keel.quick.queue
    report = reporting.changed_report(1, -100 * ETHER)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    for amount_wei in (680 * ETHER, 100 * ETHER):
        queue.request.send(amount_wei, victim, sender=victim)
    jump_to(keel.rpc, accounts_of(keel).ref_time + 14 * keel.profile.frame_seconds)
    vault.finaliseWithoutReport.send(0, sender=attacker)
    with fails("NothingToDo"):
        vault.finaliseWithoutReport.send(0, sender=attacker)
    reads = [queue.ticket.prepare(number) for number in (1, 2)]
    assert [ticket.worthWei for ticket in call_many(keel.rpc, reads)] == [680 * ETHER, 100 * ETHER]
    change(keel, -100 * ETHER)
    paid, waiting = call_many(keel.rpc, reads)
    assert paid.worthWei == 680 * ETHER
    assert waiting.worthWei == 100 * ETHER * 220 // 320
