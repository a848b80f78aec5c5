"""Exits: who may ask for the exit of which validator, and when (REQ-1, REQ-3, LIM-3)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keel.chain.clock import jump, jump_to, reverting, set_next_timestamp
from keel.chain.state import set_balance_wei
from keel.chain.system_contracts import WithdrawalRequest, dequeue_withdrawal_requests
from keel.model import exits as rules
from keel.model.commitment import public_key_hash
from keel.model.constants import BPS, DAY, ETHER
from keel.model.key_stage import Stage
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.exiting import GENEROUS_WEI, PART_GWEI, Exiting, with_operators
from tests.unit.contracts.validators import bring_to, leads_elsewhere

REASONS = ("Manager", "Dead", "Frozen", "Inactive", "Queue", "Again")
DEAD_FRAMES = 14


@pytest.fixture
def exiting(keel: Keel) -> Exiting:
    """One operator with three validators that could exit; nobody waits for ether."""
    return with_operators(keel, BPS)


def reason_of(exiting: Exiting, receipt: object) -> str:
    """Why the exit was asked for, by the event."""
    (event,) = exiting.exits.events(receipt, "ExitRequested")  # type: ignore[arg-type]
    return REASONS[event.inputs["reason"]]


def use_up(exiting: Exiting, lacking_ether: int = 20) -> None:
    """Let a ticket ask for more than there is."""
    exiting.request_ticket(exiting.keel.quick.vault.bufferedWei() + lacking_ether * ETHER)


class TestReasons:
    def test_a_manager_asks_for_its_own_validators_without_bound(self, exiting: Exiting) -> None:
        """The request is a full exit, for WithdrawalVault; the validator is under way."""
        (entry,) = exiting.active(0)
        receipt = exiting.ask(entry, exiting.manager)
        vault = exiting.keel.quick.withdrawal_vault.address
        expected = [WithdrawalRequest(vault, entry.pubkey, 0)]
        assert dequeue_withdrawal_requests(exiting.keel.rpc) == expected
        (event,) = exiting.exits.events(receipt, "ExitRequested")
        assert tuple(event.inputs.values()) == (
            0,
            public_key_hash(entry.pubkey),
            REASONS.index("Manager"),
            PART_GWEI,
        )
        assert exiting.leaving(entry) == (PART_GWEI, 1, True)
        assert exiting.exits.leavingGwei() == PART_GWEI
        assert exiting.exits.exitsAvailable() == rules.EXIT_LIMIT_LEAST

    def test_a_stranger_needs_one(self, exiting: Exiting) -> None:
        """Neither does another operator's manager get any further."""
        (entry,) = exiting.active(0)
        for sender in (exiting.anyone, exiting.keel.actors.operator_managers[1].address):
            with fails("NothingMissing"):
                exiting.ask(entry, sender)
        assert dequeue_withdrawal_requests(exiting.keel.rpc) == []
        assert exiting.leaving(entry) == (0, 0, False)

    def test_a_stranger_asks_while_tickets_lack_ether(self, exiting: Exiting) -> None:
        """REQ-3: two validators cover 40 ETH; a third is not needed. REQ-4: any may be first."""
        first, second, third = exiting.active(0, 3)
        use_up(exiting, lacking_ether=40)
        assert exiting.exits.missingWei() == 40 * ETHER
        assert reason_of(exiting, exiting.ask(third)) == "Queue"
        assert exiting.exits.missingWei() == 8 * ETHER
        assert reason_of(exiting, exiting.ask(first)) == "Queue"
        assert exiting.exits.missingWei() == 0
        with fails("NothingMissing"):
            exiting.ask(second)

    @pytest.mark.parametrize("place", ["withdrawal_vault", "rewards_vault"])
    def test_ether_that_has_come_to_a_vault_is_there(self, exiting: Exiting, place: str) -> None:
        """REQ-3: a wei less than what is missing leaves a wei."""
        (entry,) = exiting.active(0)
        use_up(exiting)
        address = getattr(exiting.keel.quick, place).address
        set_balance_wei(exiting.keel.rpc, address, 20 * ETHER)
        with fails("NothingMissing"):
            exiting.ask(entry)
        set_balance_wei(exiting.keel.rpc, address, 20 * ETHER - 1)
        assert exiting.exits.missingWei() == 1
        assert reason_of(exiting, exiting.ask(entry)) == "Queue"

    def test_a_stranger_asks_of_a_frozen_operator(self, exiting: Exiting) -> None:
        """KEY-4; an operator that was unfrozen is safe again."""
        first, second = exiting.active(0, 2)
        with fails("NothingMissing"):
            exiting.ask(first)
        bring_to(exiting, 0, exiting.new_entries(1)[0], Stage.FOREIGN)
        assert reason_of(exiting, exiting.ask(first)) == "Frozen"
        assert exiting.exits.exitsAvailable() == rules.EXIT_LIMIT_LEAST - 1
        exiting.keel.call_as_role(exiting.registry, "unfreeze", 0)
        with fails("NothingMissing"):
            exiting.ask(second)

    def test_a_stranger_asks_in_the_dead_state(self, exiting: Exiting) -> None:
        """Without bound, for nobody reports what comes back."""
        frame_seconds = exiting.keel.profile.frame_seconds
        (entry,) = exiting.active(0)
        last = exiting.keel.quick.vault.consensus().lastRefTime
        jump_before = last + DEAD_FRAMES * frame_seconds - 60 - exiting.now
        jump(exiting.keel.rpc, jump_before)
        with fails("NothingMissing"):
            exiting.ask(entry)
        jump(exiting.keel.rpc, 60)
        assert reason_of(exiting, exiting.ask(entry)) == "Dead"
        assert exiting.exits.exitsAvailable() == rules.EXIT_LIMIT_LEAST


class TestTargets:
    def test_only_an_operator_that_is_not_below_its_own_is_asked(self, keel: Keel) -> None:
        """REQ-3: with four of five validators the one is above, the other below."""
        exiting = with_operators(keel, 8_000, 2_000)
        many, (one,) = exiting.active(0, 4), exiting.active(1)
        keel.call_as_role(exiting.registry, "setOperator", 0, 1_000, 500, True)
        use_up(exiting)
        assert exiting.exits.standing(0) == (4, 0)
        assert exiting.exits.standing(1) == (1, rules.least_live(2_000, 2_500, 5)) == (1, 3)
        with fails("BelowTarget", operatorId=1, live=1, least=3):
            exiting.ask(one)
        assert reason_of(exiting, exiting.ask(many[0])) == "Queue"
        assert exiting.exits.standing(0)[0] == 3
        assert exiting.exits.standing(1)[1] == rules.least_live(2_000, 2_500, 4) == 2

    def test_an_operator_that_gets_no_validators_has_none(self, keel: Keel) -> None:
        """Its target of 10,000 counts in no sum either."""
        exiting = with_operators(keel, BPS, BPS)
        (first,), _ = exiting.active(0), exiting.active(1, 4)
        use_up(exiting)
        with fails("BelowTarget", operatorId=0, live=1, least=2):
            exiting.ask(first)
        keel.call_as_role(exiting.registry, "setOperator", 0, 1_000, BPS, False)
        assert exiting.exits.standing(0) == (1, 0)
        assert exiting.exits.standing(1) == (4, rules.least_live(BPS, BPS, 5)) == (4, 4)
        assert reason_of(exiting, exiting.ask(first)) == "Queue"

    @given(st.lists(st.tuples(st.integers(0, BPS), st.integers(0, 3_000)), min_size=1, max_size=20))
    def test_somebody_can_always_be_asked(self, operators: list[tuple[int, int]]) -> None:
        """REQ-3: whoever has validators is not below, or somebody else who has some is not."""
        live = sum(parts for _, parts in operators)
        targets_bps = sum(target for target, _ in operators)
        assume(live)
        assert any(
            parts and parts >= rules.least_live(target, targets_bps, live)
            for target, parts in operators
        )


class TestDailyLimit:
    """LIM-3: what others than managers ask for, in parts of 32 ETH of effective balance."""

    def test_holds_for_what_is_asked_for_the_queue(self, exiting: Exiting) -> None:
        first, second, third = exiting.active(0, 3)
        for entry in (first, second):
            exiting.change(entry, 2_048)
        bring_to(exiting, 0, exiting.new_entries(1)[0], Stage.FOREIGN)
        exiting.ask(first)
        assert exiting.exits.exitsAvailable() == 36
        with fails("LimitExceeded", amount=64, available=36):
            exiting.ask(second)
        exiting.change(third, 33)
        exiting.ask(third)
        assert exiting.exits.exitsAvailable() == 34
        exiting.ask(second, exiting.manager)
        assert exiting.exits.exitsAvailable() == 34
        jump(exiting.keel.rpc, DAY)
        assert exiting.exits.exitsAvailable() == 100

    @pytest.mark.parametrize(("ether", "capacity"), [(31_999, 100), (35_200, 110)])
    def test_grows_with_the_protocol(self, ether: int, capacity: int) -> None:
        assert rules.exit_capacity(ether * ETHER) == capacity


class TestProof:
    @pytest.mark.parametrize(
        "stage", [Stage.NONE, Stage.PREDEPOSITED, Stage.PROVEN, Stage.FOREIGN, Stage.DROPPED]
    )
    def test_is_of_a_staked_key(self, exiting: Exiting, stage: Stage) -> None:
        """Else it would be somebody else's validator."""
        (entry,) = exiting.new_entries(1)
        bring_to(exiting, 0, entry, stage)
        exiting.beacon.add(BeaconValidator(entry.pubkey, exiting.credentials))
        exiting.change(entry, activation_epoch=0)
        root = public_key_hash(entry.pubkey)
        with fails("WrongStage", pubkeyRoot=root, stage=stage, expected=Stage.STAKED):
            exiting.ask(entry, exiting.manager)
        with fails("WrongStage", pubkeyRoot=root, stage=stage, expected=Stage.STAKED):
            exiting.note(entry)

    def test_is_of_the_key_that_is_named(self, exiting: Exiting) -> None:
        """Nobody exits one validator by the proof of another."""
        young, old = exiting.active(0, 2)
        arguments = exiting.show().key(old.pubkey)
        roots = public_key_hash(young.pubkey), public_key_hash(old.pubkey)
        with fails("KeyDiffers", pubkeyRoot=roots[0], provenRoot=roots[1]):
            exiting.exits.requestExit.send(
                young.pubkey, *arguments, sender=exiting.manager, value_wei=GENEROUS_WEI
            )

    @pytest.mark.parametrize("change", ["leaving", "young", "slashed"])
    def test_shows_that_the_chain_would_act(self, exiting: Exiting, change: str) -> None:
        """REQ-1: also a slashed one has an exit epoch, since the chain exits it by itself."""
        (entry,) = exiting.active(0)
        epoch, period = exiting.epoch, exiting.keel.profile.committee_epochs
        activation, never = 0, 2**64 - 1
        if change == "young":
            activation = epoch - period + 1
            exiting.change(entry, activation_epoch=activation)
            exit_epoch = never
        else:
            exit_epoch = epoch + 5
            exiting.change(entry, slashed=change == "slashed", exit_epoch=exit_epoch)
        place = exiting.beacon.places[entry.pubkey]
        shown = exiting.show(epoch * exiting.keel.profile.slots_per_epoch)
        with fails(
            "NotExitable",
            index=place,
            activationEpoch=activation,
            exitEpoch=exit_epoch,
            epoch=epoch,
        ):
            exiting.ask(entry, exiting.manager, shown=shown)
        exiting.change(entry, slashed=False, exit_epoch=never, activation_epoch=epoch - period)
        shown = exiting.show(epoch * exiting.keel.profile.slots_per_epoch)
        exiting.ask(entry, exiting.manager, shown=shown)

    def test_is_by_a_state_of_the_last_hour(self, exiting: Exiting) -> None:
        """REQ-1: an older one may not show that the validator leaves by now."""
        (entry,) = exiting.active(0)
        rpc, seconds = exiting.keel.rpc, exiting.keel.profile.seconds_per_slot
        slot, root = exiting.slot, public_key_hash(entry.pubkey)
        shown_time = exiting.keel.configuration.genesis_time + slot * seconds
        last = shown_time + rules.OLDEST_STATE_SECONDS
        jump_to(rpc, last - 1)
        shown = exiting.show(slot)
        with reverting(rpc):
            set_next_timestamp(rpc, last + 1)
            with fails("StateTooOld", pubkeyRoot=root, since=shown_time + 1, shownTime=shown_time):
                exiting.ask(entry, exiting.manager, shown=shown)
        set_next_timestamp(rpc, last)
        exiting.ask(entry, exiting.manager, shown=shown)

    def test_leads_to_a_real_block(self, exiting: Exiting) -> None:
        """The same validator with another activation epoch is refused."""
        (entry,) = exiting.active(0)
        shown = exiting.show()
        block, index, validator, branch = shown.key(entry.pubkey)
        forged = (*validator[:5], 1, *validator[6:])
        with leads_elsewhere(shown.prover.tree.header_fields.root):
            exiting.exits.requestExit.send(
                entry.pubkey,
                *(block, index, forged, branch),
                sender=exiting.manager,
                value_wei=GENEROUS_WEI,
            )
