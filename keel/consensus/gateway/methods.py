"""Which methods the RPC address passes to Anvil as they are, and which it refuses and why.

Those that steering.py carries out stand there. Reading and sending is passed whatever its name;
what changes Anvil in another way is passed only when it is listed here, since it must not put
Anvil and the beacon chain apart. Values are refused with which Anvil ends, or no slot can follow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keel.chain.system_contracts import INSTALLED
from keel.consensus.gateway.arguments import optional, whole
from keel.consensus.gateway.errors import INVALID_PARAMS, UNSUPPORTED, RefusedError

LEAST_GAS_LIMIT = 1_000_000
"""With a lower one Anvil does not run the system contracts that each slot needs."""

_MOST = 2**64 - 1  # Anvil ends with a larger one
_BOUNDS: Mapping[str, tuple[str, int]] = {
    "setBlockGasLimit": ("gas limit", LEAST_GAS_LIMIT),
    "setNextBlockBaseFeePerGas": ("base fee", 0),
    "feeHistory": ("blocks", 0),
}
"""Name and lower bound of the first parameter, by method without its prefix."""

_SYSTEM_CONTRACTS = frozenset(address.lower() for address in INSTALLED)
_DELEGATION = "ef01"
_DELEGATION_DIGITS = 2 * 23  # EIP-7702: 0xef0100 and an address

_OPEN = ("eth_", "net_", "web3_", "debug_", "trace_", "txpool_", "ots_", "erigon_", "rpc_")

_CHANGES = frozenset(
    {
        "addBalance",
        "autoImpersonateAccount",
        "dealERC20",
        "dropAllTransactions",
        "dropTransaction",
        "dumpState",
        "enableTraces",
        "getAutomine",
        "getBlobByHash",
        "getBlobsByTransactionHash",
        "getIntervalMining",
        "impersonateAccount",
        "metadata",
        "nodeInfo",
        "removePoolTransactions",
        "setBalance",
        "setBlockGasLimit",
        "setCode",
        "setERC20Allowance",
        "setLoggingEnabled",
        "setMinGasPrice",
        "setNextBlockBaseFeePerGas",
        "setNonce",
        "setStorageAt",
        "stopImpersonatingAccount",
    }
)
_CHANGING = ("anvil_", "hardhat_", "evm_")

_BY_SNAPSHOTS = "evm_snapshot and evm_revert move both layers"
_BY_MINING = "start the chain with --mine instant, or use evm_mine"
_REFUSED: Mapping[str, str] = {
    "reset": f"it would replace Anvil's chain alone: {_BY_SNAPSHOTS}",
    "setRpcUrl": "this chain is not a fork: start Anvil alone to fork another chain",
    "loadState": f"it would change Anvil alone: {_BY_SNAPSHOTS}",
    "reorg": f"the beacon chain has one branch: {_BY_SNAPSHOTS}",
    "rollback": f"it would revert Anvil alone: {_BY_SNAPSHOTS}",
    "setAutomine": f"blocks come with the slots: {_BY_MINING}",
    "setIntervalMining": f"blocks come with the slots: {_BY_MINING}",
    "setCoinbase": "each proposer has its own: set it with `keel beacon fee-recipient`",
    "setChainId": "contracts and signatures contain the chain id",
    "setBlockTimestampInterval": "each block has its slot's time: use evm_increaseTime",
    "removeBlockTimestampInterval": "each block has its slot's time: use evm_increaseTime",
    "mineDetailed": "use evm_mine, and eth_getBlockByNumber to see the block",
    "setPrevRandao": "the beacon chain decides it",
}
_HARMLESS: Mapping[str, Sequence[Any]] = {
    "setIntervalMining": (0, "0x0"),
    "removeBlockTimestampInterval": (),
}
"""Parameters with which a refused method would change nothing."""


def refusal(method: str, params: Sequence[Any], *, mines_at_once: bool) -> RefusedError | None:
    """Why a request is not passed to Anvil, None for one that is."""
    reason = _reason(method, mines_at_once=mines_at_once)
    if reason is not None:
        return RefusedError(UNSUPPORTED, f"{method} is refused: {reason}")
    try:
        _require_bearable(method, params)
    except RefusedError as refused:
        return refused
    return None


def _reason(method: str, *, mines_at_once: bool) -> str | None:
    """Why a method is refused, whatever its parameters are."""
    if method.startswith(_OPEN):
        return None
    prefix, _, name = method.partition("_")
    if f"{prefix}_" not in _CHANGING:
        return "the RPC address does not know this method"
    if name in _CHANGES:
        return None
    if name == "setAutomine" and mines_at_once:
        return "transactions are mined at once: start the chain without --mine instant to wait"
    return _REFUSED.get(name, "it may move one layer without the other")


def _require_bearable(method: str, params: Sequence[Any]) -> None:
    """Raise RefusedError for values that would end the chain."""
    name = method.partition("_")[2]
    if name in _BOUNDS:
        what, least = _BOUNDS[name]
        whole(method, what, optional(params, 0), least, _MOST)
    if name == "setCode":
        address, code = (str(optional(params, place)).lower() for place in range(2))
        if address in _SYSTEM_CONTRACTS:
            told = f"each slot needs the contract at {optional(params, 0)} as Ethereum has it"
            raise RefusedError(INVALID_PARAMS, f"{method}: {told}")
        digits = code.removeprefix("0x")
        is_delegation = digits.startswith(f"{_DELEGATION}00") and len(digits) == _DELEGATION_DIGITS
        if digits.startswith(_DELEGATION) and not is_delegation:
            told = "code that begins with 0xef01 is 0xef0100 and an address (EIP-7702)"
            raise RefusedError(INVALID_PARAMS, f"{method}: {told}")


def is_so_already(method: str, params: Sequence[Any], *, mines_at_once: bool) -> bool:
    """Whether a method that is refused asks for nothing but what is so."""
    _, _, name = method.partition("_")
    if name == "setAutomine":
        return list(params) == [mines_at_once]
    return list(params)[:1] in [[each] for each in _HARMLESS.get(name, ())]
