"""Contracts bound from a manifest and the ABIs next to it: nothing need be compiled."""

from pathlib import Path

import orjson

from keel.chain.abi import Abi
from keel.chain.rpc import RpcClient
from keel.deploy.bindings import CONTRACT_NAMES, Bindings, bind_abis
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import DeployedContract, Manifest


def bind_recorded(rpc: RpcClient, manifest_path: Path) -> Bindings:
    """Bind the contracts of a manifest; raises ManifestError.

    Whether it is the manifest of this chain is for `require_same_chain`.
    """
    manifest = Manifest.read(manifest_path)
    abis = recorded_abis(manifest, manifest_path)
    deposits = manifest.configuration.deposit_contract
    return bind_abis(rpc, manifest.addresses, abis, deposits=deposits)


def recorded_abis(manifest: Manifest, manifest_path: Path) -> dict[str, Abi]:
    """Read the ABIs next to a manifest, by the contract's name; raises ManifestError."""
    missing = sorted(set(CONTRACT_NAMES.values()) - manifest.contracts.keys())
    if missing:
        raise ManifestError(f"{manifest_path} lacks {', '.join(missing)}")
    return {name: _abi(manifest.contracts[name], manifest_path) for name in CONTRACT_NAMES.values()}


def _abi(contract: DeployedContract, manifest_path: Path) -> Abi:
    path = manifest_path.parent / contract.abi_path
    try:
        return Abi(orjson.loads(path.read_bytes()))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ManifestError(f"{path} is not an ABI") from error
