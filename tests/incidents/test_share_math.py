"""Incidents of share arithmetic: rows 1 to 6 and 47 of the incident list."""

from keel.chain.clock import jump
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive, force
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import change, stake


def odd_rate(keel: Keel, victim: str, change_wei: int = ETHER // 7) -> None:
    """A history that leaves a share worth no round number."""
    deposit(keel, victim, 100 * ETHER + 3)
    stake(keel, 3)
    change(keel, change_wei)
    jump(keel.rpc, keel.profile.frame_seconds // 3)


def test_1_first_depositor_inflates_the_share(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=attacker, value_wei=1)
    force(keel, pool.address, 10 * ETHER)
    pool.send("deposit", sender=victim, value_wei=10 * ETHER)
    assert (pool.call("balanceOf", victim), pool.call("balanceOf", attacker)) == (
        0,
        20 * ETHER + 1,
    )

    vault = keel.quick.vault
    deposit(keel, attacker, 1)
    force(keel, vault.address, 10 * ETHER)
    deposit(keel, victim, 10 * ETHER)
    assert vault.call("balanceOf", victim) == 10 * ETHER
    assert vault.call("balanceOf", attacker) == 1


def test_2_many_tiny_operations_drain_by_rounding(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=victim, value_wei=1_000)
    force(keel, pool.address, 999)
    for _ in range(50):
        pool.send("withdraw", 1, sender=attacker)
    assert pool.call("balanceOf", victim) == 1_999 - 50

    odd_rate(keel, victim)
    vault, wrapped = keel.quick.vault, keel.quick.wrapped
    paid_wei = 10**9
    shares_at_first = vault.call("toSharesDown", 10**27)
    deposit(keel, attacker, paid_wei)
    for turn in range(200):
        wei = 2 + turn % 5
        deposit(keel, attacker, wei)
        paid_wei += wei
        wrapped.send("deposit", wei, attacker, sender=attacker)
        wrapped.send("withdraw", wei - 1, attacker, attacker, sender=attacker)
        vault.send("transfer", victim, 0, sender=attacker)
        vault.send("transferShares", attacker, 1, sender=attacker)
    shares = vault.call("sharesOf", attacker) + wrapped.call("balanceOf", attacker) * 10**9
    assert shares * 10**27 <= paid_wei * (shares_at_first + 1)


def test_3_a_deposit_that_mints_nothing(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=attacker, value_wei=1)
    force(keel, pool.address, ETHER)
    pool.send("deposit", sender=victim, value_wei=ETHER)
    assert pool.call("sharesOf", victim) == 0

    odd_rate(keel, victim)
    vault = keel.quick.vault
    with fails("ZeroShares", assetsWei=1):
        vault.send("depositWrapped", victim, victim, sender=victim, value_wei=1)
    with fails("ZeroShares", assetsWei=0):
        vault.send("deposit", victim, victim, sender=victim)
    vault.send("depositWrapped", victim, victim, sender=victim, value_wei=2)
    assert keel.quick.wrapped.call("balanceOf", victim) == 1


def test_4_the_last_wei_of_a_transfer(keel: Keel, naive: Naive, attacker: str, victim: str) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=victim, value_wei=1_000)
    force(keel, pool.address, 999)
    pool.send("transfer", attacker, 1_001, sender=victim)
    assert pool.call("balanceOf", attacker) < 1_001  # a payment that is short

    odd_rate(keel, victim)
    vault = keel.quick.vault
    before = vault.call("totalShares")
    vault.send("transfer", attacker, vault.call("balanceOf", victim) - 10**9, sender=victim)
    received = vault.call("balanceOf", attacker)
    vault.send("transfer", attacker, vault.call("balanceOf", victim), sender=victim)
    assert vault.call("balanceOf", victim) <= 2
    assert vault.call("balanceOf", attacker) >= received + 10**9
    shares = vault.call("sharesOf", attacker)
    vault.send("transferShares", victim, shares, sender=attacker)
    assert vault.call("sharesOf", attacker) == 0
    assert vault.call("totalShares") == before


def test_5_a_donation_moves_the_rate_that_lenders_read(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=victim, value_wei=100 * ETHER)
    force(keel, pool.address, 100 * ETHER)
    assert pool.call("balanceOf", victim) == 200 * ETHER

    deposit(keel, victim, 100 * ETHER)
    deposit(keel, attacker, 100 * ETHER)
    vault, wrapped, fund = keel.quick.vault, keel.quick.wrapped, keel.quick.fund
    rate = wrapped.call("convertToAssets", ETHER)
    for address in (vault.address, wrapped.address, keel.quick.queue.address):
        force(keel, address, 100 * ETHER)
    vault.send("transfer", fund.address, 50 * ETHER, sender=attacker)
    with fails("ERC20InvalidReceiver", receiver=wrapped.address):
        vault.send("transfer", wrapped.address, ETHER, sender=attacker)
    assert wrapped.call("convertToAssets", ETHER) == rate
    assert wrapped.call("totalAssets") == 0


def test_6_wrapped_tokens_with_nothing_behind_them(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=attacker, value_wei=100 * ETHER)
    pool.send("wrap", 100 * ETHER, sender=attacker)
    pool.send("lose", 50 * ETHER, sender=victim)
    assert pool.call("wrappedOf", attacker) == 2 * pool.call("balanceOf", pool.address)

    vault, wrapped = keel.quick.vault, keel.quick.wrapped
    deposit(keel, victim, 100 * ETHER)
    wrapped.send("deposit", 60 * ETHER, victim, sender=victim)
    vault.send("depositWrapped", attacker, attacker, sender=attacker, value_wei=7)
    stake(keel, 3)
    for lost_wei in (ETHER, 40 * ETHER, 50 * ETHER):
        change(keel, -lost_wei)
        units = wrapped.call("totalSupply")
        assert units * 10**9 == vault.call("sharesOf", wrapped.address)
        assert wrapped.call("convertToAssets", units) <= vault.call("balanceOf", wrapped.address)
    owed = wrapped.call("convertToAssets", wrapped.call("balanceOf", victim))
    assert owed + wrapped.call("convertToAssets", 7) <= wrapped.call("totalAssets")


def test_47_shares_worth_less_than_a_wei_move_without_allowance(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.send("deposit", sender=victim, value_wei=1_000)
    pool.send("lose", 999, sender=victim)
    pool.send("transferSharesFrom", victim, attacker, 999, sender=attacker)
    assert pool.call("sharesOf", attacker) == 999

    deposit(keel, victim, ETHER)
    vault = keel.quick.vault
    with fails("ERC20InsufficientAllowance", spender=attacker, allowance=0, needed=1):
        vault.send("transferSharesFrom", victim, attacker, 1, sender=attacker)
    vault.send("approve", attacker, 1, sender=victim)
    vault.send("transferSharesFrom", victim, attacker, 10**9, sender=attacker)
    assert vault.call("allowance", victim, attacker) == 0
