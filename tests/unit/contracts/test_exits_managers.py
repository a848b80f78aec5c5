"""Exits: what managers alone ask for, partial withdrawals and consolidations (REQ-6, REQ-7)."""

from collections.abc import Sequence
from hashlib import sha256

import pytest

from keel.chain.state import set_runtime_code
from keel.chain.system_contracts import (
    CONSOLIDATION_REQUESTS,
    ConsolidationRequest,
    WithdrawalRequest,
    dequeue_consolidation_requests,
    dequeue_withdrawal_requests,
)
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.commitment import public_key_hash
from keel.model.constants import BPS
from keel.model.key_stage import Stage
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.exiting import GENEROUS_WEI, Exiting, with_operators
from tests.unit.contracts.validators import bring_to

type Entries = Sequence[DepositDataEntry]


@pytest.fixture
def exiting(keel: Keel) -> Exiting:
    """Two operators of one manager."""
    return with_operators(keel, BPS, BPS)


def withdraw_part(
    exiting: Exiting, entries: Entries, amounts_gwei: Sequence[int], sender: str | None = None
) -> Receipt:
    """Ask for partial withdrawals, as the manager by default."""
    return exiting.exits.requestPartialWithdrawals.send(
        [entry.pubkey for entry in entries],
        amounts_gwei,
        sender=sender or exiting.manager,
        value_wei=GENEROUS_WEI,
    )


def consolidate(
    exiting: Exiting, sources: Entries, targets: Entries, sender: str | None = None
) -> Receipt:
    """Ask for consolidations, as the manager by default."""
    return exiting.exits.requestConsolidations.send(
        [entry.pubkey for entry in sources],
        [entry.pubkey for entry in targets],
        sender=sender or exiting.manager,
        value_wei=GENEROUS_WEI,
    )


def root_of(entry: DepositDataEntry) -> bytes:
    """SSZ root of the public key."""
    return public_key_hash(entry.pubkey)


class TestPartialWithdrawals:
    def test_reach_the_system_contract_with_their_amounts(self, exiting: Exiting) -> None:
        """They count for nothing until the ether is there."""
        entries = exiting.active(0, 2)
        receipt = withdraw_part(exiting, entries, [1, 2**64 - 1])
        vault = exiting.keel.quick.withdrawal_vault.address
        assert dequeue_withdrawal_requests(exiting.keel.rpc) == [
            WithdrawalRequest(vault, entries[0].pubkey, 1),
            WithdrawalRequest(vault, entries[1].pubkey, 2**64 - 1),
        ]
        asked = exiting.exits.events(receipt, "PartialWithdrawalRequested")
        assert [tuple(event.inputs.values()) for event in asked] == [
            (0, root_of(entries[0]), 1),
            (0, root_of(entries[1]), 2**64 - 1),
        ]
        assert exiting.exits.leavingGwei() == 0

    def test_are_never_exits(self, exiting: Exiting) -> None:
        """EIP-7002 takes 0 for an exit, and that needs a proof and a reason."""
        entries = exiting.active(0, 2)
        with fails("ZeroAmount", position=1):
            withdraw_part(exiting, entries, [5, 0])

    def test_stop_once_an_exit_was_asked_for_or_shown(self, exiting: Exiting) -> None:
        """The chain ignores an exit while one is pending."""
        asked, left, free = exiting.active(0, 3)
        exiting.ask(asked, exiting.manager)
        exiting.leave(left)
        exiting.note(left)
        for entry in (asked, left):
            since = exiting.exits.leavingOf(root_of(entry)).since
            with fails("ExitUnderWay", pubkeyRoot=root_of(entry), since=since):
                withdraw_part(exiting, [free, entry], [1, 1])
        withdraw_part(exiting, [free], [1])


class TestConsolidations:
    def test_reach_the_system_contract_with_both_keys(self, exiting: Exiting) -> None:
        """The second pair switches a validator to 0x02 credentials and merges nothing."""
        source, target, other = exiting.active(0, 3)
        receipt = consolidate(exiting, [source, other], [target, other])
        vault = exiting.keel.quick.withdrawal_vault.address
        assert dequeue_consolidation_requests(exiting.keel.rpc) == [
            ConsolidationRequest(vault, source.pubkey, target.pubkey),
            ConsolidationRequest(vault, other.pubkey, other.pubkey),
        ]
        asked = exiting.exits.events(receipt, "ConsolidationRequested")
        assert [tuple(event.inputs.values()) for event in asked] == [
            (0, root_of(source), root_of(target)),
            (0, root_of(other), root_of(other)),
        ]
        assert exiting.registry.mergesInto(root_of(source)) == root_of(target)
        assert exiting.registry.mergesInto(root_of(other)) == bytes(32)

    def test_are_of_keys_that_stay(self, exiting: Exiting) -> None:
        """Neither the source nor the target may be on its way out."""
        leaving, staying = exiting.active(0, 2)
        exiting.ask(leaving, exiting.manager)
        since = exiting.exits.leavingOf(root_of(leaving)).since
        for source, target in ((leaving, staying), (staying, leaving), (leaving, leaving)):
            with fails("ExitUnderWay", pubkeyRoot=root_of(leaving), since=since):
                consolidate(exiting, [source], [target])
        consolidate(exiting, [staying], [staying])

    def test_are_within_one_operator(self, exiting: Exiting) -> None:
        """Else bonds of one would stand for validators of another."""
        (one,), (other,) = exiting.active(0), exiting.active(1)
        with fails("NotKeyOf", operatorId=0, pubkeyRoot=root_of(other)):
            consolidate(exiting, [one], [other])

    def test_lead_no_key_back_to_itself(self, exiting: Exiting) -> None:
        """KEY-11: a key that merges is no target, so parts always find an end."""
        first, second, third = exiting.active(0, 3)
        consolidate(exiting, [first], [second])
        for source in (second, third):
            with fails("AlreadyMerges", pubkeyRoot=root_of(first)):
                consolidate(exiting, [source], [first])
        consolidate(exiting, [second], [third])

    def test_lead_a_key_to_one_other_only(self, exiting: Exiting) -> None:
        """KEY-11: the chain takes the first request, so its target keeps the bond's parts."""
        first, second, third = exiting.active(0, 3)
        consolidate(exiting, [first], [second])
        with fails("AlreadyMerges", pubkeyRoot=root_of(first)):
            consolidate(exiting, [first], [third])
        consolidate(exiting, [first], [second])
        assert exiting.registry.mergesInto(root_of(first)) == root_of(second)


class TestBoth:
    def test_are_the_managers_alone(self, exiting: Exiting) -> None:
        """Not those of another operator's manager, nor of anyone who has a role."""
        first, second = exiting.active(0, 2)
        keel = exiting.keel
        others = [keel.actors.operator_managers[1], keel.actors.guardian, keel.actors.governance]
        for caller in (str(account.address) for account in others):
            with fails("OnlyManager", operatorId=0, caller=caller):
                withdraw_part(exiting, [first], [1], sender=caller)
            with fails("OnlyManager", operatorId=0, caller=caller):
                consolidate(exiting, [first], [second], sender=caller)

    def test_of_another_managers_key_beside_ones_own_are_refused(self, exiting: Exiting) -> None:
        """Every key is checked, in each place."""
        (own,), (other,) = exiting.active(0), exiting.active(1)
        manager = str(exiting.keel.actors.operator_managers[1].address)
        exiting.keel.call_as_role(exiting.registry, "setManager", 1, manager)
        refused = {"operatorId": 1, "caller": exiting.manager}
        with fails("OnlyManager", **refused):
            withdraw_part(exiting, [own, other], [1, 1])
        with fails("OnlyManager", **refused):
            consolidate(exiting, [own], [other])
        with fails("OnlyManager", **refused):
            consolidate(exiting, [other], [own])

    @pytest.mark.parametrize(
        "stage", [Stage.NONE, Stage.PREDEPOSITED, Stage.PROVEN, Stage.FOREIGN, Stage.DROPPED]
    )
    def test_are_of_staked_keys(self, exiting: Exiting, stage: Stage) -> None:
        """What is not proven ours would get the balance of what is."""
        (staked,), (entry,) = exiting.active(0), exiting.new_entries(1)
        bring_to(exiting, 0, entry, stage)
        wrong = {"pubkeyRoot": root_of(entry), "stage": stage, "expected": Stage.STAKED}
        with fails("WrongStage", **wrong):
            withdraw_part(exiting, [staked, entry], [1, 1])
        for source, target in ((staked, entry), (entry, staked)):
            with fails("WrongStage", **wrong):
                consolidate(exiting, [source], [target])

    @pytest.mark.parametrize("length", [0, 47, 49, 96])
    def test_of_a_key_of_another_length_are_refused(self, exiting: Exiting, length: int) -> None:
        """No key that the registry knows has such a root, not even one that begins like it."""
        (entry,) = exiting.active(0)
        pubkey = (entry.pubkey + bytes(48))[:length]
        root = sha256(pubkey + bytes(16)).digest()
        with fails("WrongStage", pubkeyRoot=root, stage=Stage.NONE, expected=Stage.STAKED):
            exiting.exits.requestPartialWithdrawals.send(
                [pubkey], [1], sender=exiting.manager, value_wei=1
            )
        with fails("WrongStage", pubkeyRoot=root, stage=Stage.NONE, expected=Stage.STAKED):
            exiting.exits.requestConsolidations.send(
                [pubkey], [entry.pubkey], sender=exiting.manager, value_wei=1
            )

    def test_refuse_lists_of_different_lengths_and_empty_ones(self, exiting: Exiting) -> None:
        first, second = exiting.active(0, 2)
        with fails("LengthsDiffer", left=2, right=1):
            withdraw_part(exiting, [first, second], [1])
        with fails("LengthsDiffer", left=1, right=2):
            consolidate(exiting, [first], [first, second])
        with fails("NothingRequested"):
            withdraw_part(exiting, [], [])
        with fails("NothingRequested"):
            consolidate(exiting, [], [])

    def test_pay_the_fee_of_each(self, exiting: Exiting) -> None:
        first, second = exiting.active(0, 2)
        with fails("FeeTooLow", sentWei=1, neededWei=2):
            exiting.exits.requestPartialWithdrawals.send(
                [first.pubkey, second.pubkey], [1, 1], sender=exiting.manager, value_wei=1
            )
        with fails("FeeTooLow", sentWei=1, neededWei=2):
            exiting.exits.requestConsolidations.send(
                [first.pubkey] * 2, [second.pubkey] * 2, sender=exiting.manager, value_wei=1
            )

    def test_change_nothing_where_the_chain_lacks_the_system_contract(
        self, exiting: Exiting
    ) -> None:
        """A merge is undone with its request."""
        source, target = exiting.active(0, 2)
        set_runtime_code(exiting.keel.rpc, CONSOLIDATION_REQUESTS, b"")
        with fails("SystemCallFailed", system=CONSOLIDATION_REQUESTS):
            consolidate(exiting, [source], [target])
        assert exiting.registry.mergesInto(root_of(source)) == bytes(32)
