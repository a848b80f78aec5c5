"""Replace a module of a deployment (MOD-1).

Anybody may deploy the new one: its address follows from its init code alone. What puts it into its
place are calls of governance, each scheduled and executed after its role's delay. The manifest is
written once the vault names the new one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eth_utils.crypto import keccak

from keel.chain.rpc import RpcClient
from keel.chain.state import runtime_code
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings, bind
from keel.deploy.code import expected_codes
from keel.deploy.config import Configuration
from keel.deploy.deploy import create
from keel.deploy.errors import ConfigurationError, DeployError, OccupiedError
from keel.deploy.manifest import Manifest
from keel.deploy.plan import FUND, ORACLE, PROOFS, Plan, make_plan, selector_of
from keel.deploy.roles import ADMIN, COMMITTEE
from keel.deploy.seed import LEAST_SEED_SHARES
from keel.deploy.sender import Sender, Sent
from keel.model.constants import FUND_SEED_WEI, ZERO_ADDRESS

MODULES: Mapping[str, str] = {"oracle": ORACLE, "fund": FUND, "proofs": PROOFS}
"""What can be replaced: field of Bindings to the contract's name."""


@dataclass(frozen=True, slots=True)
class ScheduledCall:
    """What a holder of a role first schedules and, after the delay, executes."""

    role: str
    holders: tuple[str, ...]
    delay_seconds: int
    what: str
    target: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Replacement:
    """One module's successor: the plan with it, and the manifest without."""

    module: str
    plan: Plan
    before: Manifest
    artifacts: Artifacts

    @property
    def name(self) -> str:
        """The contract's name in plan and manifest."""
        return MODULES[self.module]

    @property
    def address(self) -> str:
        """Where the new one is, or will be."""
        return self.plan.addresses[self.name]

    def bind(self, rpc: RpcClient) -> Bindings:
        """Bind the deployment as it is with the new one."""
        deposits = self.plan.configuration.deposit_contract
        return bind(rpc, self.plan.addresses, self.artifacts, deposits=deposits)


def plan_replacement(
    manifest: Manifest,
    artifacts: Artifacts,
    module: str,
    label: str,
    config: Configuration | None = None,
) -> Replacement:
    """Plan another module, as `config` wants it; without one as it is.

    Raises ConfigurationError when the new one is the present one, or when another contract or a
    role would have to change as well.
    """
    name = MODULES[module]
    old = make_plan(manifest.configuration, manifest.deployer, artifacts, manifest.replaced)
    config = manifest.configuration if config is None else config
    new = make_plan(config, manifest.deployer, artifacts, {**manifest.replaced, name: label})
    others = [step.name for step in new.steps if step.name != name]
    changed = [each for each in others if new.step(each).arguments != old.step(each).arguments]
    if new.access.grants != old.access.grants:
        changed.append("the holders of roles")
    if changed:
        raise ConfigurationError(
            f"the configuration would also change {', '.join(changed)}; only {name} is replaced"
        )
    if new.addresses[name] == old.addresses[name]:
        raise ConfigurationError(
            f"{name} {label!r} is the present one at {old.addresses[name]}: give another label"
        )
    return Replacement(module, new, manifest, artifacts)


def deploy_replacement(rpc: RpcClient, replacement: Replacement, sender: Sender) -> list[Sent]:
    """Create the new module, and give a fund its seed; what is there already is not sent again.

    Raises OccupiedError or DeployError, and what the sender raises.
    """
    step = replacement.plan.step(replacement.name)
    sent = []
    if not runtime_code(rpc, step.address):
        sent.append(create(rpc, replacement.plan, step, sender))
    if runtime_code(rpc, step.address) != expected_codes(rpc, [step])[step.name]:
        raise OccupiedError(f"{step.name} at {step.address} has other code than planned")
    if replacement.module == "fund":
        sent += _pay_seed(replacement.bind(rpc), sender)
    return sent


def calls_for(rpc: RpcClient, replacement: Replacement) -> list[ScheduledCall]:
    """What governance has to schedule and execute, in any order; the new module must be there.

    The other modules are those of the plan, so a second replacement is planned on the manifest with
    the first: executed on another one it would take the first back.
    """
    return list(_calls(replacement, replacement.bind(rpc)))


def is_in_place(rpc: RpcClient, replacement: Replacement) -> bool:
    """Whether the vault names the modules of the plan."""
    bindings = replacement.bind(rpc)
    return not bindings.follow_modules()


def _calls(replacement: Replacement, bindings: Bindings) -> Iterator[ScheduledCall]:
    vault, manager = bindings.vault, bindings.manager
    modules = (bindings.oracle.address, bindings.fund.address, bindings.proofs.address)
    hashes = [_code_hash(bindings.rpc, address) for address in modules]
    what = f"StakingVault.setModules: {replacement.name} becomes {replacement.address}"
    data = vault.setModules.encode(modules, hashes)
    yield _call(replacement, "MODULES", what, vault.address, data)
    if replacement.module != "oracle":
        return
    selector = selector_of(replacement.artifacts, ORACLE, "setMembers")
    for oracle, role in (
        (replacement.address, COMMITTEE),
        (replacement.before.addresses[ORACLE], ADMIN),
    ):
        what = f"AccessManager.setTargetFunctionRole: setMembers of {oracle} needs {role.name}"
        data = manager.setTargetFunctionRole.encode(oracle, [selector], role.id)
        yield _call(replacement, ADMIN.name, what, manager.address, data)


def _call(
    replacement: Replacement, role: str, what: str, target: str, data: bytes
) -> ScheduledCall:
    config = replacement.plan.configuration
    holders = tuple(config.address(holder) for holder in config.holders[role])
    return ScheduledCall(role, holders, config.delay_seconds(role), what, target, data)


def _code_hash(rpc: RpcClient, address: str) -> bytes:
    code = runtime_code(rpc, address)
    if not code:
        raise DeployError(f"there is no module at {address} yet: deploy it first")
    return bytes(keccak(code))


def _pay_seed(bindings: Bindings, sender: Sender) -> list[Sent]:
    """Give a fund its first shares, which nobody can move, as keel.deploy.seed says."""
    vault, wrapped, fund = bindings.vault, bindings.wrapped, bindings.fund
    if fund.balanceOf(fund.address) >= LEAST_SEED_SHARES:
        return []
    held_units = wrapped.balanceOf(sender.address)
    deposit = vault.depositWrapped.encode(sender.address, ZERO_ADDRESS)
    bought = sender.send(vault.address, deposit, FUND_SEED_WEI)
    units = wrapped.balanceOf(sender.address) - held_units
    approved = sender.send(wrapped.address, wrapped.approve.encode(fund.address, units))
    entered = sender.send(fund.address, fund.deposit.encode(units, fund.address))
    return [bought, approved, entered]
