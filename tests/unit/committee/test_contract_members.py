"""Members that are contracts: a member asks them as the oracle will."""

import pytest
from ape.contracts import ContractContainer
from eth_account import Account

from keel.chain.abi import Abi
from keel.chain.contract import deploy
from keel.committee.ballot import digest, sign
from keel.committee.contract_members import accepts
from tests.deployment import Keel
from tests.unit.committee.committee_examples import LIE, ballot

OWNER = Account.from_key(b"\x07" * 32)
HONEST, REFUSING, REVERTING, BURNING_GAS, ANSWERING_SHORT, ANSWERING_LONG = range(6)


@pytest.mark.parametrize(
    ("conduct", "answer"),
    [
        (HONEST, True),
        (REFUSING, False),
        (REVERTING, False),
        (BURNING_GAS, False),
        (ANSWERING_SHORT, False),
        (ANSWERING_LONG, True),
    ],
)
def test_a_contract_is_believed_exactly_when_the_oracle_will_believe_it(
    keel: Keel, test_contracts: dict[str, ContractContainer], conduct: int, answer: bool
) -> None:
    compiled = test_contracts["TestMember"].contract_type
    abi = Abi(entry.model_dump(mode="json") for entry in compiled.abi)
    assert compiled.deployment_bytecode is not None
    code = bytes(compiled.deployment_bytecode.to_bytes())
    sender = keel.actors.stranger.address
    member, _ = deploy(keel.rpc, abi, code, OWNER.address, conduct, sender=sender)
    (signature,) = sign(ballot(), [OWNER])
    signed = digest(ballot())
    assert accepts(keel.rpc, member.address, signed, signature.signature) is answer
    if conduct == HONEST:
        assert not accepts(keel.rpc, member.address, digest(ballot(LIE)), signature.signature)


def test_an_account_without_code_accepts_nothing(keel: Keel) -> None:
    assert not accepts(keel.rpc, OWNER.address, digest(ballot()), b"")
