"""Members that are contracts, asked whether they accept a signature (ERC-1271)."""

from keel.chain.contract import Contract
from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient

MAGIC = bytes.fromhex("1626ba7e")
"""What a contract answers that accepts: the selector of isValidSignature."""

_GAS = 230_000
"""What the oracle gives, and about what asking costs without it; it asks no wallet for longer."""

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
    question = Contract(rpc, member, _ABI).prepare("isValidSignature", digest, signature)
    at = hex(block) if isinstance(block, int) else block
    try:
        answer = rpc.call("eth_call", {**question.request, "gas": hex(_GAS)}, at)
    except RpcError:
        return False
    return str(answer) == "0x" + (MAGIC + bytes(28)).hex()
