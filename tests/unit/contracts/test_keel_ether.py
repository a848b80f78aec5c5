"""kETH, the rebasing token: ERC-20 over shares (SHR)."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.abi import Event
from keel.chain.clock import jump, now, reverting, set_next_timestamp
from keel.chain.contract import call_many
from keel.chain.state import impersonate, set_balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import (
    VALIDATOR_WEI,
    ZERO_ADDRESS,
    accounts_of,
    change,
    lay_bare,
    lose_everything,
    shares_of,
    stake,
)

FOREVER = 2**256 - 1


@pytest.fixture
def token(keel: Keel) -> StakingVault:
    """The depositor has 100 ETH of kETH, of 101."""
    deposit(keel, keel.actors.depositor.address, 100 * ETHER)
    return keel.quick.vault


@pytest.fixture
def depositor(keel: Keel) -> str:
    return str(keel.actors.depositor.address)


@pytest.fixture
def holder(keel: Keel) -> str:
    return str(keel.actors.holder.address)


@pytest.fixture
def spender(keel: Keel) -> str:
    return str(keel.actors.stranger.address)


def said(token: StakingVault, receipt: Receipt) -> list[tuple[str, tuple[object, ...]]]:
    """Names and values of the token's events."""
    events: list[Event] = token.events(receipt)
    return [(event.name, tuple(event.inputs.values())) for event in events]


class TestMetadata:
    def test_names_itself(self, token: StakingVault) -> None:
        names = ("name", "symbol", "decimals")
        calls = [token.function(name).prepare() for name in names]
        assert call_many(token.rpc, calls) == ["Keel Ether", "kETH", 18]

    def test_supply_is_v_and_balances_are_its_parts(
        self, keel: Keel, token: StakingVault, depositor: str
    ) -> None:
        assert token.totalSupply() == 101 * ETHER
        stake(keel, 3)
        change(keel, -3 * ETHER)
        change(keel, ETHER + 1)  # it makes a loss good, so there is no fee
        holders = (depositor, token.address, keel.quick.wrapped.address)
        parts = [token.balanceOf(each) for each in holders]
        supply_wei = token.totalSupply()
        assert sum(parts) <= supply_wei < sum(parts) + len(parts)
        assert token.balanceOf(ZERO_ADDRESS) == 0


class TestTransfer:
    def test_moves_and_says_so(self, token: StakingVault, depositor: str, holder: str) -> None:
        receipt = token.transfer.send(holder, 7 * ETHER, sender=depositor)
        assert said(token, receipt) == [("Transfer", (depositor, holder, 7 * ETHER))]
        balances = [token.balanceOf(each) for each in (depositor, holder)]
        assert balances == [93 * ETHER, 7 * ETHER]
        assert token.transfer(holder, 1, sender=depositor) is True

    def test_of_nothing_is_a_transfer(
        self, token: StakingVault, depositor: str, holder: str
    ) -> None:
        receipt = token.transfer.send(depositor, 0, sender=holder)
        assert said(token, receipt) == [("Transfer", (holder, depositor, 0))]

    def test_to_oneself_changes_nothing(
        self, keel: Keel, token: StakingVault, depositor: str
    ) -> None:
        before = shares_of(keel, depositor)
        receipt = token.transfer.send(depositor, 100 * ETHER, sender=depositor)
        assert said(token, receipt) == [("Transfer", (depositor, depositor, 100 * ETHER))]
        assert shares_of(keel, depositor) == before

    def test_of_all_is_possible_and_one_wei_more_is_not(
        self, token: StakingVault, depositor: str, holder: str
    ) -> None:
        held = 100 * ETHER
        with fails("ERC20InsufficientBalance", sender=depositor, balance=held, needed=held + 1):
            token.transfer.send(holder, held + 1, sender=depositor)
        token.transfer.send(holder, held, sender=depositor)
        with fails("ERC20InsufficientBalance", sender=depositor, balance=0, needed=1):
            token.transfer.send(holder, 1, sender=depositor)

    def test_at_no_worth_moves_nothing_by_ether_and_all_by_shares(
        self, keel: Keel, token: StakingVault, holder: str
    ) -> None:
        loser = keel.actors.depositor.address
        lose_everything(keel)
        held = token.sharesOf(loser)
        token.transfer.send(holder, 0, sender=loser)
        with fails("Insolvent", visibleWei=0, shares=token.totalShares()):
            token.transfer.send(holder, 1, sender=loser)
        token.transferShares.send(holder, held, sender=loser)
        assert token.sharesOf(holder) == held > 0

    @pytest.mark.parametrize("function", ["transfer", "transferShares"])
    def test_to_those_that_must_not_have_it_is_refused(
        self, keel: Keel, token: StakingVault, depositor: str, function: str
    ) -> None:
        for receiver in (ZERO_ADDRESS, token.address, keel.quick.wrapped.address):
            for amount in (0, 1):
                with fails("ERC20InvalidReceiver", receiver=receiver):
                    token.function(function).send(receiver, amount, sender=depositor)
        token.function(function).send(keel.quick.fund.address, 1, sender=depositor)

    @pytest.mark.parametrize("function", ["transferFrom", "transferSharesFrom"])
    def test_by_allowance_is_refused_alike(
        self, keel: Keel, token: StakingVault, depositor: str, spender: str, function: str
    ) -> None:
        token.approve.send(spender, FOREVER, sender=depositor)
        for receiver in (ZERO_ADDRESS, token.address, keel.quick.wrapped.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                token.function(function).send(depositor, receiver, 1, sender=spender)
        token.function(function).send(depositor, spender, 1, sender=spender)


class TestRounding:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        change_wei=st.integers(-95 * ETHER, 95 * ETHER),
        amount_wei=st.integers(0, 3 * ETHER) | st.integers(0, 3),
    )
    def test_of_a_transfer_is_the_senders_and_at_most_a_wei(
        self,
        *,
        keel: Keel,
        token: StakingVault,
        depositor: str,
        holder: str,
        change_wei: int,
        amount_wei: int,
    ) -> None:
        """SHR-2 and SHR-3, above and below par."""
        with reverting(keel.rpc):
            stake(keel, 3)
            deposit(keel, holder, 1 + 10**9)
            change(keel, change_wei)
            jump(keel.rpc, keel.profile.frame_seconds * 20)
            reads = [token.balanceOf.prepare(each) for each in (depositor, holder)]
            sender_wei, receiver_wei = call_many(keel.rpc, reads)
            shares_before = shares_of(keel, depositor, holder)
            amount_wei = min(amount_wei, sender_wei)
            set_next_timestamp(keel.rpc, now(keel.rpc))
            receipt = token.transfer.send(holder, amount_wei, sender=depositor)
            moved = accounts_of(keel).to_shares_up(amount_wei, receipt.timestamp)
            shares = shares_of(keel, depositor, holder)
            assert shares == [shares_before[0] - moved, shares_before[1] + moved]
            sender_after_wei, receiver_after_wei = call_many(keel.rpc, reads)
            assert amount_wei <= receiver_after_wei - receiver_wei <= amount_wei + 1
            assert amount_wei <= sender_wei - sender_after_wei <= amount_wei + 1

    def test_of_the_four_conversions_is_the_models(self, keel: Keel, token: StakingVault) -> None:
        stake(keel, 3)
        for change_wei in (0, 7 * ETHER + 1, -20 * ETHER - 3):
            change(keel, change_wei)
            accounts, at = accounts_of(keel), now(keel.rpc)
            for amount in (0, 1, 10**9 - 1, 10**9, ETHER + 7, 10**30):
                names = ("toSharesDown", "toSharesUp", "toAssetsDown", "toAssetsUp")
                conversions = [token.function(name).prepare(amount) for name in names]
                converted = call_many(keel.rpc, conversions)
                assert converted == [
                    accounts.to_shares_down(amount, at),
                    accounts.to_shares_up(amount, at),
                    accounts.to_assets_down(amount, at),
                    accounts.to_assets_up(amount, at),
                ]


class TestShares:
    def test_transfer_moves_exactly_these(
        self, keel: Keel, token: StakingVault, depositor: str, holder: str
    ) -> None:
        receipt = token.transferShares.send(holder, 10**9 + 1, sender=depositor)
        assert shares_of(keel, holder) == [10**9 + 1]
        assert said(token, receipt) == [
            ("Transfer", (depositor, holder, 1)),
            ("TransferShares", (depositor, holder, 10**9 + 1)),
        ]
        assert token.transferShares(holder, 2 * 10**9, sender=depositor) == 2

    def test_transfer_needs_them(
        self, keel: Keel, token: StakingVault, depositor: str, holder: str
    ) -> None:
        (held,) = shares_of(keel, depositor)
        with fails("InsufficientShares", holder=depositor, shares=held, needed=held + 1):
            token.transferShares.send(holder, held + 1, sender=depositor)
        token.transferShares.send(holder, held, sender=depositor)
        assert shares_of(keel, depositor, holder) == [0, held]

    @pytest.mark.parametrize("shares", [1, 10**9 - 1, 10**9, 10**9 + 1])
    def test_by_allowance_spend_their_wei_rounded_up(
        self, token: StakingVault, depositor: str, holder: str, spender: str, shares: int
    ) -> None:
        needed_wei = -(-shares // 10**9)
        token.approve.send(spender, needed_wei - 1, sender=depositor)
        with fails(
            "ERC20InsufficientAllowance",
            spender=spender,
            allowance=needed_wei - 1,
            needed=needed_wei,
        ):
            token.transferSharesFrom.send(depositor, holder, shares, sender=spender)
        token.approve.send(spender, needed_wei, sender=depositor)
        token.transferSharesFrom.send(depositor, holder, shares, sender=spender)
        assert token.allowance(depositor, spender) == 0

    def test_worth_nothing_at_all_still_need_an_allowance(
        self, keel: Keel, holder: str, spender: str
    ) -> None:
        """SHR-4 when a loss has left no wei: a later profit could give the shares worth again."""
        depositor, token = lay_bare(keel), keel.quick.vault
        change(keel, -VALIDATOR_WEI)
        assert token.totalSupply() == 0
        with fails("ERC20InsufficientAllowance", spender=spender, allowance=0, needed=1):
            token.transferSharesFrom.send(depositor, holder, 10**27, sender=spender)
        token.transferSharesFrom.send(depositor, holder, 0, sender=spender)
        token.approve.send(spender, 1, sender=depositor)
        token.transferSharesFrom.send(depositor, holder, 10**27, sender=spender)
        assert shares_of(keel, holder) == [10**27]


class TestAllowance:
    def test_is_set_and_said(self, token: StakingVault, depositor: str, spender: str) -> None:
        receipt = token.approve.send(spender, 5, sender=depositor)
        assert said(token, receipt) == [("Approval", (depositor, spender, 5))]
        token.approve.send(spender, 3, sender=depositor)
        assert token.allowance(depositor, spender) == 3
        assert token.allowance(spender, depositor) == 0

    def test_is_spent_to_the_wei(
        self, token: StakingVault, depositor: str, holder: str, spender: str
    ) -> None:
        token.approve.send(spender, 5 * ETHER, sender=depositor)
        receipt = token.transferFrom.send(depositor, holder, 3 * ETHER, sender=spender)
        assert said(token, receipt) == [("Transfer", (depositor, holder, 3 * ETHER))]
        left = {"spender": spender, "allowance": 2 * ETHER, "needed": 2 * ETHER + 1}
        with fails("ERC20InsufficientAllowance", **left):
            token.transferFrom.send(depositor, holder, 2 * ETHER + 1, sender=spender)
        token.transferFrom.send(depositor, holder, 2 * ETHER, sender=spender)
        assert token.allowance(depositor, spender) == 0

    @pytest.mark.parametrize("function", ["transferFrom", "transferSharesFrom"])
    def test_without_end_is_not_spent(
        self, token: StakingVault, depositor: str, holder: str, spender: str, function: str
    ) -> None:
        for allowed, left in ((FOREVER, FOREVER), (FOREVER - 1, FOREVER - 2)):
            token.approve.send(spender, allowed, sender=depositor)
            token.function(function).send(depositor, holder, 1, sender=spender)
            assert token.allowance(depositor, spender) == left

    def test_is_needed_by_everyone_but_not_for_nothing(
        self, token: StakingVault, depositor: str, holder: str, spender: str
    ) -> None:
        for caller in (spender, depositor):
            with fails("ERC20InsufficientAllowance", spender=caller, allowance=0, needed=1):
                token.transferFrom.send(depositor, holder, 1, sender=caller)
            token.transferFrom.send(depositor, holder, 0, sender=caller)

    def test_does_not_replace_a_balance(
        self, token: StakingVault, depositor: str, holder: str, spender: str
    ) -> None:
        token.approve.send(spender, ETHER, sender=holder)
        with fails("ERC20InsufficientBalance", sender=holder, balance=0, needed=ETHER):
            token.transferFrom.send(holder, depositor, ETHER, sender=spender)
        assert token.allowance(holder, spender) == ETHER

    @pytest.mark.parametrize("which", ["vault", "wrapped"])
    def test_of_nobody_moves_not_even_nothing(self, keel: Keel, depositor: str, which: str) -> None:
        token: StakingVault = getattr(keel.quick, which)
        with fails("ERC20InvalidSender", sender=ZERO_ADDRESS):
            token.transferFrom.send(ZERO_ADDRESS, depositor, 0, sender=depositor)
        token.transferFrom.send(depositor, depositor, 0, sender=depositor)

    @pytest.mark.parametrize("which", ["vault", "wrapped"])
    def test_names_no_zero_address(self, keel: Keel, depositor: str, which: str) -> None:
        token: StakingVault = getattr(keel.quick, which)
        with fails("ERC20InvalidSpender", spender=ZERO_ADDRESS):
            token.approve.send(ZERO_ADDRESS, 1, sender=depositor)
        impersonate(keel.rpc, ZERO_ADDRESS)
        set_balance_wei(keel.rpc, ZERO_ADDRESS, ETHER)
        with fails("ERC20InvalidApprover", approver=ZERO_ADDRESS):
            token.approve.send(depositor, 1, sender=ZERO_ADDRESS)


def test_moves_in_every_way_keep_the_sum_of_shares(
    keel: Keel, token: StakingVault, depositor: str, holder: str, spender: str
) -> None:
    stake(keel, 3)
    change(keel, 5 * ETHER + 1)
    token.approve.send(spender, FOREVER, sender=depositor)
    moves: list[Callable[[], Receipt]] = [
        lambda: token.transfer.send(holder, ETHER + 1, sender=depositor),
        lambda: token.transferShares.send(holder, 12_345, sender=depositor),
        lambda: token.transferFrom.send(depositor, spender, 7, sender=spender),
        lambda: token.transferSharesFrom.send(depositor, spender, 7, sender=spender),
        lambda: keel.quick.wrapped.deposit.send(ETHER, holder, sender=depositor),
        lambda: keel.quick.wrapped.redeem.send(5, spender, holder, sender=holder),
    ]
    registry, treasury = keel.quick.registry.address, keel.actors.treasury.address
    wrapped = keel.quick.wrapped.address
    holders = (depositor, holder, spender, wrapped, token.address, registry, treasury)
    total = token.totalShares()
    for move in moves:
        move()
        assert sum(shares_of(keel, *holders)) == token.totalShares() == total
