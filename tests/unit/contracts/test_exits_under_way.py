"""Exits: what is under way, from the request to the payment (REQ-2)."""

from typing import Any

import pytest
from ape.contracts import ContractContainer

from keel.chain.contract import Contract, deploy
from keel.chain.state import balance_wei
from keel.chain.system_contracts import dequeue_withdrawal_requests
from keel.model.commitment import public_key_hash
from keel.model.constants import BPS, ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.exiting import GENEROUS_WEI, PART_GWEI, Exiting, with_operators
from tests.unit.contracts.hands import deploy_test_contract
from tests.unit.contracts.validators import leads_elsewhere

SLASHED, WITHDRAWN = 6, 7
NEVER = 2**64 - 1
AGAIN = 5
NOBODY = "0x" + "0" * 40


@pytest.fixture
def exiting(keel: Keel) -> Exiting:
    """One operator; tickets lack 20 ETH once its validators are staked."""
    return with_operators(keel, BPS)


def lack_ether(exiting: Exiting) -> None:
    """Let a ticket ask for 20 ETH more than there is."""
    exiting.request_ticket(exiting.keel.quick.vault.bufferedWei() + 20 * ETHER)


class TestRequest:
    def test_that_the_chain_ignored_is_made_again_without_a_reason(self, exiting: Exiting) -> None:
        """Nothing counts twice, and nothing is drawn twice."""
        first, second = exiting.active(0, 2)
        lack_ether(exiting)
        exiting.ask(first)
        before = exiting.exits.exitsAvailable()
        dequeue_withdrawal_requests(exiting.keel.rpc)
        exiting.wait_for_a_state()
        receipt = exiting.ask(first)
        (event,) = exiting.exits.events(receipt, "ExitRequested")
        assert event.inputs["reason"] == AGAIN
        (request,) = dequeue_withdrawal_requests(exiting.keel.rpc)
        assert request.validator_pubkey == first.pubkey
        assert exiting.leaving(first) == (PART_GWEI, 1, True)
        assert exiting.exits.leavingGwei() == PART_GWEI
        assert exiting.exits.standing(0)[0] == 1
        assert exiting.exits.exitsAvailable() >= before
        with fails("NothingMissing"):
            exiting.ask(second)

    def test_is_made_again_by_a_state_that_includes_it_alone(self, exiting: Exiting) -> None:
        """A state of the slot before shows nothing of what the chain did with it."""
        (entry,) = exiting.active(0)
        exiting.ask(entry, exiting.manager)
        since = exiting.exits.leavingOf(public_key_hash(entry.pubkey)).since
        exiting.wait_for_a_state()
        config, seconds = exiting.keel.configuration, exiting.keel.profile.seconds_per_slot
        including = -((config.genesis_time - since) // seconds)
        before = exiting.show(including - 1)
        shown_time = config.genesis_time + (including - 1) * seconds
        root = public_key_hash(entry.pubkey)
        with fails("StateTooOld", pubkeyRoot=root, since=since, shownTime=shown_time):
            exiting.ask(entry, exiting.manager, shown=before)
        exiting.ask(entry, shown=exiting.show(including))

    def test_is_counted_with_what_the_validator_has_when_it_is_made_again(
        self, exiting: Exiting
    ) -> None:
        (entry,) = exiting.active(0)
        exiting.ask(entry, exiting.manager)
        exiting.wait_for_a_state()
        exiting.change(entry, 48)
        exiting.ask(entry)
        assert exiting.exits.leavingGwei() == 48 * 10**9


class TestNote:
    def test_counts_a_validator_that_left_by_its_own_key(self, exiting: Exiting) -> None:
        """So no other is asked for in its place."""
        own, other = exiting.active(0, 2)
        lack_ether(exiting)
        exiting.leave(own)
        receipt = exiting.note(own)
        (event,) = exiting.exits.events(receipt, "ExitNoted")
        assert tuple(event.inputs.values()) == (0, public_key_hash(own.pubkey), PART_GWEI)
        assert exiting.leaving(own) == (PART_GWEI, 1, False)
        assert exiting.exits.standing(0)[0] == 1
        with fails("NothingMissing"):
            exiting.ask(other)

    def test_counts_once(self, exiting: Exiting) -> None:
        """Whether it was noted or asked for before."""
        noted, asked = exiting.active(0, 2)
        exiting.ask(asked, exiting.manager)
        for entry in (noted, asked):
            exiting.leave(entry)
        exiting.note(noted)
        for entry in (noted, asked):
            root = public_key_hash(entry.pubkey)
            since = exiting.exits.leavingOf(root).since
            with fails("ExitUnderWay", pubkeyRoot=root, since=since):
                exiting.note(entry)
        assert exiting.exits.leavingGwei() == 2 * PART_GWEI

    def test_is_refused_of_one_that_stays(self, exiting: Exiting) -> None:
        """An exit that was asked for is under way until the chain shows otherwise to a request."""
        stays, asked = exiting.active(0, 2)
        exiting.ask(asked, exiting.manager)
        exiting.wait_for_a_state()
        for entry in (stays, asked):
            with fails("NotLeaving", pubkeyRoot=public_key_hash(entry.pubkey), slashed=False):
                exiting.note(entry)

    def test_is_refused_of_one_that_is_slashed(self, exiting: Exiting) -> None:
        """Its ether comes too late for the tickets that wait."""
        (entry,) = exiting.active(0)
        exiting.change(entry, slashed=True, exit_epoch=9, withdrawable_epoch=99)
        with fails("NotLeaving", pubkeyRoot=public_key_hash(entry.pubkey), slashed=True):
            exiting.note(entry)

    def test_leads_to_a_real_block(self, exiting: Exiting) -> None:
        """Nobody takes ether for on its way that is not, by an exit epoch of its own making."""
        (entry,) = exiting.active(0)
        shown = exiting.show()
        block, index, validator, branch = shown.key(entry.pubkey)
        forged = (*validator[:6], exiting.epoch + 5, validator[7])
        with leads_elsewhere(shown.prover.tree.header_fields.root):
            exiting.exits.noteExit.send(block, index, forged, branch, sender=exiting.anyone)

    def test_that_a_broken_verifier_let_pass_is_taken_back(self, exiting: Exiting) -> None:
        """By a later state in which the validator has no exit epoch; it can be asked for then."""
        (entry,) = exiting.active(0)
        exiting.leave(entry)
        exiting.note(entry)
        exiting.change(entry, exit_epoch=NEVER, withdrawable_epoch=NEVER)
        since = exiting.exits.leavingOf(public_key_hash(entry.pubkey)).since
        slot = exiting.slot - 1
        seconds = exiting.keel.profile.seconds_per_slot
        with fails(
            "StateTooOld",
            pubkeyRoot=public_key_hash(entry.pubkey),
            since=since,
            shownTime=exiting.keel.configuration.genesis_time + slot * seconds,
        ):
            exiting.note(entry, slot)
        exiting.wait_for_a_state()
        exiting.note(entry)
        assert exiting.leaving(entry) == (0, 0, False)
        assert exiting.exits.leavingGwei() == 0
        assert exiting.exits.standing(0)[0] == 1
        lack_ether(exiting)
        exiting.ask(entry)


class TestEnd:
    def test_comes_with_the_proof_of_payment(self, exiting: Exiting) -> None:
        """The balance has come; the validator is still gone from its operator."""
        entry, other = exiting.active(0, 2)
        exiting.ask(entry, exiting.manager)
        with fails("NothingToEnd"):
            exiting.end(entry)
        exiting.withdraw(entry)
        receipt = exiting.end(other, entry)
        ended = [e.inputs["pubkeyRoot"] for e in exiting.exits.events(receipt, "ExitEnded")]
        assert ended == [public_key_hash(entry.pubkey)]
        assert exiting.exits.leavingGwei() == 0
        assert exiting.exits.standing(0)[0] == 1
        with fails("NothingToEnd"):
            exiting.end(other, entry)

    def test_comes_with_the_proof_of_a_slashing(self, exiting: Exiting) -> None:
        """Then tickets lack again what its exit would have brought."""
        entry, _ = exiting.active(0, 2)
        lack_ether(exiting)
        exiting.ask(entry)
        assert exiting.exits.missingWei() == 0
        exiting.slash(entry)
        exiting.end(entry)
        assert exiting.exits.missingWei() == 20 * ETHER
        assert exiting.exits.standing(0)[0] == 1

    def test_counts_as_gone_what_nobody_noted(self, exiting: Exiting) -> None:
        """A validator that was slashed and one that left unseen."""
        slashed, paid, _ = exiting.active(0, 3)
        exiting.slash(slashed)
        exiting.withdraw(paid)
        assert exiting.exits.standing(0)[0] == 3
        exiting.end(slashed, paid)
        assert exiting.exits.standing(0)[0] == 1

    def test_leaves_no_way_to_ask_again(self, exiting: Exiting) -> None:
        """The registry has the key as withdrawn."""
        (entry,) = exiting.active(0)
        exiting.ask(entry, exiting.manager)
        exiting.withdraw(entry)
        exiting.change(entry, exit_epoch=NEVER, withdrawable_epoch=NEVER)
        root = public_key_hash(entry.pubkey)
        with fails("WrongStage", pubkeyRoot=root, stage=WITHDRAWN, expected=3):
            exiting.ask(entry, exiting.manager)


class TestFee:
    def test_comes_with_the_call_and_the_rest_goes_back(self, exiting: Exiting) -> None:
        (entry,) = exiting.active(0)
        manager, rpc = exiting.manager, exiting.keel.rpc
        with fails("FeeTooLow", sentWei=0, neededWei=1):
            exiting.ask(entry, manager, value_wei=0)
        before_wei = balance_wei(rpc, manager)
        receipt = exiting.ask(entry, manager)
        assert balance_wei(rpc, manager) == before_wei - 1 - receipt.fee_wei
        for contract in (exiting.exits, exiting.keel.quick.withdrawal_vault):
            assert balance_wei(rpc, contract.address) == 0

    @pytest.fixture
    def caller(self, exiting: Exiting, test_contracts: dict[str, ContractContainer]) -> Contract:
        """A contract that asks, and decides what to do with the refund."""
        compiled = test_contracts["TestExitCaller"]
        return deploy_test_contract(exiting.keel, compiled, exiting.exits.address)

    def test_that_is_not_taken_back_undoes_the_request(
        self, exiting: Exiting, caller: Contract
    ) -> None:
        (entry,) = exiting.active(0)
        lack_ether(exiting)
        stranger = exiting.anyone
        data = exiting.exits.requestExit.encode(entry.pubkey, *exiting.show().key(entry.pubkey))
        caller.function("setOnRefund").send(1, b"", sender=stranger)
        with fails("RefundFailed", receiver=caller.address, amountWei=GENEROUS_WEI - 1):
            caller.function("ask").send(data, sender=stranger, value_wei=GENEROUS_WEI)
        assert exiting.leaving(entry) == (0, 0, False)
        caller.function("ask").send(data, sender=stranger, value_wei=1)
        assert exiting.leaving(entry) == (PART_GWEI, 1, True)

    def test_may_pay_for_another_request(self, exiting: Exiting, caller: Contract) -> None:
        """What was asked for counts before the refund, so the second one finds nothing missing."""
        first, second = exiting.active(0, 2)
        lack_ether(exiting)
        shown, stranger = exiting.show(), exiting.anyone
        one, two = (
            exiting.exits.requestExit.encode(e.pubkey, *shown.key(e.pubkey))
            for e in (first, second)
        )
        caller.function("setOnRefund").send(2, two, sender=stranger)
        with fails("RefundFailed", receiver=caller.address, amountWei=GENEROUS_WEI - 1):
            caller.function("ask").send(one, sender=stranger, value_wei=GENEROUS_WEI)
        exiting.request_ticket(32 * ETHER)
        caller.function("ask").send(one, sender=stranger, value_wei=GENEROUS_WEI)
        asked = dequeue_withdrawal_requests(exiting.keel.rpc)
        assert [request.validator_pubkey for request in asked] == [first.pubkey, second.pubkey]
        assert balance_wei(exiting.keel.rpc, caller.address) == GENEROUS_WEI - 2


@pytest.mark.parametrize("name", ["vault", "registry", "withdrawalVault", "rewardsVault"])
def test_is_not_constructed_without_an_address(keel: Keel, name: str) -> None:
    with fails("ZeroAddress", what=name):
        construct(keel, **{name: NOBODY})


@pytest.mark.parametrize(("gwei", "bound"), [(0, 1), (32 * 10**9 + 1, 32 * 10**9)])
def test_is_not_constructed_with_an_absence_beyond_its_bounds(
    keel: Keel, gwei: int, bound: int
) -> None:
    inputs = {"what": "absenceGweiPerDay", "value": gwei, "bound": bound}
    with fails("ParameterOutOfBounds", **inputs):
        construct(keel, absenceGweiPerDay=gwei)
    construct(keel, absenceGweiPerDay=32 * 10**9)


def construct(keel: Keel, **changes: Any) -> None:
    """Create another Exits from the plan's arguments with some changed."""
    step = keel.plan.step("Exits")
    arguments = {**step.arguments, **changes}
    code, abi = step.artifact.creation_code, step.artifact.abi
    deploy(keel.rpc, abi, code, *arguments.values(), sender=keel.actors.stranger.address)
