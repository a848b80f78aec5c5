"""What a reporter knows of the committee follows the chain (REP-7)."""

from keel.chain.state import block_head, set_runtime_code
from keel.committee.standing import StandingReader
from tests.deployment import Keel
from tests.unit.contracts.hands import report


def test_a_member_that_gets_code_is_a_contract_from_the_next_report_on(keel: Keel) -> None:
    reader = StandingReader(keel.quick, None)
    before = reader.read(block_head(keel.rpc))
    member = before.terms.members[0]
    assert before.terms.contracts == frozenset()
    set_runtime_code(keel.rpc, member, b"\x00")
    report(keel)
    after = reader.read(block_head(keel.rpc))
    assert after.terms.member_set_nonce == before.terms.member_set_nonce
    assert after.terms.contracts == {member}
