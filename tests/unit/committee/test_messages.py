"""What members send: JSON that keeps every number, and refusals of everything else."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keel.committee.messages import OperatorMessage, OperatorsMessage, SignedBallot
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


@given(st.lists(st.builds(OperatorTotals, *[st.integers(0, 2**256 - 1)] * 5), max_size=5))
def test_leaves_survive_the_wire(leaves: list[OperatorTotals]) -> None:
    sent = OperatorsMessage(operators=tuple(OperatorMessage.of(totals) for totals in leaves))
    received = OperatorsMessage.model_validate_json(sent.model_dump_json())
    assert received.leaves == tuple(leaves)
