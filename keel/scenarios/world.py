"""What scenarios run on: a chain with Keel, people by their roles, a consensus layer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.transaction import Receipt
from keel.circle.keys import account_of
from keel.consensus.keys import ValidatorKey
from keel.consensus.state.prover import ProvenBlock, Prover
from keel.deploy.actors import ORACLE_MEMBERS
from keel.deploy.bindings import CONTRACT_NAMES, Bindings
from keel.deploy.config import Configuration
from keel.deploy.profiles import Profile
from keel.deploy.roles import ROLE_BY_NAME, role_of
from keel.model.balance_tree import ValidatorBalance


class ConsensusLayer(Protocol):
    """Times are Unix seconds; only validators that the vault staked count."""

    def follow(self) -> None:
        """Take note of what was staked since."""

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """Let operators' machines have keys, so that their validators do their duties."""

    def await_validators(self, pubkeys: Collection[bytes]) -> None:
        """Let time pass until there is a validator for each of these keys."""

    def shown(self) -> tuple[Prover, ProvenBlock]:
        """A state with all of the chain's validators, and its block, which EIP-4788 has."""

    def go_to(self, time: int) -> None:
        """Let time pass up to the slot of this moment, with a block there if one can be."""

    def await_final(self, ref_time: int) -> None:
        """Let time pass until a reference slot may be reported."""

    def block_at(self, time: int) -> int:
        """Return the number of the latest execution block at a moment."""

    def total_gwei(self, time: int) -> int:
        """C: balances and pending deposits at a moment, less expected penalties."""

    def deposited_later_gwei(self, time: int) -> int:
        """P: what was deposited after a moment."""

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds."""

    def active_gwei(self, time: int) -> int:
        """Return the part of C that active validators have at a moment (REP-11)."""

    def counts(self, time: int) -> dict[int, tuple[int, int, int]]:
        """Active, exited and slashed validators by operator."""


@dataclass
class World:
    """`first_block` is the one from which on Keel's events can be read."""

    contracts: Bindings
    configuration: Configuration
    actors: Mapping[str, str]
    members: tuple[LocalAccount, ...]
    first_block: int
    beacon: ConsensusLayer
    reward_leaves: dict[int, int] = field(default_factory=dict)

    @property
    def rpc(self) -> RpcClient:
        """The client of all contracts."""
        return self.contracts.rpc

    @property
    def profile(self) -> Profile:
        """The parameters that were deployed."""
        return self.configuration.parameters

    def send_as_role(self, contract: Contract, function: str, *arguments: Any) -> Receipt:
        """Do what a role without delay may do, as its first holder."""
        name = next(n for f, n in CONTRACT_NAMES.items() if getattr(self.contracts, f) is contract)
        role = role_of(name, function).name
        if ROLE_BY_NAME[role].is_delayed:
            raise ValueError(f"{name}.{function} must be scheduled: {role} has a delay")
        holder = self.configuration.address(self.configuration.holders[role][0])
        return contract.function(function).send(*arguments, sender=holder)


def members_of_local_chain() -> tuple[LocalAccount, ...]:
    """The committee, with keys of Anvil's well-known phrase."""
    return tuple(map(account_of, ORACLE_MEMBERS))
