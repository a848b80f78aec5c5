"""Members that are contracts, asked whether they accept a signature (ERC-1271)."""

from keel.chain.contract import Contract
from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient

MAGIC = bytes.fromhex("1626ba7e")
"""What a contract answers that accepts: the selector of isValidSignature."""

_MEMBER_GAS = 195_000
"""A little less than the oracle gives, so that nobody who counts here fails there."""

_TRANSACTION_GAS, _ZERO_BYTE_GAS, _BYTE_GAS = 21_000, 4, 16  # before any code runs

_ABI = [
    {
        "type": "function",
        "name": "isValidSignature",
        "inputs": [{"name": "hash", "type": "bytes32"}, {"name": "signature", "type": "bytes"}],
        "outputs": [{"name": "", "type": "bytes32"}],
    }
]


def accepts(
    rpc: RpcClient, member: str, digest: bytes, signature: bytes, block: int | str = "latest"
) -> bool:
    """Whether a member that is a contract accepts a signature, as the oracle will ask it."""
    question = Contract(rpc, member, _ABI).function("isValidSignature").prepare(digest, signature)
    data = bytes.fromhex(question.request["data"][2:])
    before = _TRANSACTION_GAS + sum(_BYTE_GAS if byte else _ZERO_BYTE_GAS for byte in data)
    request = {**question.request, "gas": hex(before + _MEMBER_GAS)}
    try:
        answer = rpc.call("eth_call", request, hex(block) if isinstance(block, int) else block)
    except RpcError:
        return False
    # The oracle reads 32 bytes, whatever follows.
    return str(answer).startswith("0x" + (MAGIC + bytes(28)).hex())
