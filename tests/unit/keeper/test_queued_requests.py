"""Which requests that wait in the contract of EIP-7002 are exits that Keel asked for."""

import orjson
import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import word
from keel.keeper.state_reader import queued_requests
from tests.unit.keeper.views import pubkey
from tests.unit.nodes.node_servers import Answer, serving

VAULT = "0x4b00000000000000000000000000000000000A4b"
STRANGER = "0x" + "77" * 20
QUEUE_AT = 4


def request(source: str, key: bytes, amount_gwei: int) -> list[bytes]:
    """Three words, as the contract stores one."""
    data = key + amount_gwei.to_bytes(8)
    return [bytes(12) + bytes.fromhex(source[2:]), data[:32], data[32:] + bytes(8)]


@pytest.mark.parametrize(
    ("source", "amount_gwei", "is_ours"),
    [(VAULT, 0, True), (STRANGER, 0, False), (VAULT, 1, False)],
    ids=["exit", "foreign", "partial"],
)
def test_a_foreign_request_and_a_partial_withdrawal_are_no_exit_of_ours(
    source: str, amount_gwei: int, is_ours: bool
) -> None:
    """The chain ignores what comes of another address than the credentials'."""
    words = [*request(VAULT, pubkey(1), 0), *request(source, pubkey(2), amount_gwei)]
    stored = {2: 0, 3: 2} | {QUEUE_AT + n: int.from_bytes(word) for n, word in enumerate(words)}

    def answer(_path: str, body: bytes) -> Answer:
        asked = [(one["id"], word(stored[int(one["params"][1], 16)])) for one in orjson.loads(body)]
        told = [{"jsonrpc": "2.0", "id": number, "result": result} for number, result in asked]
        return Answer(orjson.dumps(told))

    with serving(answer) as url, RpcClient(url) as rpc:
        found = queued_requests(rpc, 500, VAULT)
    assert found == {pubkey(1)} | ({pubkey(2)} if is_ours else set())
