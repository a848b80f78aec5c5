"""What members send: JSON that keeps every number, and refusals of everything else."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keel.committee.messages import (
    OperatorMessage,
    OperatorsMessage,
    SignedBallot,
    first_fault,
)
from keel.model.commitment import OperatorTotals
from keel.model.report import Report
from tests.unit.committee.committee_examples import CHAIN_ID, MEMBERS, ORACLE, ballot, signed

REPORTS = st.builds(
    Report,
    ref_slot=st.integers(0, 2**40),
    consensus_balance_gwei=st.integers(0, 2**64 - 1),
    withdrawal_vault_balance_wei=st.integers(0, 2**128 - 1),
    rewards_vault_balance_wei=st.integers(0, 2**128 - 1),
    active_validators=st.integers(0, 2**32 - 1),
    exited_validators=st.integers(0, 2**32 - 1),
    slashed_validators=st.integers(0, 2**32 - 1),
    active_balance_gwei=st.integers(0, 2**64 - 1),
    operators_bps=st.integers(0, 2**16 - 1),
    charged_shares=st.integers(0, 2**128 - 1),
    operators_root=st.binary(min_size=32, max_size=32),
    validators_root=st.binary(min_size=32, max_size=32),
)


@given(REPORTS)
def test_a_ballot_survives_the_wire(report: Report) -> None:
    sent = signed(MEMBERS[0], report)
    received = SignedBallot.model_validate_json(sent.model_dump_json())
    assert received == sent
    assert received.ballot(CHAIN_ID, ORACLE) == ballot(report)


def test_numbers_are_decimal_strings_and_bytes_hexadecimal() -> None:
    written = orjson.loads(signed(MEMBERS[0]).model_dump_json())
    assert written["report"]["consensus_balance_gwei"] == "32000000000"
    assert written["report"]["operators_root"] == "0x" + "01" * 32
    assert written["member_set_nonce"] == "1"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("report", "ref_slot"), 95),
        (("report", "ref_slot"), "-1"),
        (("report", "ref_slot"), "1e3"),
        (("report", "ref_slot"), " 95"),
        (("report", "ref_slot"), "²"),
        (("report", "ref_slot"), str(2**64)),
        (("report", "active_validators"), str(2**32)),
        (("report", "rewards_vault_balance_wei"), str(2**128)),
        (("report", "active_balance_gwei"), str(2**64)),
        (("report", "operators_bps"), str(2**16)),
        (("report", "charged_shares"), str(2**128)),
        (("report", "operators_root"), "0x" + "00" * 31),
        (("report", "operators_root"), "00" * 32),
        (("report", "unknown"), "1"),
        (("deadline",), "9" * 79),
        (("deadline",), None),
        (("signer",), "0x12"),
        (("signer",), 5),
        (("signature",), "0x" + "00" * 4097),
        (("signature",), "0xzz"),
    ],
)
def test_a_field_of_another_kind_or_size_is_refused(path: tuple[str, ...], value: Any) -> None:
    written = orjson.loads(signed(MEMBERS[0]).model_dump_json())
    place = written if len(path) == 1 else written[path[0]]
    place[path[-1]] = value
    with pytest.raises(ValidationError) as refused:
        SignedBallot.model_validate_json(orjson.dumps(written))
    assert refused.value.errors()[0]["loc"] == path


@pytest.mark.parametrize("field", ["active_balance_gwei", "operators_bps", "charged_shares"])
def test_a_ballot_of_the_form_of_before_is_refused_by_the_field_it_lacks(field: str) -> None:
    written = orjson.loads(signed(MEMBERS[0]).model_dump_json())
    del written["report"][field]
    with pytest.raises(ValidationError) as refused:
        SignedBallot.model_validate_json(orjson.dumps(written))
    assert first_fault(refused.value) == f"'report.{field}': Field required"


def test_a_leaf_of_the_form_of_before_is_refused_by_the_first_field_it_lacks() -> None:
    five = ("operator_id", "active", "exited", "slashed", "cumulative_reward_shares")
    written = {"operators": [dict.fromkeys(five, "1")]}
    with pytest.raises(ValidationError) as refused:
        OperatorsMessage.model_validate_json(orjson.dumps(written))
    place = "operators.0.cumulative_charged_shares"
    assert first_fault(refused.value) == f"'{place}': Field required"


def test_a_fault_is_one_short_line_whatever_name_a_field_was_given() -> None:
    written = orjson.loads(signed(MEMBERS[0]).model_dump_json())
    written["a\nb\x1b[31m" + "c" * 9000] = "1"
    with pytest.raises(ValidationError) as refused:
        SignedBallot.model_validate_json(orjson.dumps(written))
    fault = first_fault(refused.value)
    assert fault.isprintable()
    assert len(fault) < 160


@given(st.lists(st.builds(OperatorTotals, *[st.integers(0, 2**256 - 1)] * 8), max_size=5))
def test_leaves_survive_the_wire(leaves: list[OperatorTotals]) -> None:
    sent = OperatorsMessage(operators=tuple(OperatorMessage.of(totals) for totals in leaves))
    received = OperatorsMessage.model_validate_json(sent.model_dump_json())
    assert received.leaves == tuple(leaves)
