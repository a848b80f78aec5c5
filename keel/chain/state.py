"""Read the chain's state, and write it directly where Anvil allows."""

from dataclasses import dataclass

from keel.chain.abi import checksummed
from keel.chain.errors import UnknownBlockError
from keel.chain.rpc import RpcClient


@dataclass(frozen=True, slots=True)
class BlockHead:
    """The part of a block header that Keel reads."""

    number: int
    hash: str
    timestamp: int
    base_fee_wei: int
    gas_used: int


def chain_id(rpc: RpcClient) -> int:
    """Read the chain id of EIP-155."""
    return int(rpc.call("eth_chainId"), 16)


def block_head(rpc: RpcClient, block: int | str = "latest") -> BlockHead:
    """Head of a block given by number or tag; raises UnknownBlockError."""
    tag = hex(block) if isinstance(block, int) else block
    answer = rpc.call("eth_getBlockByNumber", tag, False)
    if answer is None:
        raise UnknownBlockError(f"there is no block {block}: the chain may have been reverted")
    return BlockHead(
        number=int(answer["number"], 16),
        hash=answer["hash"],
        timestamp=int(answer["timestamp"], 16),
        base_fee_wei=int(answer.get("baseFeePerGas", "0x0"), 16),
        gas_used=int(answer["gasUsed"], 16),
    )


def genesis_hash(rpc: RpcClient) -> str:
    """Hash of block 0, which with the chain id tells one local chain from the next."""
    return block_head(rpc, 0).hash


def unlocked_accounts(rpc: RpcClient) -> list[str]:
    """Accounts that the node signs for."""
    return [checksummed(account) for account in rpc.call("eth_accounts")]


def balance_wei(rpc: RpcClient, address: str, block: int | str = "latest") -> int:
    """Ether of an account."""
    tag = hex(block) if isinstance(block, int) else block
    return int(rpc.call("eth_getBalance", address, tag), 16)


def nonce(rpc: RpcClient, address: str) -> int:
    """Read the number of transactions that an account has sent."""
    return int(rpc.call("eth_getTransactionCount", address, "latest"), 16)


def runtime_code(rpc: RpcClient, address: str) -> bytes:
    """Deployed code, empty for an account without."""
    return bytes.fromhex(rpc.call("eth_getCode", address, "latest")[2:])


def storage_at(rpc: RpcClient, address: str, slot: int) -> int:
    """Read a storage slot as an unsigned number."""
    return int(rpc.call("eth_getStorageAt", address, word(slot), "latest"), 16)


def impersonate(rpc: RpcClient, address: str) -> None:
    """Let transactions be sent from any address, contracts included."""
    rpc.call("anvil_impersonateAccount", address)


def stop_impersonating(rpc: RpcClient, address: str) -> None:
    """End what impersonate began."""
    rpc.call("anvil_stopImpersonatingAccount", address)


def set_balance_wei(rpc: RpcClient, address: str, amount_wei: int) -> None:
    """Set the ether of an account, as a forced transfer or a withdrawal sweep changes it."""
    rpc.call("anvil_setBalance", address, hex(amount_wei))


def set_runtime_code(rpc: RpcClient, address: str, code: bytes) -> None:
    """Replace the code of an account."""
    rpc.call("anvil_setCode", address, "0x" + code.hex())


def set_storage(rpc: RpcClient, address: str, slot: int, value: int) -> None:
    """Write a storage slot."""
    rpc.call("anvil_setStorageAt", address, word(slot), word(value))


def word(value: int) -> str:
    """Hexadecimal of 32 bytes, as slots and slot values are written."""
    return f"0x{value:064x}"
