"""What was deployed, as a JSON file: for people, for other programs, and for `verify`.

A local chain's manifest is in the ignored folder .keel/, named by chain id and genesis hash, so
that chains which come and go are never confused; a public network's is tracked in deployments/.
What programs in other languages read is latest.json: .keel/deployments/ has a local chain's.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keel.chain.packed import working_root
from keel.chain.rpc import RpcClient
from keel.chain.state import chain_id, genesis_hash
from keel.deploy.artifacts import Artifacts
from keel.deploy.code import actual_codes
from keel.deploy.config import Configuration
from keel.deploy.errors import ManifestError
from keel.deploy.parameters import PARAMETERS
from keel.deploy.plan import Plan, abi_artifact
from keel.deploy.roles import ROLES
from keel.files.atomic_files import write_atomically
from keel.files.documents import DocumentError, parse_json
from keel.files.errors import FileError
from keel.files.text_files import read_text

LOCAL_CHAIN_IDS = (31337, 1337)
_GENESIS_DIGITS = 8
_ABI_FOLDER = "abi"
_DEPLOYMENTS = "deployments"


class DeployedContract(BaseModel):
    """One contract; every number is a decimal text, since JSON readers round large ones.

    `abi_path` counts from the manifest's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    source: str
    abi_path: str
    constructor_arguments: Mapping[str, Any]
    value_wei: str
    runtime_code_hash: str


class RoleHolder(BaseModel):
    """An account that holds a role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    name: str
    account: str
    delay_seconds: int


CHAIN_MANIFEST = "manifest.json"
"""Name of the manifest of the chain that `make chain` keeps, in the folder around its --data."""


class Manifest(BaseModel):
    """`block` is the one from which on events of the deployment can be read.

    `replaced` names modules that governance has replaced, each with the label of the present one.
    `market` has the addresses of systems around Keel, by system and part (`keel market deploy`);
    `verify` has no plan of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain_id: int
    genesis_hash: str
    block: int
    deployer: str
    contracts: Mapping[str, DeployedContract]
    parameters: Mapping[str, str]
    roles: tuple[RoleHolder, ...]
    configuration: Configuration
    replaced: Mapping[str, str] = Field(default_factory=dict)
    market: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Address of each contract by name."""
        return {name: contract.address for name, contract in self.contracts.items()}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ManifestError."""
        try:
            return cls.model_validate(parse_json(read_text(path)))
        except FileError as error:
            raise ManifestError(str(error)) from error
        except DocumentError as error:
            raise ManifestError(f"{path} is not a manifest: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ManifestError(f"{path} is not a manifest: {place}: {first['msg']}") from error


def write_manifest(manifest: Manifest, path: Path, artifacts: Artifacts) -> None:
    """Write the manifest, the ABIs that it names, and at `latest_path` both in one file.

    Each file is replaced as a whole. Raises ManifestError, and then earlier ones stand.
    """
    latest = {
        "chainId": manifest.chain_id,
        "block": manifest.block,
        "contracts": {
            name: {
                "address": contract.address,
                "abi": abi_artifact(artifacts, name).abi_entries,
            }
            for name, contract in manifest.contracts.items()
        },
    }
    abis = {
        path.parent / contract.abi_path: abi_artifact(artifacts, name).abi_entries
        for name, contract in manifest.contracts.items()
    }
    _write({**abis, path: manifest.model_dump(mode="json"), latest_path(path): latest}, path)


def record_market(path: Path, market: Mapping[str, Mapping[str, str]]) -> None:
    """Write the addresses of the market into a manifest; raises ManifestError."""
    manifest = Manifest.read(path).model_copy(update={"market": market})
    _write({path: manifest.model_dump(mode="json")}, path)


def _write(contents: Mapping[Path, Any], manifest: Path) -> None:
    try:
        for file, content in contents.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(content, indent=2) + "\n"
            write_atomically(file, text.encode(), is_public=True)
    except OSError as error:
        raise ManifestError(f"{manifest} cannot be written: {error.strerror}") from error


def latest_path(manifest: Path) -> Path:
    """Where latest.json of a manifest lies: in a folder deployments, its own or one inside."""
    folder = manifest.absolute().parent
    return (folder if folder.name == _DEPLOYMENTS else folder / _DEPLOYMENTS) / "latest.json"


def make_manifest(rpc: RpcClient, plan: Plan, block: int, artifacts: Artifacts) -> Manifest:
    """Write down a deployment that is on the chain, whose events begin at a block."""
    codes = actual_codes(rpc, plan.steps)
    config = plan.configuration
    contracts = {
        step.name: DeployedContract(
            address=step.address,
            source=step.artifact.source,
            abi_path=f"{_ABI_FOLDER}/{abi_artifact(artifacts, step.name).name}.json",
            constructor_arguments=json_safe(step.arguments),
            value_wei=str(step.value_wei),
            runtime_code_hash="0x" + keccak(codes[step.name]).hex(),
        )
        for step in plan.steps
    }
    roles = tuple(
        RoleHolder(
            role=role.name,
            name=holder,
            account=config.address(holder),
            delay_seconds=config.delay_seconds(role.name),
        )
        for role in ROLES
        for holder in config.holders[role.name]
    )
    return Manifest(
        chain_id=chain_id(rpc),
        genesis_hash=genesis_hash(rpc),
        block=block,
        deployer=plan.deployer,
        contracts=contracts,
        parameters={p.name: str(p.value(config.parameters)) for p in PARAMETERS},
        roles=roles,
        configuration=config,
        replaced=plan.replaced,
    )


def manifest_path(rpc: RpcClient, root: Path | None = None) -> Path:
    """Where the manifest of this chain is, or would be.

    That of the chain which `make chain` keeps has a name that stays the same.
    """
    root = root or working_root()
    number = chain_id(rpc)
    if number in LOCAL_CHAIN_IDS:
        running = root / ".keel" / CHAIN_MANIFEST
        if running.is_file() and Manifest.read(running).genesis_hash == genesis_hash(rpc):
            return running
        digits = genesis_hash(rpc).removeprefix("0x")[:_GENESIS_DIGITS]
        return root / ".keel" / f"{number}-{digits}.json"
    return root / _DEPLOYMENTS / f"{number}.json"


def read_manifest(rpc: RpcClient, path: Path | None = None) -> Manifest:
    """Read the manifest of this very chain; raises ManifestError for another chain's."""
    path = path or manifest_path(rpc)
    if not path.is_file():
        raise ManifestError(f"no manifest at {path}: is Keel deployed on this chain?")
    manifest = Manifest.read(path)
    require_same_chain(rpc, manifest)
    return manifest


def require_same_chain(rpc: RpcClient, manifest: Manifest) -> None:
    """Raise ManifestError when chain id or genesis hash differ."""
    for what, written, actual in (
        ("chain id", str(manifest.chain_id), str(chain_id(rpc))),
        ("genesis hash", manifest.genesis_hash, genesis_hash(rpc)),
    ):
        if written != actual:
            raise ManifestError(
                f"the manifest belongs to another chain: its {what} is {written}, here {actual}"
            )


def json_safe(value: Any) -> Any:
    """Turn decoded arguments into what JSON keeps exactly."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(part) for key, part in value.items()}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple):
        return [json_safe(part) for part in value]
    return value
