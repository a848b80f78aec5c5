"""What `ape run deploy` and `ape run verify` do, with Rich on the terminal."""

from dataclasses import dataclass
from pathlib import Path

import ape
from ape.api.accounts import AccountAPI
from ape.managers.project import LocalProject
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.packed import CONTRACTS, packed
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head, chain_id, runtime_code, unlocked_accounts
from keel.chain.system_contracts import DEPOSIT_CONTRACT, install_system_contracts
from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.artifacts import Artifacts, load_artifacts
from keel.deploy.build_folder import discard_stale_build
from keel.deploy.config import Configuration, load_configuration
from keel.deploy.deploy import Deployment, Progress, deploy, is_deployed
from keel.deploy.errors import ConfigurationError, DeployError, ManifestError
from keel.deploy.manifest import (
    LOCAL_CHAIN_IDS,
    Manifest,
    make_manifest,
    manifest_path,
    read_manifest,
    write_manifest,
)
from keel.deploy.plan import Plan, make_plan
from keel.deploy.profiles import PROFILES
from keel.deploy.sender import ApeSender, Sender
from keel.deploy.verify import differences
from keel.formatting.lines import print_line
from keel.formatting.names import printable
from keel.formatting.steps import step
from keel.formatting.tables import plain_table

FIRST_RELEASE = "1"

_TOKENS = {"StakingVault": "kETH", "WrappedKeelEther": "wkETH"}
"""Contracts that people know by the symbol of their token."""


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What the command line asked for; `release` None: the configuration's, or the first."""

    config_path: Path | None
    profile: str
    release: str | None
    dry_run: bool


class DifferencesError(DeployError):
    """The chain is not as the manifest says; the differences have been printed."""


def connected_rpc() -> RpcClient:
    """Return a client of the network that Ape is connected to; raises DeployError."""
    uri = ape.networks.provider.http_uri
    if uri is None:
        raise DeployError("this network's provider has no http address")
    return RpcClient(uri)


def compiled(console: Console) -> Artifacts:
    """Load all contracts, in the repository after compiling what has changed."""
    if packed(CONTRACTS) is None:
        with step(console, "Compiling what has changed (a minute or more the first time)"):
            discard_stale_build(REPOSITORY_ROOT)
            LocalProject(REPOSITORY_ROOT).load_contracts()
    return load_artifacts()


def run_deploy(account: AccountAPI, request: DeployRequest, console: Console) -> None:
    """Deploy on the connected network, or go on with it; verify; write the manifest."""
    rpc, artifacts = connected_rpc(), compiled(console)
    config = _configuration(rpc, request)
    plan = make_plan(config, str(account.address), artifacts)
    path = manifest_path(rpc)
    if request.dry_run:
        console.print(plan_table(plan))
        return
    _refuse_second_deployment(rpc, plan, path)
    if is_deployed(rpc, plan) and path.is_file():
        console.print("Keel is already deployed here; nothing was sent.")
        print_line(console, f"Manifest: {path}")
        verify(rpc, read_manifest(rpc, path), artifacts, console)
        return
    _install_on_bare_anvil(rpc, console)
    deploy_and_record(rpc, plan, ApeSender(account, rpc), artifacts, console, path=path)


def run_verify(manifest: Path | None, console: Console) -> None:
    """Verify the connected network; raises DifferencesError or ManifestError."""
    rpc = connected_rpc()
    verify(rpc, read_manifest(rpc, manifest), compiled(console), console)


def deploy_and_record(
    rpc: RpcClient,
    plan: Plan,
    sender: Sender,
    artifacts: Artifacts,
    console: Console,
    *,
    path: Path,
) -> Manifest:
    """Deploy with progress, write the manifest to `path`, verify."""
    deployment = deploy(rpc, plan, sender, lambda progress: _show(progress, console))
    console.print(_summary(deployment))
    manifest = make_manifest(rpc, plan, deployment.block, artifacts)
    earlier = read_manifest(rpc, path) if path.is_file() else None
    write_manifest(manifest, path, artifacts)
    print_line(console, f"Manifest: {path}")
    if earlier is not None and earlier.addresses != manifest.addresses:
        release = printable(earlier.configuration.release)
        print_line(
            console,
            f"It replaces that of release {release!r}: commands use the new deployment now. "
            "Services and the page stay with the old one.",
        )
    verify(rpc, manifest, artifacts, console)
    return manifest


def verify(rpc: RpcClient, manifest: Manifest, artifacts: Artifacts, console: Console) -> None:
    """Print every difference; raises DifferencesError if there is one."""
    unchecked: list[str] = []
    found = differences(rpc, manifest, artifacts, unchecked)
    for check in unchecked:
        print_line(console, Text.assemble(("not checked ", "yellow"), check))
    for difference in found:
        print_line(console, Text.assemble(("differs ", "red"), difference))
    if found:
        count = "1 difference" if len(found) == 1 else f"{len(found)} differences"
        raise DifferencesError(f"{count} between chain {manifest.chain_id} and the plan")
    print_line(
        console,
        f"[green]Verified[/]: the code of {len(manifest.contracts)} contracts, "
        f"{len(manifest.parameters)} parameters, wiring and {len(manifest.roles)} role holders "
        "are as planned.",
        markup=True,
    )


def plan_table(plan: Plan) -> Table:
    """The contracts of a plan."""
    table = plain_table("contract", "address", ">bytes to send", title="Plan")
    for each in plan.steps:
        table.add_row(each.name, each.address, f"{len(each.creation_code):,}")
    return table


def contracts_table(manifest: Manifest) -> Table:
    """The contracts of a manifest."""
    table = plain_table("contract", "address", title="Contracts")
    for name, contract in manifest.contracts.items():
        token = _TOKENS.get(name)
        table.add_row(f"{name} ({token})" if token else name, contract.address)
    return table


def _configuration(rpc: RpcClient, request: DeployRequest) -> Configuration:
    if request.config_path is not None:
        config = load_configuration(request.config_path)
        return config.model_copy(update={"release": request.release or config.release})
    if chain_id(rpc) not in LOCAL_CHAIN_IDS:
        raise ConfigurationError("a public network needs --config with a TOML file")
    accounts = unlocked_accounts(rpc)
    if len(accounts) < len(ACTORS):
        raise ConfigurationError(
            f"this chain has {len(accounts)} accounts, at least {len(ACTORS)} expected: "
            f"start it with `make chain` or `anvil --accounts {len(ACTORS)}`"
        )
    return local_configuration(
        cast_actors(accounts),
        block_head(rpc, 0).timestamp,
        PROFILES[request.profile],
        request.release or FIRST_RELEASE,
    )


def _refuse_second_deployment(rpc: RpcClient, plan: Plan, path: Path) -> None:
    """A manifest of another release by name is fine; anything else must be asked for."""
    if not path.is_file():
        return
    manifest = read_manifest(rpc, path)
    same = manifest.addresses == plan.addresses and manifest.configuration == plan.configuration
    if not same and manifest.configuration.release == plan.configuration.release:
        raise ManifestError(
            f"{path} already describes another deployment on this chain: give --release with a "
            f"name other than {manifest.configuration.release!r} to deploy again"
        )


def _install_on_bare_anvil(rpc: RpcClient, console: Console) -> None:
    is_local = chain_id(rpc) in LOCAL_CHAIN_IDS
    if is_local and not runtime_code(rpc, DEPOSIT_CONTRACT):
        install_system_contracts(rpc)
        console.print("Ethereum's deposit and request contracts were missing and are installed.")


def _show(progress: Progress, console: Console) -> None:
    done = f"{progress.sent.gas_used:,} gas" if progress.sent else "was there"
    print_line(console, f"{progress.number:3}/{progress.total} {progress.what}, {done}")
    print_line(console, progress.address, indent=7)


def _summary(deployment: Deployment) -> str:
    return f"{len(deployment.sent)} transactions, {deployment.gas_used:,} gas"
