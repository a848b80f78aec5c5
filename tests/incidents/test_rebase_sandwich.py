"""Buying just before good news and selling just after: rows 17 and 18.

Row 19, a pool that still has the price from before a slashing, needs a market and waits for it.
"""

import pytest

from keel.chain.clock import jump, now, set_next_timestamp
from keel.chain.state import balance_wei
from keel.model.constants import DAY, ETHER, RAY
from tests.deployment import Keel
from tests.incidents.stage import Naive, force
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.vaults import apply, inputs_of, stake

STAKE_WEI = 960 * ETHER


@pytest.fixture
def big(keel_mainnet: Keel, victim: str) -> Keel:
    """Much stake, and enough free ether for the attacker to leave at the smallest fee."""
    deposit(keel_mainnet, victim, STAKE_WEI + 4_000 * ETHER)
    stake(keel_mainnet, 30)
    report(keel_mainnet)
    return keel_mainnet


def sandwiched_report(keel: Keel, profit_wei: int) -> None:
    """A report with this profit in the very second of the transaction before it."""
    moment = now(keel.rpc)
    ref_time = keel.quick.vault.newestRefTime()
    inputs = inputs_of(keel, ref_time, profit_wei)
    set_next_timestamp(keel.rpc, moment)
    apply(keel, inputs)
    set_next_timestamp(keel.rpc, moment)


def go_to_next_report(keel: Keel) -> None:
    vault = keel.quick.vault
    last = vault.consensus().lastRefTime
    jump(keel.rpc, last + keel.profile.frame_seconds + 900 - now(keel.rpc))


def test_17_sandwich_of_a_rebase(big: Keel, naive: Naive, attacker: str, victim: str) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=STAKE_WEI)
    pool.function("deposit").send(sender=attacker, value_wei=STAKE_WEI)
    force(big, pool.address, ETHER)  # the report
    assert pool.function("balanceOf")(attacker) == STAKE_WEI + ETHER // 2

    vault, instant = big.quick.vault, big.quick.instant
    go_to_next_report(big)
    deposit(big, attacker, STAKE_WEI)
    shares = vault.sharesOf(attacker)
    sandwiched_report(big, ETHER // 10)
    before_wei = balance_wei(big.rpc, attacker)
    receipt = instant.redeem.send(shares, attacker, 0, sender=attacker)
    paid_wei = balance_wei(big.rpc, attacker) - before_wei + receipt.fee_wei
    assert paid_wei < STAKE_WEI * 9_991 // 10_000  # the fee, and nothing of the profit


def test_17_sandwich_of_a_rebase_over_a_frame(big: Keel, attacker: str) -> None:
    vault, instant = big.quick.vault, big.quick.instant
    go_to_next_report(big)
    deposit(big, attacker, STAKE_WEI)
    sandwiched_report(big, ETHER)
    last = vault.consensus().lastRefTime
    jump(big.rpc, last + big.profile.frame_seconds - 1 - now(big.rpc))  # the last normal second
    assert vault.balanceOf(attacker) > STAKE_WEI
    paid_wei, _ = instant.previewRedeem(vault.sharesOf(attacker))
    assert paid_wei < STAKE_WEI


def test_18_a_sudden_rise_of_the_reward_rate(
    big: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    """The exit over a pool sells at the rate that the token shows, so that must not jump."""
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=STAKE_WEI)
    before_wei = pool.function("balanceOf")(victim)
    force(big, pool.address, 40 * ETHER)
    assert pool.function("balanceOf")(victim) > before_wei * 104 // 100

    wrapped = big.quick.wrapped
    go_to_next_report(big)
    deposit(big, attacker, STAKE_WEI)
    before_wei = wrapped.convertToAssets(10**27)
    sandwiched_report(big, 40 * ETHER)
    assert wrapped.convertToAssets(10**27) in (before_wei, before_wei + 1)
    cap = big.profile.stream_cap_ray_per_day
    for _ in range(3):
        was = wrapped.convertToAssets(10**27)
        jump(big.rpc, DAY)
        assert was < wrapped.convertToAssets(10**27) <= was + before_wei * cap // RAY + 1
