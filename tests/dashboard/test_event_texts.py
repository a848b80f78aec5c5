"""Events in words: each that moves something carries the amount, exactly."""

from collections import namedtuple
from dataclasses import replace
from typing import Any

import pytest

from keel.chain.abi import AbiEvent, Event, Log
from keel.dashboard.deployment import TOLD
from keel.dashboard.event_texts import tell_recent
from keel.dashboard.pieces import Amount, When
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import CONTRACT_NAMES
from keel.deploy.plan import abi_artifact
from keel.model.constants import ETHER, FUND_VIRTUAL_SHARES, GWEI, SHARES_PER_UNIT
from keel.model.exit_reason import ExitReason
from keel.sight.event_index import Happened

_HASH = "0x" + "ab" * 32
_MOVES_NOTHING = {
    ("registry", "OperatorAdded"),
    ("registry", "OperatorSet"),
    ("registry", "CommissionSet"),
    ("oracle", "MemberAdded"),
    ("oracle", "MemberRemoved"),
    ("oracle", "QuorumSet"),
    ("queue", "IndexLowered"),
    ("exits", "ExitEnded"),
    ("exits", "ConsolidationRequested"),
    ("registry", "OperatorUnfrozen"),
    ("registry", "KeyWithdrawn"),  # what a validator pays out reaches the vault by itself
    ("registry", "KeysMerged"),
    ("vault", "Paused"),
    ("instant", "Paused"),
    ("vault", "LossAnnouncementOpened"),  # its LossAnnounced is told
    ("registry", "KeyPredeposited"),  # always 1 ETH, of the operator's
    ("registry", "KeyProven"),
    ("registry", "KeyForeign"),
    ("registry", "KeyDropped"),
    ("registry", "KeyStaked"),  # its Staked is told
    ("wrapped", "Transfer"),  # its Deposit and Withdraw are told
    ("instant", "TermsSet"),
    ("vault", "ModulesSet"),
}
_REPORT = namedtuple(
    "_REPORT", "refSlot consensusBalanceGwei activeValidators exitedValidators slashedValidators"
)
_MODULES = namedtuple("_MODULES", "oracle fund proofs")


def happened(artifacts: Artifacts, field: str, name: str) -> Happened:
    """An event in which no two numbers are alike."""
    abi = abi_artifact(artifacts, CONTRACT_NAMES[field]).abi
    event = abi.events[abi.topic(name)]
    address = f"0x{1:040x}"
    log = Log(address, (), b"", 0, 7, _HASH)
    return Happened(field, Event(name, _inputs(event), log), 1_700_000_000)


def _inputs(event: AbiEvent) -> dict[str, Any]:
    values: dict[str, Any] = {}
    pairs = zip(event.signature.names, event.signature.types, strict=True)
    for place, (name, kind) in enumerate(pairs):
        number = (place + 1) * 10**21 + 7
        if kind == "address":
            values[name] = f"0x{place + 1:040x}"
        elif name == "modules":
            values[name] = _MODULES(*(f"0x{number:040x}" for number in range(3)))
        elif kind.startswith("("):
            values[name] = _REPORT(95, number // GWEI, 2, 0, 0)
        elif kind == "bytes":
            values[name] = bytes(48)
        elif kind == "bytes32":
            values[name] = bytes(32)
        elif kind == "string":
            values[name] = "Harbour"
        elif kind == "bool":
            values[name] = True
        else:
            values[name] = place % 2 if kind == "uint8" else number
    return values


@pytest.mark.parametrize(
    ("field", "name"), [(field, name) for field, names in TOLD.items() for name in names]
)
def test_every_event_that_moves_something_tells_its_amount(
    artifacts: Artifacts, field: str, name: str
) -> None:
    event = happened(artifacts, field, name)
    told = tell_recent([event])
    amounts = [p for line in told for p in line.pieces if isinstance(p, Amount)]
    if (field, name) in _MOVES_NOTHING:
        assert amounts == []
        return
    numbers = {v for v in event.inputs.values() if isinstance(v, int)}
    known = numbers | {n // SHARES_PER_UNIT for n in numbers}
    known |= {n // FUND_VIRTUAL_SHARES for n in numbers}
    known |= {event.inputs[n] * GWEI for n in ("balanceGwei", "amountGwei") if n in event.inputs}
    known |= {event.inputs[n] * 32 * ETHER for n in ("parts",) if n in event.inputs}
    known |= {
        report.consensusBalanceGwei * GWEI
        for report in event.inputs.values()
        if isinstance(report, _REPORT)
    }
    if name == "Rebased":
        known.add(event.inputs["assetsAfterWei"] - event.inputs["unvestedAfterWei"])
    assert amounts
    assert {amount.wei for amount in amounts} <= known


def words_of(artifacts: Artifacts, name: str) -> str:
    (told,) = tell_recent([happened(artifacts, "registry", name)])
    return "".join(piece for piece in told.pieces if isinstance(piece, str))


def test_keys_of_one_transaction_are_told_in_one_line(artifacts: Artifacts) -> None:
    one = happened(artifacts, "registry", "KeyProven")
    another = replace(one, event=replace(one.event, inputs={**one.inputs, "operatorId": 5}))
    first, second = tell_recent([one, one, one, another])
    assert first.pieces == ("1 key of operator 5 proven: its validator pays to Keel",)
    (words,) = second.pieces
    assert str(words).startswith("3 keys of operator ")


def test_a_loss_says_first_what_forfeited_bonds_bore(artifacts: Artifacts) -> None:
    event = happened(artifacts, "vault", "LossAbsorbed")
    (told,) = tell_recent([event])
    parts = ("lossWei", "bondWei", "unvestedWei", "coverWei", "holdersWei", "ticketsWei")
    shown = [piece.wei for piece in told.pieces if isinstance(piece, Amount)]
    assert shown == [event.inputs[part] for part in parts]


def test_validators_that_are_paid_out_are_told_together(artifacts: Artifacts) -> None:
    one = happened(artifacts, "registry", "KeyWithdrawn")
    operator = one.inputs["operatorId"]
    (alone,), (both,) = (tell_recent([one] * n) for n in (1, 2))
    assert alone.pieces == (f"1 key of operator {operator} proven: its validator is paid out",)
    assert both.pieces == (f"2 keys of operator {operator} proven: their validators are paid out",)


def test_every_reason_of_an_exit_has_words_of_its_own(artifacts: Artifacts) -> None:
    one = happened(artifacts, "exits", "ExitRequested")
    asked = [
        replace(one, event=replace(one.event, inputs={**one.event.inputs, "reason": int(reason)}))
        for reason in ExitReason
    ]
    told = {tell_recent([each])[0].pieces[-1] for each in asked}
    assert len(told) == len(ExitReason)


def test_an_operator_s_limit_is_written_like_every_number(artifacts: Artifacts) -> None:
    event = happened(artifacts, "registry", "OperatorSet").event
    assert f"limit {event.inputs['limit']:,} validators" in words_of(artifacts, "OperatorSet")


def test_a_pause_says_until_when(artifacts: Artifacts) -> None:
    event = happened(artifacts, "instant", "Paused")
    assert When(event.inputs["until"]) in tell_recent([event])[0].pieces
