"""How each number of a report is computed, for people and for programs."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from keel.deploy.manifest import json_safe
from keel.formatting.amounts import exact_ether, shown_bps
from keel.formatting.names import in_markup
from keel.formatting.tables import plain_table
from keel.model.constants import GWEI
from keel.reporter.assessment import Assessment, ForeignKey, OperatorAssessment
from keel.sight.consensus_view import NO_INDEX, ConsensusView
from keel.sight.protocol_view import ProtocolView
from keel.sight.slot_view import SlotView

FLAGS = "source", "target", "head"
"""Participation flags by their bits."""


@dataclass(frozen=True, slots=True)
class ListedValidator:
    """One recorded key at the reference slot; `index` is None for a key that is no validator.

    In C it counts by `balance_gwei`, pending deposits included, less `penalty_gwei`.
    """

    index: int | None
    pubkey: bytes
    operator_id: int
    status: str
    balance_gwei: int
    penalty_gwei: int
    effective_gwei: int
    flags: tuple[str, ...]


def explanation(assessment: Assessment) -> Iterable[RenderableType]:
    """Everything but the single validators; amounts in ETH to the last gwei or wei."""
    report = assessment.report
    yield Text(
        f"Report of reference slot {report.ref_slot} (epoch {assessment.epoch}), whose state "
        f"names execution block {assessment.block_number}\n  0x{assessment.block_hash.hex()}\n"
        "Amounts are ETH."
    )
    yield _fields(assessment)
    yield _operators(assessment)
    yield _rewards(assessment)
    yield Text(_shares_line(assessment))
    yield Text(f"previous operatorsRoot\n  0x{assessment.previous_root.hex()}")
    yield Text(f"operatorsRoot\n  0x{report.operators_root.hex()}")
    yield Text(f"validatorsRoot\n  0x{report.validators_root.hex()}")
    if assessment.foreign:
        yield _foreign(assessment.foreign)


def validators_tables(consensus: ConsensusView, protocol: ProtocolView) -> Iterator[Table]:
    """Every recorded key, one table for each operator."""
    listed = listed_validators(consensus, protocol)
    for operator_id in sorted({one.operator_id for one in listed}):
        name = in_markup(protocol.operator_names.get(operator_id, ""))
        columns = (
            ">index",
            "public key",
            "status",
            ">balance",
            ">penalty",
            ">effective",
            "flags earned",
        )
        table = plain_table(*columns, title=f"Validators of operator {operator_id}, {name}")
        for one in listed:
            if one.operator_id == operator_id:
                table.add_row(
                    "" if one.index is None else str(one.index),
                    f"0x{one.pubkey.hex()}",
                    one.status,
                    _ether(one.balance_gwei),
                    _ether(one.penalty_gwei),
                    _ether(one.effective_gwei),
                    ", ".join(one.flags),
                )
        yield table


def listed_validators(consensus: ConsensusView, protocol: ProtocolView) -> list[ListedValidator]:
    """Every recorded key in the order of staking; balances hold pending deposits too."""
    recorded = protocol.recorded
    balances = (consensus.balance_gwei + consensus.pending_gwei).tolist()
    return [
        ListedValidator(
            index=None if index == NO_INDEX else index,
            pubkey=recorded.pubkey(place),
            operator_id=int(recorded.operator_ids[place]),
            status=_status(consensus, place),
            balance_gwei=balances[place],
            penalty_gwei=int(consensus.penalty_gwei[place]),
            effective_gwei=int(consensus.effective_gwei[place]),
            flags=_flags(int(consensus.participation[place])),
        )
        for place, index in enumerate(consensus.index.tolist())
    ]


def explanation_json(assessment: Assessment, view: SlotView, *, validators: bool) -> str:
    """Everything that `explanation` shows, and the validators if asked for."""
    document: dict[str, Any] = {
        **asdict(assessment),
        "state_root": view.state_root,
        "state_bytes": view.state_bytes,
    }
    if validators:
        listed = listed_validators(view.consensus, view.protocol)
        document["validators"] = [asdict(one) for one in listed]
    return orjson.dumps(json_safe(document), option=orjson.OPT_INDENT_2).decode()


def _fields(assessment: Assessment) -> Table:
    report = assessment.report
    at_block = f"held at block {assessment.block_number}"
    table = plain_table("", ">value", "how")
    for row in (
        (
            "consensus balance (C)",
            _ether(report.consensus_balance_gwei),
            f"{_ether(assessment.validators_gwei)} of validators "
            f"+ {_ether(assessment.pending_gwei)} in pending deposits "
            f"- {_ether(assessment.penalties_gwei)} of penalties to come",
        ),
        ("withdrawal vault (W)", exact_ether(report.withdrawal_vault_balance_wei), at_block),
        ("rewards vault (R)", exact_ether(report.rewards_vault_balance_wei), at_block),
        ("active validators", str(report.active_validators), "at the epoch of the slot"),
        ("what they have in C", _ether(report.active_balance_gwei), "without pending deposits"),
        ("exited validators", str(report.exited_validators), "exit epoch reached"),
        ("slashed validators", str(report.slashed_validators), "active or exited"),
        (
            "operators' part of profit",
            shown_bps(report.operators_bps),
            f"mean of their commissions by weight, over {assessment.covered_seconds:,} s",
        ),
    ):
        table.add_row(*row)
    return table


def _operators(assessment: Assessment) -> Table:
    columns = (">active", ">exited", ">slashed", ">pending", ">part of C", ">pending", ">penalties")
    table = plain_table("operator", *columns, title="Validators by operator")
    table.show_footer = True
    for one in assessment.operators:
        table.add_row(
            _name(one),
            *map(str, (one.active, one.exited, one.slashed, one.pending)),
            _ether(one.balance_gwei),
            _ether(one.pending_gwei),
            _ether(one.penalty_gwei),
        )
    sums = [str(sum(one.pending for one in assessment.operators))]
    report = assessment.report
    counts = (report.active_validators, report.exited_validators, report.slashed_validators)
    balances = (
        report.consensus_balance_gwei,
        assessment.pending_gwei,
        assessment.penalties_gwei,
    )
    footers = ["together", *map(str, counts), *sums, *map(_ether, balances)]
    for column, footer in zip(table.columns, footers, strict=True):
        column.footer = footer
    return table


def _rewards(assessment: Assessment) -> Table:
    columns = (
        ">effective",
        ">performance",
        ">weight",
        ">commission",
        ">part",
        ">shares added",
        ">cumulative",
    )
    table = plain_table("operator", *columns, title="Rewards by operator")
    total = sum(one.weight * one.commission_bps_seconds for one in assessment.operators)
    for one in assessment.operators:
        table.add_row(
            _name(one),
            _ether(one.effective_gwei),
            performance(one),
            f"{one.weight:,}",
            commission(one, assessment.covered_seconds),
            _percent(one.weight * one.commission_bps_seconds, total),
            f"{one.added_shares:,}",
            f"{one.cumulative_reward_shares:,}",
        )
    return table


def performance(operator: OperatorAssessment) -> str:
    """Part of the participation that its validators with duties could have earned."""
    return _percent(operator.weight, operator.full_weight)


def commission(operator: OperatorAssessment, covered_seconds: int) -> str:
    """Mean commission of the seconds that the report covers, rounded down (COM-2)."""
    return _percent(operator.commission_bps_seconds, covered_seconds * 10_000)


def _percent(part: int, whole: int) -> str:
    return f"{part * 10_000 // whole / 100:.2f} %" if whole else "-"


def _shares_line(assessment: Assessment) -> str:
    previous = assessment.minted_shares - assessment.undistributed_shares
    added = assessment.added_shares
    return (
        f"{assessment.minted_shares:,} shares minted for operators "
        f"- {previous:,} in the previous leaves = {assessment.undistributed_shares:,} to divide "
        f"by weight times commission: {added:,} added, "
        f"{assessment.undistributed_shares - added:,} wait."
    )


def _foreign(foreign: tuple[ForeignKey, ...]) -> Table:
    title = "Keys with other withdrawal credentials: their ether is lost to Keel and counts nowhere"
    table = plain_table("operator", ">index", "public key", ">balance", title=title)
    for key in foreign:
        index = "" if key.index == NO_INDEX else str(key.index)
        table.add_row(
            str(key.operator_id), index, f"0x{key.pubkey.hex()}", _ether(key.balance_gwei)
        )
    return table


def _status(consensus: ConsensusView, place: int) -> str:
    if consensus.foreign[place]:
        return "foreign"
    if not consensus.known[place]:
        return "not in the state"
    if consensus.exited[place]:
        status = "exited"
    elif consensus.active[place]:
        status = "active"
    else:
        status = "pending"
    return f"{status}, slashed" if consensus.slashed[place] else status


def _flags(participation: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(FLAGS) if participation >> bit & 1)


def _name(operator: OperatorAssessment) -> str:
    return f"{operator.operator_id} {in_markup(operator.name)}".strip()


def _ether(amount_gwei: int) -> str:
    return exact_ether(amount_gwei * GWEI)
