"""Ether into StakingVault: deposits, their limit and pauses, and ether that is none of these."""

from collections.abc import Callable

import pytest

from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.contract import call_many
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt, send_transaction
from keel.deploy.contracts import StakingVault
from keel.model.accounts import Accounts
from keel.model.constants import DAY, ETHER, REOPENING_FRAMES, SHARES_PER_UNIT
from keel.model.limits import available, take
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.vaults import (
    VALIDATOR_WEI,
    ZERO_ADDRESS,
    accounts_of,
    apply,
    change,
    deposit_at,
    inputs_of,
    lay_bare,
    shares_of,
    stake,
    units_of,
)

DEPOSIT, STAKING = 0, 1
PLAIN, WRAPPED = "deposit", "depositWrapped"


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return keel.quick.vault


@pytest.fixture
def depositor(keel: Keel) -> str:
    return str(keel.actors.depositor.address)


@pytest.fixture
def limit_wei(keel: Keel) -> int:
    return keel.profile.deposit_limit_wei


def at_rate(keel: Keel, change_wei: int) -> Accounts:
    """Let 64 of 101 ETH earn, with the stream half run, or lose; then read the books.

    After the loss so many frames pass that deposits are open again (STA-3).
    """
    deposit(keel, keel.actors.holder.address, 98 * ETHER)
    stake(keel, 2)
    change(keel, change_wei)
    jump(keel.rpc, accounts_of(keel).stream.seconds // 2)
    change(keel, 0, frames=1 if change_wei > 0 else REOPENING_FRAMES + 1)
    return accounts_of(keel)


class TestDeposit:
    def test_mints_a_billion_shares_a_wei_at_par(self, vault: StakingVault, depositor: str) -> None:
        receipt = vault.deposit.send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=7)
        transfer, deposited = vault.events(receipt)
        assert transfer.inputs == {"from": ZERO_ADDRESS, "to": depositor, "value": 7}
        assert deposited.name == "Deposited"
        assert deposited.inputs == {
            "sender": depositor,
            "receiver": depositor,
            "assetsWei": 7,
            "shares": 7 * 10**9,
            "referral": ZERO_ADDRESS,
        }
        assert vault.sharesOf(depositor) == 7 * 10**9
        assert vault.balanceOf(depositor) == 7

    def test_credits_the_receiver_and_repeats_the_referral(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        receiver, referral = keel.actors.holder.address, keel.actors.treasury.address
        receipt = vault.deposit.send(receiver, referral, sender=depositor, value_wei=ETHER)
        (deposited,) = vault.events(receipt, "Deposited")
        assert deposited.inputs["sender"] == depositor
        assert deposited.inputs["receiver"] == receiver
        assert deposited.inputs["referral"] == referral
        assert shares_of(keel, depositor, receiver, referral) == [0, 10**27, 0]

    @pytest.mark.parametrize("change_wei", [3 * ETHER + 7, -3 * ETHER - 7])
    @pytest.mark.parametrize("amount_wei", [1, 3, 10**9 + 7, ETHER // 3])
    def test_rounds_shares_down_at_any_rate(
        self, keel: Keel, vault: StakingVault, depositor: str, change_wei: int, amount_wei: int
    ) -> None:
        """SHR-1."""
        before = at_rate(keel, change_wei)
        receipt = deposit_at(keel, now(keel.rpc), depositor, amount_wei)
        shares = before.to_shares_down(amount_wei, receipt.timestamp)
        visible_wei = before.visible_wei(receipt.timestamp)
        assert shares * visible_wei <= amount_wei * before.shares < (shares + 1) * visible_wei
        after = accounts_of(keel)
        assert vault.sharesOf(depositor) == shares
        assert after.shares == before.shares + shares
        assert after.backing_wei == before.backing_wei + amount_wei
        assert vault.balanceOf(depositor) in (amount_wei - 1, amount_wei)

    def test_keeps_what_is_buffered_equal_to_what_is_held(
        self, vault: StakingVault, depositor: str
    ) -> None:
        """ACC-1."""
        vault.deposit.send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=5 * ETHER + 1)
        assert vault.bufferedWei() == balance_wei(vault.rpc, vault.address) == 6 * ETHER + 1
        assert vault.freeWei() == 6 * ETHER + 1

    def test_refuses_to_mint_nothing(self, vault: StakingVault, depositor: str) -> None:
        """SHR-1."""
        with fails("ZeroShares", assetsWei=0):
            vault.deposit.send(depositor, ZERO_ADDRESS, sender=depositor)
        vault.deposit.send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=1)

    def test_refuses_receivers_that_keth_must_not_be_sent_to(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        for receiver in (ZERO_ADDRESS, vault.address, keel.quick.wrapped.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                vault.deposit.send(receiver, ZERO_ADDRESS, sender=depositor, value_wei=ETHER)
        vault.deposit.send(keel.quick.queue.address, ZERO_ADDRESS, sender=depositor, value_wei=1)


class TestDepositWrapped:
    def test_mints_whole_units_and_no_other_share(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        before = at_rate(keel, 3 * ETHER + 7)
        wrapped, holder = keel.quick.wrapped, keel.actors.holder.address
        of_fees = wrapped.totalSupply()
        set_next_timestamp(keel.rpc, now(keel.rpc))
        receipt = vault.depositWrapped.send(
            holder, depositor, sender=depositor, value_wei=ETHER + 5
        )
        exact = before.to_shares_down(ETHER + 5, receipt.timestamp)
        units = exact // SHARES_PER_UNIT
        assert exact % SHARES_PER_UNIT > 0
        assert units_of(keel, holder) == units
        assert wrapped.totalSupply() == of_fees + units
        assert shares_of(keel, wrapped.address)[0] == (of_fees + units) * SHARES_PER_UNIT
        after = accounts_of(keel)
        assert after.shares == before.shares + units * SHARES_PER_UNIT
        assert after.backing_wei == before.backing_wei + ETHER + 5
        _, deposited = vault.events(receipt)
        assert deposited.inputs == {
            "sender": depositor,
            "receiver": holder,
            "assetsWei": ETHER + 5,
            "shares": units * SHARES_PER_UNIT,
            "referral": depositor,
        }
        (minted,) = wrapped.events(receipt)
        assert minted.inputs == {"from": ZERO_ADDRESS, "to": holder, "value": units}

    def test_refuses_less_than_a_unit_where_a_plain_deposit_takes_it(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        at_rate(keel, 3 * ETHER)
        for amount_wei in (0, 1):
            with fails("ZeroShares", assetsWei=amount_wei):
                vault.function(WRAPPED).send(
                    depositor, ZERO_ADDRESS, sender=depositor, value_wei=amount_wei
                )
        vault.function(PLAIN).send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=1)
        vault.function(WRAPPED).send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=2)
        assert units_of(keel, depositor) == 1

    def test_refuses_receivers_that_could_not_send_it_on(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        deposit_wrapped = vault.function(WRAPPED)
        for receiver in (ZERO_ADDRESS, vault.address, keel.quick.wrapped.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                deposit_wrapped.send(receiver, ZERO_ADDRESS, sender=depositor, value_wei=ETHER)
        fund = keel.quick.fund.address
        deposit_wrapped.send(fund, ZERO_ADDRESS, sender=depositor, value_wei=ETHER)
        assert units_of(keel, fund) == ETHER


class TestPlainEther:
    def test_is_a_deposit_for_its_sender(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        send_transaction(keel.rpc, depositor, vault.address, value_wei=2 * ETHER)
        assert vault.sharesOf(depositor) == 2 * ETHER * 10**9

    def test_from_the_ether_sources_and_the_queue_is_refused(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        quick = keel.quick
        for source in (quick.withdrawal_vault, quick.rewards_vault, quick.queue):
            sender = as_contract(source)
            with fails("DirectEther", sender=sender):
                send_transaction(keel.rpc, sender, vault.address, value_wei=1, errors=vault.errors)

    def test_forced_in_changes_no_term(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        """ACC-2."""
        deposit(keel, depositor, 99 * ETHER)
        stake(keel, 1)
        names = (
            "totals",
            "consensus",
            "bufferedWei",
            "freeWei",
            "stakeableValidators",
            "totalSupply",
        )
        jump(keel.rpc, 1)
        before = call_many(keel.rpc, [vault.function(name).prepare() for name in names])
        for contract in keel.quick:
            code = bytes.fromhex(f"73{contract.address[2:]}ff")  # PUSH20 target, SELFDESTRUCT
            held_wei = balance_wei(keel.rpc, contract.address)
            send_transaction(keel.rpc, depositor, None, code, value_wei=3 * ETHER)
            assert balance_wei(keel.rpc, contract.address) == held_wei + 3 * ETHER
        assert call_many(keel.rpc, [vault.function(name).prepare() for name in names]) == before
        deposited = deposit_at(keel, now(keel.rpc), depositor, ETHER)
        assert vault.events(deposited, "Deposited")[0].inputs["shares"] == ETHER * 10**9


class TestLimit:
    @pytest.mark.parametrize("function", [PLAIN, WRAPPED])
    def test_holds_at_the_bound_and_refuses_one_wei_more(
        self, vault: StakingVault, depositor: str, limit_wei: int, function: str
    ) -> None:
        assert vault.depositableWei() == limit_wei
        with fails("LimitExceeded", amount=limit_wei + 1, available=limit_wei):
            vault.function(function).send(
                depositor, ZERO_ADDRESS, sender=depositor, value_wei=limit_wei + 1
            )
        start = now(vault.rpc)
        set_next_timestamp(vault.rpc, start)
        vault.function(function).send(
            depositor, ZERO_ADDRESS, sender=depositor, value_wei=limit_wei
        )
        assert vault.depositableWei() == 0
        set_next_timestamp(vault.rpc, start)
        with fails("LimitExceeded", amount=1, available=0):
            vault.function(PLAIN).send(depositor, ZERO_ADDRESS, sender=depositor, value_wei=1)

    def test_refills_by_the_second(
        self, keel: Keel, vault: StakingVault, depositor: str, limit_wei: int
    ) -> None:
        start = now(keel.rpc)
        deposit_at(keel, start, depositor, limit_wei - 5)
        full_at = take(0, start, limit_wei - 5, limit_wei, DAY)
        for later in (1, 7, 1000):
            jump_to(keel.rpc, start + later)
            room_wei = available(full_at, start + later, limit_wei, DAY)
            assert vault.depositableWei() == room_wei
        with fails("LimitExceeded", amount=room_wei + 1, available=room_wei):
            deposit_at(keel, start + 1000, depositor, room_wei + 1)
        deposit_at(keel, start + 1000, depositor, room_wei)

    def test_follows_the_terms_at_once(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        terms = vault.terms()
        lower = terms._replace(depositLimitEther=2)
        change(keel, 0)
        keel.call_as_role(vault, "setTerms", lower)
        change(keel, 0)
        assert vault.depositableWei() == 2 * ETHER
        with fails("LimitExceeded", amount=2 * ETHER + 1, available=2 * ETHER):
            deposit(keel, depositor, 2 * ETHER + 1)
        deposit(keel, depositor, 2 * ETHER)


class TestPause:
    def test_ends_by_itself_at_its_second(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        receipt = pause(keel, DEPOSIT, 500)
        until = receipt.timestamp + 500
        (paused,) = vault.events(receipt)
        assert paused.inputs == {"action": DEPOSIT, "until": until}
        assert vault.pausedUntil(DEPOSIT) == until
        jump_to(keel.rpc, until - 1)
        assert vault.depositableWei() == 0
        for function in (PLAIN, WRAPPED):
            set_next_timestamp(keel.rpc, until - 1)
            with fails("ActionPaused", action=DEPOSIT, until=until):
                vault.function(function).send(
                    depositor, ZERO_ADDRESS, sender=depositor, value_wei=1
                )
        jump_to(keel.rpc, until)
        assert vault.depositableWei() == keel.profile.deposit_limit_wei
        deposit_at(keel, until, depositor, 1)

    def test_can_be_ended_early(self, keel: Keel, vault: StakingVault, depositor: str) -> None:
        pause(keel, DEPOSIT, 500)
        ended = pause(keel, DEPOSIT, 0)
        assert vault.pausedUntil(DEPOSIT) == ended.timestamp
        deposit_at(keel, ended.timestamp, depositor, 1)

    def test_lasts_at_most_its_bound(self, keel: Keel, vault: StakingVault) -> None:
        most = keel.profile.max_pause_seconds
        for action in (DEPOSIT, STAKING):
            with fails("PauseTooLong", asked=most + 1, max=most):
                pause(keel, action, most + 1)
            until = pause(keel, action, most).timestamp + most
            assert vault.pausedUntil(action) == until

    def test_leaves_at_least_half_of_the_time_open(self, keel: Keel, vault: StakingVault) -> None:
        for action in (DEPOSIT, STAKING):
            until = pause(keel, action, 500).timestamp + 500
            for moment in (until - 1, until, until + 499):
                set_next_timestamp(keel.rpc, moment)
                with fails("PauseTooSoon", possibleAt=until + 500, nowTime=moment):
                    pause(keel, action, 1)
            set_next_timestamp(keel.rpc, until + 500)
            pause(keel, action, 300)
            assert vault.pausedUntil(action) == until + 800

    def test_that_ended_early_counts_as_long_as_it_lasted(self, keel: Keel) -> None:
        started = pause(keel, DEPOSIT, 2_000).timestamp
        set_next_timestamp(keel.rpc, started + 100)
        pause(keel, DEPOSIT, 0)
        set_next_timestamp(keel.rpc, started + 199)
        with fails("PauseTooSoon", possibleAt=started + 200, nowTime=started + 199):
            pause(keel, DEPOSIT, 1)
        set_next_timestamp(keel.rpc, started + 200)
        pause(keel, DEPOSIT, 1)

    def test_of_one_action_leaves_the_other_open(
        self, keel: Keel, vault: StakingVault, depositor: str
    ) -> None:
        deposit(keel, depositor, 100 * ETHER)
        pause(keel, DEPOSIT, 500)
        assert vault.stakeableValidators() == 3
        stake(keel, 1)
        pause(keel, DEPOSIT, 0)
        until = pause(keel, STAKING, 500).timestamp + 500
        assert vault.stakeableValidators() == 0
        deposit(keel, depositor, 1)
        with fails("ActionPaused", action=STAKING, until=until):
            stake(keel, 1, first=1)

    def test_stops_neither_requests_nor_transfers_nor_wrapping_nor_claims(
        self, keel: Keel, depositor: str
    ) -> None:
        deposit(keel, depositor, 10 * ETHER)
        pause(keel, DEPOSIT, keel.profile.max_pause_seconds)
        pause(keel, STAKING, keel.profile.max_pause_seconds)
        queue, vault, wrapped = keel.quick.queue, keel.quick.vault, keel.quick.wrapped
        queue.request.send(ETHER, depositor, sender=depositor)
        vault.transfer.send(keel.actors.holder.address, ETHER, sender=depositor)
        wrapped.deposit.send(ETHER, depositor, sender=depositor)
        inputs = inputs_of(keel, vault.newestRefTime() + keel.profile.frame_seconds)
        jump_to(keel.rpc, inputs["refTime"])
        assert vault.depositableWei() == 0
        apply(keel, inputs)
        queue.claim.send(1, sender=depositor)


class TestInsolvency:
    def test_begins_below_a_millionth_of_par_and_not_at_it(self, keel: Keel) -> None:
        depositor = lay_bare(keel)
        bound_wei = 32 * ETHER // 10**6
        change(keel, bound_wei - VALIDATOR_WEI)
        assert keel.quick.vault.totalSupply() == bound_wei
        change(keel, 0, frames=REOPENING_FRAMES + 1)
        deposit(keel, depositor, 1)

    @pytest.mark.parametrize("left_wei", [32 * ETHER // 10**6 - 1, 0])
    def test_refuses_deposits_and_requests(self, keel: Keel, left_wei: int) -> None:
        depositor, vault = lay_bare(keel), keel.quick.vault
        change(keel, left_wei - VALIDATOR_WEI)
        insolvent = {"visibleWei": left_wei, "shares": 32 * ETHER * 10**9}
        assert vault.depositableWei() == 0
        refused: list[Callable[[], Receipt]] = [
            lambda: vault.function(PLAIN).send(
                depositor, ZERO_ADDRESS, sender=depositor, value_wei=ETHER
            ),
            lambda: vault.function(WRAPPED).send(
                depositor, ZERO_ADDRESS, sender=depositor, value_wei=ETHER
            ),
            lambda: keel.quick.queue.request.send(ETHER, depositor, sender=depositor),
            lambda: vault.redeemFor.send(
                depositor, 1, 0, depositor, sender=as_contract(keel.quick.instant)
            ),
        ]
        for attempt in refused:
            with fails("Insolvent", **insolvent):
                attempt()


def pause(keel: Keel, action: int, seconds: int) -> Receipt:
    """Pause as the guardian."""
    return keel.call_as_role(keel.quick.vault, "pause", action, seconds)
