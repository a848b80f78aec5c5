"""All contracts of one deployment, bound to the quick JSON-RPC client."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from keel.chain.abi import Abi
from keel.chain.contract import Contract
from keel.chain.deposit_contract import DepositContract, deposit_contract
from keel.chain.rpc import RpcClient
from keel.chain.system_contracts import DEPOSIT_CONTRACT
from keel.deploy import contracts
from keel.deploy.artifacts import Artifacts
from keel.deploy.plan import abi_artifact


@dataclass
class Bindings:
    """Keel's contracts on one chain; each explains the custom errors of all.

    All but oracle and fund stay where they are for good (MOD-1).
    """

    manager: contracts.AccessManager
    vault: contracts.StakingVault
    wrapped: contracts.WrappedKeelEther
    queue: contracts.WithdrawalQueue
    instant: contracts.InstantRedemption
    withdrawal_vault: contracts.WithdrawalVault
    rewards_vault: contracts.RewardsVault
    oracle: contracts.AccountingOracle
    registry: contracts.OperatorRegistry
    bonds: contracts.OperatorBonds
    exits: contracts.Exits
    proofs: contracts.ValidatorProofs
    fund: contracts.InsuranceFund
    deposits: DepositContract

    @property
    def rpc(self) -> RpcClient:
        """The client that all of them use."""
        return self.vault.rpc

    def __iter__(self) -> Iterator[Contract]:
        return (getattr(self, field.name) for field in fields(self))

    def follow_modules(self, block: int | str = "latest") -> bool:
        """Bind the modules that the vault names; whether one was replaced.

        So whoever runs for a long time need not begin anew. Raises what the client raises.
        """
        modules = self.vault.modules(block=block)
        if modules == (self.oracle.address, self.fund.address, self.proofs.address):
            return False
        self.oracle = self.oracle.at(modules.oracle)
        self.fund = self.fund.at(modules.fund)
        self.proofs = self.proofs.at(modules.proofs)
        return True


CONTRACT_NAMES = {
    "manager": "AccessManager",
    "vault": "StakingVault",
    "wrapped": "WrappedKeelEther",
    "queue": "WithdrawalQueue",
    "instant": "InstantRedemption",
    "withdrawal_vault": "WithdrawalVault",
    "rewards_vault": "RewardsVault",
    "oracle": "AccountingOracle",
    "registry": "OperatorRegistry",
    "bonds": "OperatorBonds",
    "exits": "Exits",
    "proofs": "ValidatorProofs",
    "fund": "InsuranceFund",
}
"""Field of Bindings to the contract's name in plan and manifest."""


def bind(
    rpc: RpcClient,
    addresses: Mapping[str, str],
    artifacts: Artifacts,
    *,
    deposits: str = DEPOSIT_CONTRACT,
    max_fee_per_gas_wei: int | None = None,
) -> Bindings:
    """Bind the addresses of a plan, by contract name, with the compiled ABIs."""
    abis = {name: abi_artifact(artifacts, name).abi for name in CONTRACT_NAMES.values()}
    return bind_abis(
        rpc, addresses, abis, deposits=deposits, max_fee_per_gas_wei=max_fee_per_gas_wei
    )


def bind_abis(
    rpc: RpcClient,
    addresses: Mapping[str, str],
    abis: Mapping[str, Abi],
    *,
    deposits: str,
    max_fee_per_gas_wei: int | None = None,
) -> Bindings:
    """Bind addresses and ABIs by contract name."""
    bound: dict[str, Any] = {}
    for field, name in CONTRACT_NAMES.items():
        kind: type[Contract] = getattr(contracts, name)
        bound[field] = kind(
            rpc,
            addresses[name],
            abis[name],
            errors=_errors_seen_by(abis[name], abis.values()),
            max_fee_per_gas_wei=max_fee_per_gas_wei,
        )
    return Bindings(**bound, deposits=deposit_contract(rpc, deposits))


def _errors_seen_by(own: Abi, all_abis: Iterable[Abi]) -> Abi:
    """All that may bubble up; its own names of values win over those of other contracts."""
    errors = Abi()
    for abi in (*all_abis, own):
        errors.know_errors_of(abi)
    return errors
