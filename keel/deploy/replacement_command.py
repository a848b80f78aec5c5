"""What `ape run replace` does, with Rich on the terminal."""

from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from rich.console import Console

from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.command import compiled, connected_rpc, verify
from keel.deploy.config import load_configuration
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import (
    Manifest,
    make_manifest,
    manifest_path,
    read_manifest,
    write_manifest,
)
from keel.deploy.replacement import (
    MODULES,
    Replacement,
    ScheduledCall,
    calls_for,
    deploy_replacement,
    is_in_place,
    plan_replacement,
)
from keel.deploy.sender import ApeSender
from keel.formatting.amounts import shown_seconds
from keel.formatting.lines import print_line


@dataclass(frozen=True, slots=True)
class ReplaceRequest:
    """What the command line asked for; `module` is "oracle" or "fund"."""

    module: str
    label: str
    config_path: Path | None
    manifest_path: Path | None


def run_replace(account: AccountAPI, request: ReplaceRequest, console: Console) -> None:
    """Deploy the new module and show what governance calls; once it did, write the manifest.

    Raises DeployError.
    """
    rpc, artifacts = connected_rpc(), compiled(console)
    path = request.manifest_path or manifest_path(rpc)
    manifest = read_manifest(rpc, path)
    replacement = _planned(manifest, artifacts, request)
    if is_in_place(rpc, replacement):
        made = make_manifest(rpc, replacement.plan, manifest.block, artifacts)
        written = made.model_copy(update={"market": manifest.market})
        write_manifest(written, path, artifacts)
        print_line(console, f"{replacement.name} is {replacement.address} now. Manifest: {path}")
        verify(rpc, written, artifacts, console)
        return
    _require_modules(rpc, manifest, artifacts)
    sent = deploy_replacement(rpc, replacement, ApeSender(account, rpc))
    gas = sum(each.gas_used for each in sent)
    print_line(console, f"{replacement.name} {replacement.address}: {len(sent)} transactions")
    print_line(console, f"{gas:,} gas. Nothing has changed yet.")
    _show_calls(rpc, replacement, console)


def _planned(manifest: Manifest, artifacts: Artifacts, request: ReplaceRequest) -> Replacement:
    config = None
    if request.config_path is not None:
        release = {"release": manifest.configuration.release}  # the deployment is the same
        config = load_configuration(request.config_path).model_copy(update=release)
    return plan_replacement(manifest, artifacts, request.module, request.label, config)


def _require_modules(rpc: RpcClient, manifest: Manifest, artifacts: Artifacts) -> None:
    """Raise ManifestError when the vault has neither the planned modules nor the manifest's."""
    written = bind(rpc, manifest.addresses, artifacts)
    in_manifest = {field: getattr(written, field).address for field in MODULES}
    if not written.follow_modules():
        return
    others = [
        f"{field} {getattr(written, field).address} instead of {address}"
        for field, address in in_manifest.items()
        if getattr(written, field).address != address
    ]
    raise ManifestError(
        f"the vault has {', '.join(others)} as in the manifest: first write down what was replaced "
        "before"
    )


def _show_calls(rpc: RpcClient, replacement: Replacement, console: Console) -> None:
    manager = replacement.bind(rpc).manager
    print_line(
        console,
        f"Each call is scheduled at the AccessManager {manager.address}, and executed after its "
        f"delay, within {shown_seconds(manager.expiration())} from then:",
    )
    for call in calls_for(rpc, replacement):
        print_line(console, call.what)
        holders = " or ".join(call.holders)
        print_line(
            console,
            f"{call.role} ({holders}), delay {shown_seconds(call.delay_seconds)}",
            indent=2,
        )
        for step, data in _steps(replacement, rpc, call):
            print_line(console, f"{step} 0x{data.hex()}", indent=2)
    print_line(console, "Then run this command again: it writes the manifest and verifies.")


def _steps(
    replacement: Replacement, rpc: RpcClient, call: ScheduledCall
) -> tuple[tuple[str, bytes], ...]:
    """Calldata for the AccessManager."""
    manager = replacement.bind(rpc).manager
    return (
        ("schedule", manager.schedule.encode(call.target, call.data, 0)),
        ("execute ", manager.execute.encode(call.target, call.data)),
    )
