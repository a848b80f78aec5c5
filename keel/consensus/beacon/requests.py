"""Deposits and requests of withdrawal addresses, by real transactions to Ethereum's contracts.

Each function hands a transaction to Anvil's pool and returns its hash; the next slot's block
carries it. The contracts take any well-formed request: whether the consensus layer acts on it shows
only in the state, and it says nothing when it does not.
"""

from keel.chain.deposit_contract import DepositData, deposit_contract, deposit_data_root
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, impersonate, set_balance_wei, stop_impersonating
from keel.chain.system_contracts import (
    CONSOLIDATION_REQUESTS,
    WITHDRAWAL_REQUESTS,
    consolidation_request_fee_wei,
    encode_consolidation_request,
    encode_withdrawal_request,
    withdrawal_request_fee_wei,
)
from keel.chain.transaction import submit_transaction
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import UnknownValidatorError
from keel.consensus.deposit_data import DepositDataEntry, make_deposit_data
from keel.consensus.keys import ValidatorKey

WEI_PER_GWEI = 10**9

_EXECUTION_PREFIXES = (1, 2)
_GAS = 500_000
_GAS_MONEY_WEI = 10**18


def deposit(
    chain: BeaconChain, key: ValidatorKey, credentials: bytes, amount_gwei: int, sender: str
) -> str:
    """Deposit for a new validator and let the chain act with its key once it is active."""
    chain.keys.add(key)
    return submit_deposit(chain.rpc, make_deposit_data(key, credentials, amount_gwei), sender)


def top_up(chain: BeaconChain, index: int, amount_gwei: int, sender: str) -> str:
    """Deposit more for a validator; for a known key no signature is asked for."""
    validator = chain.state.validators[index]
    data = DepositData(
        bytes(validator.pubkey), bytes(validator.withdrawal_credentials), amount_gwei, bytes(96)
    )
    return _send_deposit(chain.rpc, data, sender)


def try_deposit(rpc: RpcClient, entry: DepositDataEntry, sender: str) -> None:
    """Raise Reverted when the deposit contract refuses an entry, or the sender cannot pay it."""
    data = _deposit_of(entry)
    arguments, value_wei = _arguments(data), data.amount_gwei * WEI_PER_GWEI
    deposit_contract(rpc).deposit(*arguments, sender=sender, value_wei=value_wei)


def submit_deposit(rpc: RpcClient, entry: DepositDataEntry, sender: str) -> str:
    """Make one deposit of a deposit data file."""
    return _send_deposit(rpc, _deposit_of(entry), sender)


def request_exit(chain: BeaconChain, index: int) -> str:
    """Ask for a validator's full exit from its withdrawal address (EIP-7002)."""
    return request_withdrawal(chain, index, 0)


def request_withdrawal(chain: BeaconChain, index: int, amount_gwei: int) -> str:
    """Ask for part of a compounding validator's balance above 32 ETH (EIP-7002); 0: the exit."""
    data = encode_withdrawal_request(_pubkey(chain, index), amount_gwei)
    fee_wei = withdrawal_request_fee_wei(chain.rpc)
    return _send_as(chain, withdrawal_address_of(chain, index), WITHDRAWAL_REQUESTS, data, fee_wei)


def request_consolidation(chain: BeaconChain, source: int, target: int) -> str:
    """Ask for a validator's balance to move to another one (EIP-7251)."""
    data = encode_consolidation_request(_pubkey(chain, source), _pubkey(chain, target))
    fee_wei = consolidation_request_fee_wei(chain.rpc)
    sender = withdrawal_address_of(chain, source)
    return _send_as(chain, sender, CONSOLIDATION_REQUESTS, data, fee_wei)


def request_compounding(chain: BeaconChain, index: int) -> str:
    """Ask for credentials of a validator to change from 0x01 to 0x02 (EIP-7251)."""
    return request_consolidation(chain, index, index)


def withdrawal_address_of(chain: BeaconChain, index: int) -> str:
    """Address in a validator's withdrawal credentials; raises UnknownValidatorError."""
    _pubkey(chain, index)
    credentials = bytes(chain.state.validators[index].withdrawal_credentials)
    if credentials[0] not in _EXECUTION_PREFIXES:
        raise UnknownValidatorError(f"validator {index} has no withdrawal address")
    return "0x" + credentials[12:].hex()


def _pubkey(chain: BeaconChain, index: int) -> bytes:
    if not 0 <= index < len(chain.state.validators):
        raise UnknownValidatorError(f"no validator has the index {index}")
    return bytes(chain.state.validators[index].pubkey)


def _send_deposit(rpc: RpcClient, data: DepositData, sender: str) -> str:
    contract = deposit_contract(rpc)
    calldata = contract.deposit.encode(*_arguments(data))
    value_wei = data.amount_gwei * WEI_PER_GWEI
    return submit_transaction(
        rpc, sender, contract.address, calldata, value_wei=value_wei, gas=_GAS
    )


def _deposit_of(entry: DepositDataEntry) -> DepositData:
    return DepositData(entry.pubkey, entry.withdrawal_credentials, entry.amount, entry.signature)


def _arguments(data: DepositData) -> tuple[bytes, bytes, bytes, bytes]:
    root = deposit_data_root(data)
    return data.pubkey, data.withdrawal_credentials, data.signature, root


def _send_as(chain: BeaconChain, sender: str, to: str, data: bytes, value_wei: int) -> str:
    """Send from an address whose key nobody has; one that cannot pay the gas is given ether."""
    rpc = chain.rpc
    set_balance_wei(rpc, sender, max(balance_wei(rpc, sender), value_wei + _GAS_MONEY_WEI))
    impersonate(rpc, sender)
    try:
        return submit_transaction(rpc, sender, to, data, value_wei=value_wei, gas=_GAS)
    finally:
        stop_impersonating(rpc, sender)
