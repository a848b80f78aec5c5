"""Ether out of StakingVault: to validators, and only to the contracts that may ask for it."""

from typing import Any

import pytest

from keel.chain.clock import jump_to, set_next_timestamp
from keel.chain.contract import Contract, deploy
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.model.frames import Action, State
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, undone
from tests.unit.contracts.vaults import (
    BOND_WEI,
    TOP_UP_WEI,
    VALIDATOR_WEI,
    accounts_of,
    change,
    construct,
    pubkeys_of,
    shares_of,
    stake,
    units_of,
)


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    """96 ETH, none of them staked."""
    deposit(keel, keel.actors.depositor.address, 95 * ETHER)
    return keel.quick.vault


class TestFundValidators:
    def test_sends_31_ether_a_key_to_the_deposit_contract(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """KEY-6."""
        deposits, bonds = keel.quick.deposits, keel.quick.bonds.address
        held_wei = balance_wei(keel.rpc, deposits.address)
        data = pubkeys_of(2)
        receipt = stake(keel, 2)
        assert balance_wei(keel.rpc, deposits.address) == held_wei + 2 * TOP_UP_WEI
        assert balance_wei(keel.rpc, vault.address) == 96 * ETHER - 2 * TOP_UP_WEI
        (staked,) = vault.events(receipt, "Staked")
        assert staked.inputs == {
            "validators": 2,
            "amountWei": 2 * VALIDATOR_WEI,
            "bondWei": 2 * BOND_WEI,
            "bondShares": 2 * BOND_WEI * SHARES_PER_UNIT,
        }
        credentials = bytes.fromhex("01" + "00" * 11) + bytes.fromhex(
            keel.quick.withdrawal_vault.address[2:]
        )
        made = [event.inputs for event in deposits.events(receipt, "DepositEvent")]
        assert [m["pubkey"] for m in made] == [data[:48], data[48:]]
        assert [m["withdrawal_credentials"] for m in made] == [credentials] * 2
        assert [m["amount"] for m in made] == [(31 * 10**9).to_bytes(8, "little")] * 2
        assert [m["signature"] for m in made] == [bytes(96)] * 2
        accounts = accounts_of(keel)
        assert (accounts.consensus_wei, accounts.pending_wei) == (0, 2 * VALIDATOR_WEI)
        assert accounts.backing_wei == 98 * ETHER
        assert vault.bufferedWei() == 96 * ETHER - 2 * TOP_UP_WEI
        assert units_of(keel, bonds) == 2 * BOND_WEI

    @pytest.mark.usefixtures("vault")
    def test_mints_whole_units_and_leaves_the_rest_to_all(self, keel: Keel) -> None:
        """KEY-6, SHR-5: nobody's share is worth less by it."""
        stake(keel, 1)
        change(keel, 10**16 + 1)
        jump_to(keel.rpc, keel.quick.vault.newestRefTime() + 100)
        before = accounts_of(keel)
        receipt = stake(keel, 2, first=1)
        now, after = receipt.timestamp, accounts_of(keel)
        units = 2 * (before.to_shares_down(BOND_WEI, now) // SHARES_PER_UNIT)
        assert units % 10**9
        assert units_of(keel, keel.quick.bonds.address) == BOND_WEI + units
        assert after.shares - before.shares == units * SHARES_PER_UNIT
        worth = (after.visible_wei(now), before.visible_wei(now))
        assert worth[0] * before.shares > worth[1] * after.shares

    def test_spends_all_that_is_free_and_not_one_validator_more(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-6: 31 ETH each."""
        depositor = keel.actors.depositor.address
        keel.quick.queue.request.send(3 * ETHER + 1, depositor, sender=depositor)
        free_wei = 93 * ETHER - 1
        assert vault.freeWei() == free_wei
        assert vault.stakeableValidators() == 2
        with fails("InsufficientLiquidity", neededWei=93 * ETHER, availableWei=free_wei):
            stake(keel, 3)
        deposit(keel, depositor, 3 * TOP_UP_WEI - free_wei)
        assert vault.stakeableValidators() == 3
        stake(keel, 3)
        assert vault.stakeableValidators() == vault.freeWei() == 0

    def test_leaves_what_the_queue_needs(self, keel: Keel, vault: StakingVault) -> None:
        depositor, queue = keel.actors.depositor.address, keel.quick.queue
        queue.request.send(34 * ETHER + 1, depositor, sender=depositor)
        free_wei = 62 * ETHER - 1
        assert vault.bufferedWei() == 96 * ETHER
        assert vault.freeWei() == free_wei
        assert vault.stakeableValidators() == 1
        with fails("InsufficientLiquidity", neededWei=62 * ETHER, availableWei=free_wei):
            stake(keel, 2)
        stake(keel, 1)

    @pytest.mark.usefixtures("vault")
    def test_is_paused_apart(self, keel: Keel) -> None:
        """STA-4."""
        guardian = keel.actors.guardian.address
        receipt = keel.quick.vault.pause.send(Action.STAKING, 600, sender=guardian)
        with fails("ActionPaused", action=1, until=receipt.timestamp + 600):
            stake(keel, 1)
        assert keel.quick.vault.stakeableValidators() == 0
        jump_to(keel.rpc, receipt.timestamp + 600)
        stake(keel, 1)

    @pytest.mark.usefixtures("vault")
    def test_is_closed_from_the_third_frame_on(self, keel: Keel) -> None:
        stale_at = accounts_of(keel).ref_time + 3 * keel.profile.frame_seconds
        as_contract(keel.quick.registry)
        jump_to(keel.rpc, stale_at - 2)
        set_next_timestamp(keel.rpc, stale_at - 1)
        stake(keel, 1)
        set_next_timestamp(keel.rpc, stale_at)
        with fails("ActionClosed", action=1, state=State.STALE):
            stake(keel, 1, first=1)

    def test_is_the_registrys_alone(self, keel: Keel, vault: StakingVault) -> None:
        keeper, registry = keel.actors.keeper.address, keel.quick.registry.address
        with fails("OnlyProtocol", caller=keeper, expected=registry):
            vault.fundValidators.send(pubkeys_of(1), sender=keeper)


class TestLimit:
    """LIM-3: what can be staked in a frame, so that no deposit quickens it."""

    def test_is_the_floor_while_little_is_staked(self, keel: Keel, vault: StakingVault) -> None:
        deposit(keel, keel.actors.depositor.address, 2_000 * ETHER)
        floor_wei, frame = keel.profile.stake_floor_wei, keel.profile.frame_seconds
        assert floor_wei == 32 * VALIDATOR_WEI
        assert vault.stakeableValidators() == 32
        beyond_wei = floor_wei + VALIDATOR_WEI
        with fails("LimitExceeded", amount=beyond_wei, available=floor_wei):
            stake(keel, 33)
        staked_at = stake(keel, 32).timestamp
        for at, room_wei in ((staked_at, 0), (staked_at + frame // 2, floor_wei // 2)):
            jump_to(keel.rpc, at)
            assert vault.stakeableValidators() == room_wei // VALIDATOR_WEI
        set_next_timestamp(keel.rpc, staked_at + frame // 2)
        with fails("LimitExceeded", amount=17 * VALIDATOR_WEI, available=floor_wei // 2):
            stake(keel, 17, first=32)
        stake(keel, 16, first=32)

    def test_is_a_part_of_what_is_staked_on_record_above_the_floor(self, keel: Keel) -> None:
        """The part is 100 % here and the floor two validators; nothing is in C yet, all in P."""
        registry, authority = keel.actors.stranger.address, as_contract(keel.quick.manager)
        set_balance_wei(keel.rpc, authority, 10_001 * ETHER)
        frame = keel.profile.frame_seconds
        jump_to(keel.rpc, keel.quick.vault.newestRefTime() + frame)
        vault = vault_with_wrapped(
            keel, stakeLimitBps=10_000, stakeFloorWei=2 * VALIDATOR_WEI, registry=registry
        )
        arguments = (registry, registry)
        for _ in range(2):  # newcomers' ether, staked or not, counts only once it is staked
            vault.function("deposit").send(*arguments, sender=authority, value_wei=5_000 * ETHER)

        def stake_own(count: int, first: int) -> Receipt:
            data = pubkeys_of(count, first)
            return vault.function("fundValidators").send(data, sender=registry)

        for count, first in ((2, 0), (2, 2), (4, 4)):
            room_wei = count * VALIDATOR_WEI
            assert vault.function("stakeableValidators")() == count
            with fails("LimitExceeded", amount=room_wei + VALIDATOR_WEI, available=room_wei):
                stake_own(count + 1, first)
            receipt = stake_own(count, first)
            jump_to(keel.rpc, receipt.timestamp + frame)


def vault_with_wrapped(keel: Keel, **changes: Any) -> Contract:
    """Construct another vault and the wkETH that it mints; the first run tells the address."""
    sender, artifact = keel.actors.deployer.address, keel.artifacts["WrappedKeelEther"]

    def made_for(place: str) -> Contract:
        arguments = (artifact.abi, artifact.creation_code, place)
        wrapped, _ = deploy(keel.rpc, *arguments, sender=sender)
        return construct(keel, wrapped=wrapped.address, **changes)

    with undone(keel.rpc):
        place = made_for(keel.quick.vault.address).address
    vault = made_for(place)
    assert vault.address == place
    return vault


class TestBurnForTicket:
    def test_burns_the_shares_of_the_ether_rounded_up(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        stake(keel, 2)
        change(keel, ETHER + 1)
        depositor, queue = keel.actors.depositor.address, as_contract(keel.quick.queue)
        before, held = accounts_of(keel), shares_of(keel, depositor)[0]
        receipt = vault.burnForTicket.send(depositor, 3 * ETHER, sender=queue)
        burned = before.to_shares_up(3 * ETHER, receipt.timestamp)
        after = accounts_of(keel)
        assert shares_of(keel, depositor) == [held - burned]
        assert after.shares == before.shares - burned
        assert after.backing_wei == before.backing_wei - 3 * ETHER

    def test_needs_the_shares(self, keel: Keel, vault: StakingVault) -> None:
        holder, queue = keel.actors.holder.address, as_contract(keel.quick.queue)
        with fails("InsufficientShares", holder=holder, shares=0, needed=10**9):
            vault.burnForTicket.send(holder, 1, sender=queue)


class TestRedeemFor:
    """INS-4: what InstantRedemption cannot talk the vault into, whatever stands in its place."""

    def test_burns_what_is_paid_and_gives_the_rest_to_the_fund(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        depositor, receiver = keel.actors.depositor.address, keel.quick.rewards_vault.address
        shares, paid_wei = 2 * ETHER * 10**9 + 7, ETHER
        before = accounts_of(keel)
        receipt = vault.redeemFor.send(
            depositor,
            shares,
            paid_wei,
            receiver,
            sender=as_contract(keel.quick.instant),
        )
        (redeemed,) = vault.events(receipt, "RedeemedInstantly")
        assert redeemed.inputs == {
            "holder": depositor,
            "receiver": receiver,
            "paidWei": paid_wei,
            "sharesBurned": ETHER * 10**9 + 7,
            "sharesToFund": ETHER * SHARES_PER_UNIT,
        }
        after = accounts_of(keel)
        assert before.shares - after.shares == ETHER * 10**9 + 7
        assert before.backing_wei - after.backing_wei == paid_wei
        assert units_of(keel, keel.quick.fund.address) == ETHER
        assert balance_wei(keel.rpc, receiver) == paid_wei
        assert vault.bufferedWei() == 95 * ETHER

    def test_never_pays_more_than_the_shares_are_worth(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        depositor, instant = keel.actors.depositor.address, as_contract(keel.quick.instant)
        shares = ETHER * 10**9
        with fails("InsufficientShares", holder=depositor, shares=shares, needed=shares + 10**9):
            vault.redeemFor.send(depositor, shares, ETHER + 1, depositor, sender=instant)
        vault.redeemFor.send(depositor, shares, ETHER, depositor, sender=instant)

    def test_never_takes_more_than_the_holder_has(self, keel: Keel, vault: StakingVault) -> None:
        depositor, instant = keel.actors.depositor.address, as_contract(keel.quick.instant)
        held = 95 * ETHER * 10**9
        with fails("InsufficientShares", holder=depositor, shares=held, needed=held + 1):
            vault.redeemFor.send(depositor, held + 1, 1, depositor, sender=instant)
        vault.redeemFor.send(depositor, held, 1, depositor, sender=instant)

    def test_never_pays_ether_that_is_not_free(self, keel: Keel, vault: StakingVault) -> None:
        stake(keel, 2)
        depositor, instant = keel.actors.depositor.address, as_contract(keel.quick.instant)
        shares, free_wei = 35 * ETHER * 10**9, 34 * ETHER
        with fails("InsufficientLiquidity", neededWei=free_wei + 1, availableWei=free_wei):
            vault.redeemFor.send(depositor, shares, free_wei + 1, depositor, sender=instant)
        vault.redeemFor.send(depositor, shares, free_wei, depositor, sender=instant)

    def test_is_instant_redemptions_alone(self, keel: Keel, vault: StakingVault) -> None:
        depositor = keel.actors.depositor.address
        with fails("OnlyProtocol", caller=depositor, expected=keel.quick.instant.address):
            vault.redeemFor.send(depositor, 1, 0, depositor, sender=depositor)
