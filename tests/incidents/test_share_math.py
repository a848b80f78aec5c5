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
    pool.function("deposit").send(sender=attacker, value_wei=1)
    force(keel, pool.address, 10 * ETHER)
    pool.function("deposit").send(sender=victim, value_wei=10 * ETHER)
    assert (pool.function("balanceOf")(victim), pool.function("balanceOf")(attacker)) == (
        0,
        20 * ETHER + 1,
    )

    vault = keel.quick.vault
    deposit(keel, attacker, 1)
    force(keel, vault.address, 10 * ETHER)
    deposit(keel, victim, 10 * ETHER)
    assert vault.balanceOf(victim) == 10 * ETHER
    assert vault.balanceOf(attacker) == 1


def test_2_many_tiny_operations_drain_by_rounding(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=1_000)
    force(keel, pool.address, 999)
    for _ in range(50):
        pool.function("withdraw").send(1, sender=attacker)
    assert pool.function("balanceOf")(victim) == 1_999 - 50

    odd_rate(keel, victim)
    vault, wrapped = keel.quick.vault, keel.quick.wrapped
    paid_wei = 10**9
    shares_at_first = vault.toSharesDown(10**27)
    deposit(keel, attacker, paid_wei)
    for turn in range(200):
        wei = 2 + turn % 5
        deposit(keel, attacker, wei)
        paid_wei += wei
        wrapped.deposit.send(wei, attacker, sender=attacker)
        wrapped.withdraw.send(wei - 1, attacker, attacker, sender=attacker)
        vault.transfer.send(victim, 0, sender=attacker)
        vault.transferShares.send(attacker, 1, sender=attacker)
    shares = vault.sharesOf(attacker) + wrapped.balanceOf(attacker) * 10**9
    assert shares * 10**27 <= paid_wei * (shares_at_first + 1)


def test_3_a_deposit_that_mints_nothing(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=attacker, value_wei=1)
    force(keel, pool.address, ETHER)
    pool.function("deposit").send(sender=victim, value_wei=ETHER)
    assert pool.function("sharesOf")(victim) == 0

    odd_rate(keel, victim)
    vault = keel.quick.vault
    with fails("ZeroShares", assetsWei=1):
        vault.depositWrapped.send(victim, victim, sender=victim, value_wei=1)
    with fails("ZeroShares", assetsWei=0):
        vault.deposit.send(victim, victim, sender=victim)
    vault.depositWrapped.send(victim, victim, sender=victim, value_wei=2)
    assert keel.quick.wrapped.balanceOf(victim) == 1


def test_4_the_last_wei_of_a_transfer(keel: Keel, naive: Naive, attacker: str, victim: str) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=1_000)
    force(keel, pool.address, 999)
    pool.function("transfer").send(attacker, 1_001, sender=victim)
    assert pool.function("balanceOf")(attacker) < 1_001  # a payment that is short

    odd_rate(keel, victim)
    vault = keel.quick.vault
    before = vault.totalShares()
    vault.transfer.send(attacker, vault.balanceOf(victim) - 10**9, sender=victim)
    received = vault.balanceOf(attacker)
    vault.transfer.send(attacker, vault.balanceOf(victim), sender=victim)
    assert vault.balanceOf(victim) <= 2
    assert vault.balanceOf(attacker) >= received + 10**9
    shares = vault.sharesOf(attacker)
    vault.transferShares.send(victim, shares, sender=attacker)
    assert vault.sharesOf(attacker) == 0
    assert vault.totalShares() == before


def test_5_a_donation_moves_the_rate_that_lenders_read(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=100 * ETHER)
    force(keel, pool.address, 100 * ETHER)
    assert pool.function("balanceOf")(victim) == 200 * ETHER

    deposit(keel, victim, 100 * ETHER)
    deposit(keel, attacker, 100 * ETHER)
    vault, wrapped, fund = keel.quick.vault, keel.quick.wrapped, keel.quick.fund
    rate = wrapped.convertToAssets(ETHER)
    for address in (vault.address, wrapped.address, keel.quick.queue.address):
        force(keel, address, 100 * ETHER)
    vault.transfer.send(fund.address, 50 * ETHER, sender=attacker)
    with fails("ERC20InvalidReceiver", receiver=wrapped.address):
        vault.transfer.send(wrapped.address, ETHER, sender=attacker)
    assert wrapped.convertToAssets(ETHER) == rate
    assert wrapped.totalAssets() == 0


def test_6_wrapped_tokens_with_nothing_behind_them(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=attacker, value_wei=100 * ETHER)
    pool.function("wrap").send(100 * ETHER, sender=attacker)
    pool.function("lose").send(50 * ETHER, sender=victim)
    assert pool.function("wrappedOf")(attacker) == 2 * pool.function("balanceOf")(pool.address)

    vault, wrapped = keel.quick.vault, keel.quick.wrapped
    deposit(keel, victim, 100 * ETHER)
    wrapped.deposit.send(60 * ETHER, victim, sender=victim)
    vault.depositWrapped.send(attacker, attacker, sender=attacker, value_wei=7)
    stake(keel, 3)
    for lost_wei in (ETHER, 40 * ETHER, 50 * ETHER):
        change(keel, -lost_wei)
        units = wrapped.totalSupply()
        assert units * 10**9 == vault.sharesOf(wrapped.address)
        assert wrapped.convertToAssets(units) <= vault.balanceOf(wrapped.address)
    owed = wrapped.convertToAssets(wrapped.balanceOf(victim))
    assert owed + wrapped.convertToAssets(7) <= wrapped.totalAssets()


def test_47_shares_worth_less_than_a_wei_move_without_allowance(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=1_000)
    pool.function("lose").send(999, sender=victim)
    pool.function("transferSharesFrom").send(victim, attacker, 999, sender=attacker)
    assert pool.function("sharesOf")(attacker) == 999

    deposit(keel, victim, ETHER)
    vault = keel.quick.vault
    with fails("ERC20InsufficientAllowance", spender=attacker, allowance=0, needed=1):
        vault.transferSharesFrom.send(victim, attacker, 1, sender=attacker)
    vault.approve.send(attacker, 1, sender=victim)
    vault.transferSharesFrom.send(victim, attacker, 10**9, sender=attacker)
    assert vault.allowance(victim, attacker) == 0
