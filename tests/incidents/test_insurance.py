"""The insurance fund: rows 33 to 35."""

import pytest

from keel.chain.clock import jump_to, now
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit, next_reference_slot, report
from tests.unit.contracts.underwriting import SHARES, fund_in_normal_state
from tests.unit.contracts.vaults import apply, change, inputs_of, insure, stake


def test_33_cover_is_taken_again_and_again(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    naive_fund = naive("TestNaiveFund")
    naive_fund.send("underwrite", sender=victim, value_wei=10 * ETHER)
    naive_fund.send("reportLoss", 1, ETHER, sender=attacker)
    for _ in range(10):
        naive_fund.send("cover", 1, sender=attacker)
    assert naive_fund.call("stakeOf", victim) == 10 * ETHER  # and nothing is left

    vault, fund = keel.quick.vault, keel.quick.fund
    deposit(keel, victim, 200 * ETHER)
    stake(keel, 3)
    units = insure(keel, 10 * ETHER)
    with fails("OnlyVault", caller=attacker):
        fund.send("cover", 10**27, sender=attacker)
    receipt = change(keel, -ETHER)
    (loss,) = vault.events(receipt, "LossAbsorbed")
    assert loss.inputs["coverWei"] == ETHER
    left = fund.call("totalAssets")
    assert units - left == ETHER
    report(keel)  # the same loss is no loss again
    assert fund.call("totalAssets") == left
    with fails("OnlyProtocol", caller=attacker, expected=keel.quick.oracle.address):
        vault.send("applyReport", inputs_of(keel, now(keel.rpc), -ETHER), sender=attacker)
    change(keel, -90 * ETHER)
    assert fund.call("totalAssets") == left - left * 9_500 // 10_000


def test_34_underwriters_flee_before_a_loss(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    naive_fund = naive("TestNaiveFund")
    naive_fund.send("underwrite", sender=attacker, value_wei=10 * ETHER)
    naive_fund.send("exit", sender=attacker)
    assert naive_fund.call("stakeOf", attacker) == 0

    deposit(keel, victim, 1_000 * ETHER)
    stake(keel, 10)
    fund = fund_in_normal_state(keel)
    underwriter = keel.actors.underwriter.address
    leaving = (SHARES, underwriter, underwriter)
    with fails("ERC4626ExceededMaxRedeem", owner=underwriter, shares=SHARES, max=0):
        fund.send("redeem", *leaving, sender=underwriter)
    fund.send("startCooldown", SHARES, sender=underwriter)
    cooldown = fund.call("cooldownOf", underwriter)
    announced_and_applied = 2 * keel.profile.frame_seconds
    assert fund.call("COOLDOWN_SECONDS") >= announced_and_applied
    with fails("SharesLocked", underwriter=underwriter, locked=SHARES, until=cooldown.windowEnd):
        fund.send("transfer", attacker, SHARES, sender=underwriter)
    before = fund.call("convertToAssets", SHARES)
    change(keel, -ETHER)
    assert fund.call("convertToAssets", SHARES) < before
    jump_to(keel.rpc, cooldown.windowStart)
    assert fund.call("maxRedeem", underwriter) == 0  # a report is due, and may be a loss
    ref_time = keel.quick.vault.call("newestRefTime")
    apply(keel, inputs_of(keel, ref_time))
    assert fund.call("maxRedeem", underwriter) == SHARES


@pytest.mark.parametrize("lost_wei", [1_377 * ETHER // 100, 20 * ETHER])
def test_35_a_real_loss_is_covered_to_the_wei(
    keel: Keel, naive: Naive, victim: str, lost_wei: int
) -> None:
    """Both incidents of operators in 2023: cover must bring back the rate, and no more."""
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=victim, value_wei=1_000 * ETHER)
    pool.send("lose", lost_wei, sender=victim)
    assert pool.call("balanceOf", victim) == 1_000 * ETHER - lost_wei

    vault, fund = keel.quick.vault, keel.quick.fund
    deposit(keel, victim, 1_000 * ETHER)
    stake(keel, 10)
    insure(keel, 50 * ETHER)
    rate = vault.call("toAssetsDown", 10**27)
    ref_time = next_reference_slot(keel)
    receipt = apply(keel, inputs_of(keel, ref_time, -lost_wei))
    (loss,) = vault.events(receipt, "LossAbsorbed")
    assert loss.inputs["coverWei"] == lost_wei
    assert abs(vault.call("toAssetsDown", 10**27) - rate) <= 1
    assert vault.call("balanceOf", victim) == 1_000 * ETHER
    assert fund.call("totalAssets") == 50 * ETHER - lost_wei
    assert vault.call("lossCarryWei") == 0
