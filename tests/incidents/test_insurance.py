"""The insurance fund: rows 33 to 35, and row L10 of the audit."""

import pytest

from keel.chain.clock import jump_to, now, reverting
from keel.model.constants import ETHER, SHARES_PER_WEI
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit, next_reference_slot, report
from tests.unit.contracts.underwriting import SHARES, UNITS, buy, fund_in_normal_state, wrap
from tests.unit.contracts.vaults import (
    announce_if_large,
    apply,
    change,
    inputs_of,
    insure,
    stake,
)


def test_33_cover_is_taken_again_and_again(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    naive_fund = naive("TestNaiveFund")
    naive_fund.function("underwrite").send(sender=victim, value_wei=10 * ETHER)
    naive_fund.function("reportLoss").send(1, ETHER, sender=attacker)
    for _ in range(10):
        naive_fund.function("cover").send(1, sender=attacker)
    assert naive_fund.function("stakeOf")(victim) == 10 * ETHER  # and nothing is left

    vault, fund = keel.quick.vault, keel.quick.fund
    deposit(keel, victim, 197 * ETHER)
    stake(keel, 3)
    units = insure(keel, 20 * ETHER)
    with fails("OnlyVault", caller=attacker):
        fund.cover.send(10**27, sender=attacker)
    receipt = change(keel, -ETHER)
    (loss,) = vault.events(receipt, "LossAbsorbed")
    assert loss.inputs["coverWei"] == ETHER
    left = fund.totalAssets()
    assert units - left == ETHER
    report(keel)  # the same loss is no loss again
    assert fund.totalAssets() == left
    with fails("OnlyProtocol", caller=attacker, expected=keel.quick.oracle.address):
        vault.applyReport.send(inputs_of(keel, now(keel.rpc), -ETHER), sender=attacker)
    change(keel, -90 * ETHER)
    assert fund.totalAssets() == left - left * 5 // 100


def test_34_underwriters_flee_before_a_loss(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    naive_fund = naive("TestNaiveFund")
    naive_fund.function("underwrite").send(sender=attacker, value_wei=10 * ETHER)
    naive_fund.function("exit").send(sender=attacker)
    assert naive_fund.function("stakeOf")(attacker) == 0

    deposit(keel, victim, 1_000 * ETHER)
    stake(keel, 10)
    fund = fund_in_normal_state(keel)
    underwriter = keel.actors.underwriter.address
    leaving = (SHARES, underwriter, underwriter)
    with fails("ERC4626ExceededMaxRedeem", owner=underwriter, shares=SHARES, max=0):
        fund.function("redeem").send(*leaving, sender=underwriter)
    fund.function("startCooldown").send(SHARES, sender=underwriter)
    cooldown = fund.function("cooldownOf")(underwriter)
    announced_and_applied = 2 * keel.profile.frame_seconds
    assert fund.function("COOLDOWN_SECONDS")() >= announced_and_applied
    with fails("SharesLocked", underwriter=underwriter, locked=SHARES, until=cooldown.windowEnd):
        fund.function("transfer").send(attacker, SHARES, sender=underwriter)
    before = fund.function("convertToAssets")(SHARES)
    change(keel, -ETHER)
    assert fund.function("convertToAssets")(SHARES) < before
    jump_to(keel.rpc, cooldown.windowStart)
    assert fund.function("maxRedeem")(underwriter) == 0  # a report is due, and may be a loss
    ref_time = keel.quick.vault.newestRefTime()
    apply(keel, inputs_of(keel, ref_time))
    assert fund.function("maxRedeem")(underwriter) == SHARES


@pytest.mark.parametrize("lost_wei", [1_377 * ETHER // 100, 20 * ETHER])
def test_35_a_real_loss_is_covered_to_the_wei(
    keel: Keel, naive: Naive, victim: str, lost_wei: int
) -> None:
    """Both incidents of operators in 2023: cover must bring back the rate, and no more.

    A fund pays at most 5 % of itself until slashings are proven; a smaller one pays a part.
    """
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=1_000 * ETHER)
    pool.function("lose").send(lost_wei, sender=victim)
    assert pool.function("balanceOf")(victim) == 1_000 * ETHER - lost_wei

    vault, fund = keel.quick.vault, keel.quick.fund
    deposit(keel, victim, 1_000 * ETHER)
    stake(keel, 10)
    insure(keel, 50 * ETHER)
    vault.depositWrapped.send(victim, victim, sender=victim, value_wei=350 * ETHER)
    announce_if_large(keel, lost_wei)
    ref_time = next_reference_slot(keel)
    with reverting(keel.rpc):
        receipt = apply(keel, inputs_of(keel, ref_time, -lost_wei))
        (loss,) = vault.events(receipt, "LossAbsorbed")
        assert loss.inputs["coverWei"] == 50 * ETHER * 5 // 100
        assert loss.inputs["holdersWei"] == lost_wei - loss.inputs["coverWei"]
        assert fund.totalAssets() == 50 * ETHER * 95 // 100
    keel.quick.wrapped.transfer.send(fund.address, 350 * ETHER, sender=victim)
    rate = vault.toAssetsDown(10**27)
    receipt = apply(keel, inputs_of(keel, ref_time, -lost_wei))
    (loss,) = vault.events(receipt, "LossAbsorbed")
    assert loss.inputs["coverWei"] == lost_wei
    assert abs(vault.toAssetsDown(10**27) - rate) <= 1
    assert vault.balanceOf(victim) == 1_000 * ETHER
    assert fund.totalAssets() == 400 * ETHER - lost_wei
    assert vault.lossCarryWei() == 0


def test_l10_who_comes_for_a_fee_stays_for_the_next_loss(
    keel: Keel, attacker: str, victim: str
) -> None:
    """FND-1: half of a fee that it saw coming is its own, accepted; so is half of the next loss."""
    deposit(keel, victim, 3_000 * ETHER)
    stake(keel, 32)
    fund = fund_in_normal_state(keel)
    underwriter = str(keel.actors.underwriter.address)
    wrap(keel, attacker, UNITS)
    buy(keel, attacker, UNITS)
    shares = fund.balanceOf(attacker)

    def worth() -> list[int]:
        return [fund.previewRedeem(fund.balanceOf(each)) for each in (underwriter, attacker)]

    before, others_wei = worth(), keel.quick.vault.balanceOf(victim)
    receipt = keel.quick.instant.redeem.send(
        1_000 * ETHER * SHARES_PER_WEI, victim, 0, sender=victim
    )
    after = worth()
    gained, late_gained = (now_ - then for now_, then in zip(after, before, strict=True))
    assert abs(gained - late_gained) <= 1
    assert late_gained > ETHER // 10
    assert keel.quick.vault.balanceOf(victim) == others_wei - 1_000 * ETHER

    fund.startCooldown.send(shares, sender=attacker)
    with fails("ERC4626ExceededMaxRedeem", owner=attacker, shares=shares, max=0):
        fund.redeem.send(shares, attacker, attacker, sender=attacker)
    window = fund.cooldownOf(attacker).windowStart
    assert window - receipt.timestamp >= 2 * keel.profile.frame_seconds  # announced and applied
    change(keel, -100 * ETHER)
    lost, late_lost = (then - now_ for now_, then in zip(worth(), after, strict=True))
    assert abs(lost - late_lost) <= 1
    assert late_lost > late_gained
