"""The state of slot 0: validators that are active from the start, on top of a block of Anvil."""

from dataclasses import dataclass

from keel.chain.deposit_contract import deposit_contract, deposit_count
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.consensus.beacon.config import GWEI_PER_ETHER, ChainConfig
from keel.consensus.beacon.keyring import genesis_key
from keel.consensus.beacon.spec import Spec, State, list_of
from keel.consensus.deposit_data import execution_credentials
from keel.consensus.keys import ValidatorKey

_FIRST_WITHDRAWAL_ADDRESS = 0xBEAC << 144


@dataclass(frozen=True)
class GenesisValidator:
    """A validator that is active from slot 0."""

    key: ValidatorKey
    withdrawal_credentials: bytes
    balance_gwei: int = 32 * GWEI_PER_ETHER


def withdrawal_address(index: int) -> str:
    """Address that a genesis validator withdraws to, one of its own; nobody has its key."""
    return f"0x{_FIRST_WITHDRAWAL_ADDRESS + index:040x}"


def genesis_validators(config: ChainConfig) -> list[GenesisValidator]:
    """Return the validators that a configuration asks for, the compounding ones last."""
    first_compounding = config.validators - config.compounding_validators
    return [
        GenesisValidator(
            genesis_key(index),
            execution_credentials(
                bytes.fromhex(withdrawal_address(index)[2:]), compounding=index >= first_compounding
            ),
        )
        for index in range(config.validators)
    ]


def genesis_state(
    spec: Spec, config: ChainConfig, validators: list[GenesisValidator], rpc: RpcClient
) -> State:
    """Return the state of slot 0 whose execution head is Anvil's latest block."""
    head = block_head(rpc)
    time = head.timestamp if config.genesis_time is None else config.genesis_time
    state = spec.BeaconState(
        genesis_time=time,
        fork=_fork(spec, config),
        latest_block_header=spec.BeaconBlockHeader(
            body_root=spec.hash_tree_root(spec.BeaconBlockBody())
        ),
        earliest_exit_epoch=1,
        earliest_consolidation_epoch=1,
    )
    block_hash = bytes.fromhex(head.hash[2:])
    state.randao_mixes = list_of(
        state, "randao_mixes", [block_hash] * int(spec.EPOCHS_PER_HISTORICAL_VECTOR)
    )
    _add_validators(spec, state, validators)
    _join_execution(spec, state, rpc)
    committee = spec.get_next_sync_committee(state)
    state.current_sync_committee = committee
    state.next_sync_committee = committee.copy()
    if config.fork == "fulu":
        state.proposer_lookahead = spec.initialize_proposer_lookahead(state)
    return state


def _fork(spec: Spec, config: ChainConfig) -> object:
    """The fork is active from epoch 0, so what came before it is never asked for."""
    version = getattr(spec.config, f"{config.fork.upper()}_FORK_VERSION")
    return spec.Fork(previous_version=version, current_version=version, epoch=0)


def _add_validators(spec: Spec, state: State, validators: list[GenesisValidator]) -> None:
    for validator in validators:
        spec.add_validator_to_registry(
            state,
            spec.BLSPubkey(validator.key.public_key),
            spec.Bytes32(validator.withdrawal_credentials),
            spec.Gwei(validator.balance_gwei),
        )
    for entry in state.validators:
        entry.activation_eligibility_epoch = spec.GENESIS_EPOCH
        entry.activation_epoch = spec.GENESIS_EPOCH
    state.genesis_validators_root = spec.hash_tree_root(state.validators)


def _join_execution(spec: Spec, state: State, rpc: RpcClient) -> None:
    """Take Anvil's latest block as the parent of the first payload, and its deposits as applied.

    Fulu presupposes that the change to deposit requests (EIP-6110) is over, so the index from
    which they count is set here and not by the first of them.
    """
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    contract = deposit_contract(rpc)
    known = deposit_count(contract)
    state.eth1_deposit_index = known
    state.deposit_requests_start_index = known
    state.eth1_data = spec.Eth1Data(
        deposit_root=contract.get_deposit_root(),
        deposit_count=known,
        block_hash=bytes.fromhex(block["hash"][2:]),
    )
    state.latest_execution_payload_header = spec.ExecutionPayloadHeader(
        block_hash=bytes.fromhex(block["hash"][2:]),
        state_root=bytes.fromhex(block["stateRoot"][2:]),
        receipts_root=bytes.fromhex(block["receiptsRoot"][2:]),
        block_number=int(block["number"], 16),
        gas_limit=int(block["gasLimit"], 16),
        timestamp=int(block["timestamp"], 16),
        base_fee_per_gas=int(block["baseFeePerGas"], 16),
    )
