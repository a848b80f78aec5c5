"""What random histories do not reach: gifts to contracts, replaced funds, the end of a vault."""

from collections.abc import Callable

from ape.contracts import ContractContainer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, reverting
from keel.chain.state import block_head, set_balance_wei, set_storage
from keel.model.constants import ETHER
from keel.statement.accounts import BONDS, INSURANCE, OPERATORS, Flow
from keel.statement.reading import Checked, StatementReader
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.replaced_fund import Conduct, replace_fund
from tests.unit.contracts.underwriting import buy, wrap
from tests.unit.contracts.vaults import change, stake

ZERO_ADDRESS = "0x" + "0" * 40

type Gift = Callable[[Keel, str, str, int], None]
"""Keel, giver, contract, wei."""


def stated(keel: Keel) -> Checked:
    head = block_head(keel.rpc)
    return StatementReader(keel.quick, keel.deployment.block).read(head, (0, head.timestamp + 1))


def keth(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.vault.transfer.send(taker, wei, sender=giver)


def shares(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.vault.transferShares.send(taker, wei * 10**9 + 1, sender=giver)


def unwrapped(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.wrapped.redeem.send(wei, taker, giver, sender=giver)


def withdrawn(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.wrapped.withdraw.send(wei, taker, giver, sender=giver)


def wketh(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.wrapped.transfer.send(taker, wei, sender=giver)


def wrapped(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.wrapped.deposit.send(wei, taker, sender=giver)


def paid_in(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.vault.deposit.send(taker, ZERO_ADDRESS, sender=giver, value_wei=wei)


def paid_in_wrapped(keel: Keel, giver: str, taker: str, wei: int) -> None:
    keel.quick.vault.depositWrapped.send(taker, ZERO_ADDRESS, sender=giver, value_wei=wei)


def earned(keel: Keel, giver: str, taker: str, wei: int) -> None:
    change(keel, wei)


GIFTS: tuple[Gift, ...] = (
    keth,
    shares,
    unwrapped,
    withdrawn,
    wketh,
    wrapped,
    paid_in,
    paid_in_wrapped,
    earned,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gifts=st.lists(
        st.tuples(
            st.sampled_from(GIFTS),
            st.sampled_from(["registry", "bonds", "fund"]),
            st.integers(10**6, ETHER // 3),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_whatever_is_given_to_a_contract_is_counted_to_the_share(
    keel: Keel, gifts: list[tuple[Gift, str, int]]
) -> None:
    giver = str(keel.actors.holder.address)
    with reverting(keel.rpc):
        deposit(keel, giver, 70 * ETHER)
        wrap(keel, giver, 10 * ETHER)
        stake(keel, 1)
        change(keel, ETHER // 100 + 7)
        for give, contract, wei in gifts:
            give(keel, giver, getattr(keel.quick, contract).address, wei)
        assert stated(keel).differences == ()


def test_gifts_stand_apart_from_what_is_earned(keel: Keel) -> None:
    giver, c = str(keel.actors.holder.address), keel.quick
    wrap(keel, giver, 10 * ETHER)
    wketh(keel, giver, c.fund.address, 3)
    wketh(keel, giver, c.bonds.address, 5)
    paid_in(keel, giver, c.registry.address, ETHER)
    statement = stated(keel).statement
    assert statement.amount(Flow.FUND_OTHER) == 3 == statement.closed_with(INSURANCE)
    assert statement.amount(Flow.BOND_OTHER) == 5 == statement.closed_with(BONDS)
    assert statement.amount(Flow.OPERATORS_OTHER) == statement.closed_with(OPERATORS)
    assert statement.amount(Flow.OPERATORS_OTHER) == c.vault.sharesOf(c.registry.address) > 0


def test_a_replaced_fund_stays_the_underwriters_and_the_new_one_covers(
    keel: Keel, test_contracts: dict[str, ContractContainer]
) -> None:
    underwriter = str(keel.actors.underwriter.address)
    wrap(keel, underwriter, 10 * ETHER)
    buy(keel, underwriter, 4 * ETHER)
    deposit(keel, str(keel.actors.holder.address), 400 * ETHER)
    stake(keel, 3)
    replace_fund(keel, test_contracts, Conduct.HANDING_OVER_MORE)
    change(keel, -ETHER)
    checked = stated(keel)
    assert checked.differences == ()
    assert checked.statement.amount(Flow.FUND_JOINED) == 4 * ETHER
    assert checked.statement.amount(Flow.LOST_INSURANCE) > 0
    assert checked.statement.amount(Flow.LOST) == ETHER


def test_what_a_wind_down_brings_in_is_income(keel: Keel) -> None:
    deposit(keel, str(keel.actors.holder.address), 40 * ETHER)
    set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, 3 * ETHER)
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 2 * ETHER)
    last = keel.quick.vault.consensus().lastRefTime
    jump_to(keel.rpc, last + 14 * keel.profile.frame_seconds)
    keel.quick.vault.windDown.send(0, sender=keel.actors.stranger.address)
    checked = stated(keel)
    assert checked.differences == ()
    assert checked.statement.amount(Flow.INCOME) == 5 * ETHER
    assert checked.statement.amount(Flow.FROM_REWARDS_VAULT) == 3 * ETHER
    assert checked.statement.closing.reports == 0


def test_an_account_that_differs_by_a_wei_is_named(keel: Keel) -> None:
    deposit(keel, str(keel.actors.holder.address), 40 * ETHER)
    bonds = keel.quick.bonds
    slot = next(slot for slot in range(8) if _sets_forfeit_units(keel, slot))
    set_storage(keel.rpc, bonds.address, slot, 1)
    (difference,) = stated(keel).differences
    assert str(difference) == (
        "forfeit: the events add up to 0 wkETH units, the contracts have 1, a difference of +1"
    )


def _sets_forfeit_units(keel: Keel, slot: int) -> bool:
    bonds = keel.quick.bonds
    with reverting(keel.rpc):
        set_storage(keel.rpc, bonds.address, slot, 77)
        return bool(bonds.forfeitUnits() == 77)
