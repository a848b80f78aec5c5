"""Commands and the chain: options, the deployment behind them, accounts, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ape
from ape.api.accounts import AccountAPI
from ape.exceptions import NetworkError
from ape.logging import LogLevel, logger
from eth_utils.address import is_hex_address

from keel.chain.abi import real_address
from keel.chain.contract import Contract
from keel.chain.endpoint import shown_address
from keel.chain.errors import RpcConnectionError
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt, receipt_of
from keel.consensus.networks import Network, network_named
from keel.deploy.actors import ACTORS
from keel.deploy.artifacts import load_artifacts
from keel.deploy.bindings import Bindings, bind
from keel.deploy.manifest import LOCAL_CHAIN_IDS, Manifest, read_manifest
from keel.deploy.sender import ApeSender
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_ether
from keel.terminal.faults import Fault, one_line_faults

_PUBLIC_NETWORKS = {1: "mainnet", 560048: "hoodi", 11155111: "sepolia"}


@dataclass(frozen=True)
class Connection:
    """A deployment of Keel that a command talks to."""

    rpc: RpcClient
    manifest: Manifest
    contracts: Bindings

    @property
    def network(self) -> Network:
        """Whose deposit data is right here; raises Fault for a chain that is none of them."""
        number = self.manifest.chain_id
        if number in LOCAL_CHAIN_IDS:
            return network_named("local")
        if number not in _PUBLIC_NETWORKS:
            raise Fault(f"chain {number} has no beacon chain that Keel knows")
        return network_named(_PUBLIC_NETWORKS[number])


@contextmanager
def on_network(network: str) -> Iterator[str]:
    """Connect Ape's provider and yield its http address; faults become one line."""
    secrets = [network]
    try:
        with logger.at_level(LogLevel.WARNING), one_line_faults(), _provider(network) as url:
            secrets.append(url)
            yield url
    except Fault as fault:
        message = fault.message
        for secret in (each for each in secrets if "://" in each):
            message = message.replace(secret, shown_address(secret))
        raise Fault(message) from fault


@contextmanager
def connected(network: str, manifest_path: Path | None) -> Iterator[Connection]:
    """Connect Ape and a quick client, and find the deployment; faults become one line."""
    with on_network(network) as url:
        rpc = RpcClient(url)
        manifest = read_manifest(rpc, manifest_path)
        deposits = manifest.configuration.deposit_contract
        contracts = bind(rpc, manifest.addresses, load_artifacts(), deposits=deposits)
        contracts.follow_modules()
        try:
            yield Connection(rpc, manifest, contracts)
        finally:
            rpc.close()


def account_named(name: str, connection: Connection) -> AccountAPI:
    """Find an account of Ape; actors' names serve on local chains only. Raises Mistake."""
    return account_on(connection.manifest.chain_id, name)


def account_on(chain: int, name: str) -> AccountAPI:
    """Find an account of Ape for a chain, which may be without Keel. Raises Mistake."""
    is_local = chain in LOCAL_CHAIN_IDS
    number = _test_account_number(name)
    if number is None:
        if name in ape.accounts.aliases:
            loaded: AccountAPI = ape.accounts.load(name)
            return loaded
        known = ", ".join([*ape.accounts.aliases, *(ACTORS if is_local else ())])
        raise Mistake(f"account {name!r} is unknown, one of {known or 'none'} expected")
    if not is_local:
        raise Mistake(
            f"{name!r} is an account of local chains, this is chain {chain}: its key is known to "
            "everybody"
        )
    if number >= len(ape.accounts.test_accounts):
        raise Mistake(f"test account {number}, at most {len(ape.accounts.test_accounts) - 1}")
    account: AccountAPI = ape.accounts.test_accounts[number]
    return account


def address_named(name: str, connection: Connection) -> str:
    """Return an address, given as such or by an account's name. Raises Mistake."""
    if is_hex_address(name):
        try:
            return real_address(name)
        except ValueError as error:
            raise Mistake(str(error)) from None
    return str(account_named(name, connection).address)


def send(
    account: AccountAPI, contract: Contract, function: str, *arguments: Any, value_wei: int = 0
) -> Receipt:
    """Try a call, then send it; raises Reverted with the cause before anything is sent."""
    sender = str(account.address)
    held_wei = balance_wei(contract.rpc, sender)
    if held_wei <= value_wei:
        raise Fault(
            f"{sender} has {shown_ether(held_wei)} ETH, more than {shown_ether(value_wei)} ETH "
            "is needed, for gas too"
        )
    contract.function(function)(*arguments, sender=sender, value_wei=value_wei)
    data = contract.function(function).encode(*arguments)
    sent = ApeSender(account, contract.rpc).send(contract.address, data, value_wei)
    receipt = receipt_of(contract.rpc, sent.transaction_hash)
    if receipt is None:
        raise Fault(f"transaction {sent.transaction_hash} is not mined yet")
    return receipt


@contextmanager
def _provider(network: str) -> Iterator[str]:
    """Connect Ape's provider and yield its http address."""
    if network.startswith(("http://", "https://")):
        try:
            rpc = RpcClient(network, timeout_seconds=5)
            rpc.call("eth_chainId")
        except RpcConnectionError as error:
            raise Fault(f"no chain answers at {network}: start one with `make chain`") from error
    try:
        with ape.networks.parse_network_choice(network) as provider:
            url = provider.http_uri
            if url is None:
                raise Fault(f"{network} has no http address")
            yield url
    except NetworkError as error:
        # Ape goes on to list its hundred networks.
        line = " ".join(str(error).partition(" Options:")[0].split())
        raise Mistake(f"--network {network}: {line}") from error


def _test_account_number(name: str) -> int | None:
    if name in ACTORS:
        return ACTORS.index(name)
    digits = name.upper().removeprefix("TEST::")
    return int(digits) if digits.isdecimal() else None
