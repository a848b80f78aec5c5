"""Beacon states whose block the real contract of EIP-4788 has, and the module under test."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, NamedTuple

from keel.chain.abi import CustomError
from keel.chain.clock import now
from keel.chain.contract import Contract, deploy
from keel.chain.errors import RpcError
from keel.chain.revert import Cause, cause_of
from keel.chain.rpc import RpcClient
from keel.chain.system_contracts import set_beacon_root
from keel.consensus.beacon.config import Fork
from keel.consensus.beacon.spec import Spec, State
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.prover import ProvenBlock, Prover
from keel.consensus.state.tree import state_tree
from keel.deploy.artifacts import Artifacts, artifact_named
from tests.unit.consensus.state_examples import NEVER, spec_of, state_with

CREDENTIALS = b"\x01".ljust(12, b"\0") + b"\x4b" * 20
SLOT = 1000
GENESIS_TIME = 1_800_000_000
AT_ONCE = 200
"""Calls in one request: Anvil takes 2 MB."""

type Row = tuple[bytes, bytes, int, bool, int, int, int, int]
"""A validator's fields in the order of the specification."""


class Numbers(NamedTuple):
    """IValidatorProofs.Chain, as the chains here have it: the minimal preset."""

    genesis_time: int = GENESIS_TIME
    seconds_per_slot: int = 12
    slots_per_epoch: int = 8
    slots_per_historical_root: int = 64
    epochs_per_slashings_vector: int = 64
    shard_committee_period: int = 1


def numbers_of(spec: Spec, genesis_time: int = GENESIS_TIME) -> Numbers:
    """Those with which the specification computes."""
    return Numbers(
        genesis_time,
        int(spec.config.SLOT_DURATION_MS) // 1000,
        int(spec.SLOTS_PER_EPOCH),
        int(spec.SLOTS_PER_HISTORICAL_ROOT),
        int(spec.EPOCHS_PER_SLASHINGS_VECTOR),
        int(spec.config.SHARD_COMMITTEE_PERIOD),
    )


@dataclass(frozen=True)
class Shown:
    """A module, a state that it can be shown, and the state's block."""

    module: Contract
    prover: Prover
    block: ProvenBlock

    @property
    def rpc(self) -> RpcClient:
        return self.module.rpc

    @property
    def root(self) -> bytes:
        """The block's."""
        return self.prover.tree.header_fields.root

    def fresh(self, *chosen: int) -> tuple[Any, ...]:
        """Arguments of `requireFresh`."""
        first, marks, leaves, branch = self.prover.fresh(chosen)
        return (self.block, first, marks, leaves, CREDENTIALS, branch)

    def validator(self, index: int) -> tuple[Any, ...]:
        """Arguments of `requireValidator`."""
        return (self.block, *self.prover.validator(index))

    def balance(self, index: int) -> tuple[Any, ...]:
        """Arguments of `balanceGwei`."""
        return (self.block, *self.prover.balance(index))


def deploy_module(
    rpc: RpcClient, artifacts: Artifacts, sender: str, numbers: Numbers | None = None
) -> Contract:
    artifact = artifact_named(artifacts, "ValidatorProofs")
    given = numbers or Numbers()
    made, _ = deploy(rpc, artifact.abi, artifact.creation_code, given, sender=sender)
    return made


def shown(module: Contract, state: State, fork: Fork = "fulu") -> Shown:
    """Let EIP-4788 say that the state's block is the parent of Anvil's latest."""
    return shown_by(module, proving(state, fork))


def shown_by(module: Contract, prover: Prover) -> Shown:
    """The same for a state that is read and hashed."""
    timestamp = now(module.rpc)
    set_beacon_root(module.rpc, timestamp, prover.tree.header_fields.root)
    return Shown(module, prover, prover.block(timestamp))


def proving(state: State, fork: Fork = "fulu") -> Prover:
    encoded = read_state(spec_of(fork), state.encode_bytes())
    return Prover(encoded, state_tree(encoded))


def fresh_row(number: int, **changed: Any) -> Row:
    """A validator as 1 ETH of ours makes it, or one that differs from that."""
    fields = {
        "pubkey": number.to_bytes(48, "big"),
        "withdrawal_credentials": CREDENTIALS,
        "effective_balance": 10**9,
        "slashed": False,
        "activation_eligibility_epoch": NEVER,
        "activation_epoch": NEVER,
        "exit_epoch": NEVER,
        "withdrawable_epoch": NEVER,
    }
    return tuple((fields | changed).values())  # type: ignore[return-value]


def old_row(number: int) -> Row:
    """A validator that differs from others in everything."""
    return (
        (number + 1).to_bytes(48, "little"),
        bytes([1 + number % 2, number % 256]) * 16,
        (32 + number) * 10**9,
        number % 3 == 0,
        number,
        number + 1,
        number + 2,
        number + 3,
    )


def state_of(rows: Sequence[Row], fork: Fork = "fulu", slot: int = SLOT) -> State:
    return state_with(fork, list(rows), [10**9 + 7 * n for n in range(len(rows))], slot)


def errors_of(module: Contract, calls: Sequence[bytes]) -> list[Cause | None]:
    """Why each of many calls is refused, None where it returns; made together, by their data."""
    requests = [
        ("eth_call", ({"to": module.address, "data": "0x" + data.hex()}, "latest"))
        for data in calls
    ]
    return [
        _cause(module, outcome)
        for few in batched(requests, AT_ONCE)
        for outcome in module.rpc.batch_outcomes(few)
    ]


def error_of(module: Contract, name: str, *arguments: Any) -> CustomError:
    """The custom error with which one call is refused."""
    (error,) = errors_of(module, [module.function(name).encode(*arguments)])
    assert isinstance(error, CustomError)
    return error


def _cause(module: Contract, outcome: Any) -> Cause | None:
    if not isinstance(outcome, RpcError):
        return None
    cause = cause_of(outcome, module.errors)
    assert cause is not None, outcome
    return cause
