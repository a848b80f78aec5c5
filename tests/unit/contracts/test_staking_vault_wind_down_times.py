"""When the vault can be wound down, and when what is missing is a loss (STA-8)."""

import pytest

from keel.chain.clock import jump_to, reverting, set_next_timestamp
from keel.deploy.contracts import StakingVault
from keel.model.constants import DEAD_FRAMES, ETHER, LAST_PAYOUT_FRAMES, WIND_DOWN_FRAMES
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.key_ends import staked_keys
from tests.unit.contracts.losses import ticket_beyond_buffer
from tests.unit.contracts.validators import with_two_operators
from tests.unit.contracts.vaults import VALIDATOR_WEI, accounts_of, apply, inputs_of
from tests.unit.contracts.wind_downs import STAKED_WEI, die, die_at_last, hold, wind_down


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    ticket_beyond_buffer(keel)
    return keel.quick.vault


class TestWhen:
    def test_only_once_dead_and_while_no_key_is_live(self, keel: Keel, vault: StakingVault) -> None:
        hold(keel, STAKED_WEI, 0)
        dead_at = accounts_of(keel).ref_time + DEAD_FRAMES * keel.profile.frame_seconds
        jump_to(keel.rpc, dead_at - 2)
        set_next_timestamp(keel.rpc, dead_at - 1)
        with fails("StateNotDead", state=State.STALE):
            wind_down(keel)
        set_next_timestamp(keel.rpc, dead_at)
        wind_down(keel)
        assert vault.state() == State.DEAD

    def test_again_only_for_ether_that_came_and_two_frames_later(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-8: so nobody keeps a report off by winding down again and again."""
        die(keel, STAKED_WEI)
        receipt = wind_down(keel)
        frame = keel.profile.frame_seconds
        with fails("NothingToDo"):
            wind_down(keel)
        hold(keel, 1, 1)
        possible_at = receipt.timestamp + 2 * frame
        jump_to(keel.rpc, possible_at - 2)
        set_next_timestamp(keel.rpc, possible_at - 1)
        with fails("SweepTooEarly", possibleAt=possible_at, nowTime=possible_at - 1):
            wind_down(keel)
        set_next_timestamp(keel.rpc, possible_at)
        receipt = wind_down(keel)
        (wound,) = vault.events(receipt, "WoundDown")
        assert wound.inputs == {"withdrawalsWei": 1, "rewardsWei": 1, "lossWei": 0}
        as_contract(keel.quick.oracle)
        early = vault.newestRefTime()
        with fails("RefTimeTooEarly", refTime=early, laterThan=receipt.timestamp):
            apply(keel, inputs_of(keel, early))

    def test_no_sweep_puts_the_first_one_off(self, keel: Keel, vault: StakingVault) -> None:
        """STA-8: a stranger who sweeps a wei whenever it can keeps nobody's ether."""
        die_at_last(keel, 1)
        stranger = keel.actors.stranger.address
        swept = vault.sweepWithdrawals.send(sender=stranger)
        receipt = wind_down(keel)
        (wound,) = vault.events(receipt, "WoundDown")
        assert wound.inputs["lossWei"] == STAKED_WEI - 1
        hold(keel, ETHER, 0)
        possible_at = swept.timestamp + 2 * keel.profile.frame_seconds
        for call in (wind_down, lambda _: vault.sweepWithdrawals.send(sender=stranger)):
            with reverting(keel.rpc):
                set_next_timestamp(keel.rpc, at := receipt.timestamp + 9)
                with fails("SweepTooEarly", possibleAt=possible_at, nowTime=at):
                    call(keel)
        jump_to(keel.rpc, possible_at)
        with fails("NothingToDo"):
            vault.sweepWithdrawals.send(sender=stranger)
        wind_down(keel)

    def test_what_is_missing_may_be_on_its_way_for_ninety_frames(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-8: a wei of loss waits; where nothing is missing, nobody does."""
        possible_at = accounts_of(keel).ref_time + WIND_DOWN_FRAMES * keel.profile.frame_seconds
        dead_at = die(keel, STAKED_WEI - 1)
        for at in (dead_at + 1, possible_at - 1):
            jump_to(keel.rpc, at - 1)
            set_next_timestamp(keel.rpc, at)
            with fails("WindDownTooEarly", possibleAt=possible_at, nowTime=at):
                wind_down(keel)
            with reverting(keel.rpc):
                hold(keel, STAKED_WEI - 1, 1)
                wind_down(keel)
        set_next_timestamp(keel.rpc, possible_at)
        receipt = wind_down(keel)
        (wound,) = vault.events(receipt, "WoundDown")
        assert wound.inputs["lossWei"] == 1

    def test_a_loss_waits_ten_frames_for_what_merged_into_a_validator_paid_out_before(
        self, keel: Keel
    ) -> None:
        """STA-8, KEY-11: counted from the last proof of a payout."""
        validators = with_two_operators(keel)
        *first, last = staked_keys(validators)
        for entry in first:
            validators.withdraw(entry)
        die_at_last(keel, 4 * VALIDATOR_WEI - 1)
        with fails("KeysLive", liveKeys=1):
            wind_down(keel)
        proven_at = validators.withdraw(last).timestamp
        assert keel.quick.registry.totals().lastWithdrawnAt == proven_at
        possible_at = proven_at + LAST_PAYOUT_FRAMES * keel.profile.frame_seconds
        jump_to(keel.rpc, possible_at - 2)
        set_next_timestamp(keel.rpc, possible_at - 1)
        with fails("WindDownTooEarly", possibleAt=possible_at, nowTime=possible_at - 1):
            wind_down(keel)
        set_next_timestamp(keel.rpc, possible_at)
        wind_down(keel)
        assert keel.quick.vault.consensus().pendingWei == 0
