"""Carry out a plan on any network, going on where an earlier run stopped.

Each contract has one possible address for this deployer and release, so what stands there already
is not sent again; if it is something else than planned, nothing is sent at all. Roles are set by
one transaction at the end, which opens deposits, in which the fund gets its seed and the deployer
gives up its own role: a deployment that breaks off before takes no deposit.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keel.chain.abi import Abi
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head, runtime_code
from keel.deploy.addresses import CREATE2_DEPLOYER
from keel.deploy.code import actual_codes, expected_codes
from keel.deploy.contracts import AccessManager
from keel.deploy.errors import DeployError, OccupiedError
from keel.deploy.plan import FACTORY, FUND, MANAGER, AccessPlan, Plan, Step
from keel.deploy.roles import ADMIN
from keel.deploy.seed import pay_seed, seed_calls
from keel.deploy.sender import Sender, Sent
from keel.model.frames import Action

_STEPS_AFTER = 2
"""The seed of the fund and the roles come after the contracts."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step that is done; `sent` None: it had been done before."""

    number: int
    total: int
    what: str
    address: str
    sent: Sent | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a run did. `block` is the one from which on the deployment's events can be read."""

    sent: tuple[Sent, ...]
    block: int

    @property
    def gas_used(self) -> int:
        """Gas of all transactions of this run."""
        return sum(sent.gas_used for sent in self.sent)


def deploy(
    rpc: RpcClient,
    plan: Plan,
    sender: Sender,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Deployment:
    """Make the chain as planned; does nothing that is done already.

    Raises OccupiedError or DeployError before anything is sent, and what the sender raises.
    """
    block = block_head(rpc).number
    done = create_contracts(rpc, plan, sender, on_progress)
    total = len(plan.steps) + _STEPS_AFTER
    manager = manager_of(rpc, plan)
    is_open = _has_role(manager, ADMIN.id, plan.deployer)
    sent = pay_seed(rpc, plan, sender) if is_open else None
    done += [sent] if sent else []
    on_progress(Progress(total - 1, total, "seed of the fund", plan.addresses[FUND], sent))
    sent = None
    if is_open:
        data = set_up_access(manager.abi, plan, seed_calls(rpc, plan))
        sent = sender.send(manager.address, data)
        done.append(sent)
    on_progress(Progress(total, total, "roles", manager.address, sent))
    return Deployment(tuple(done), block)


def create_contracts(
    rpc: RpcClient,
    plan: Plan,
    sender: Sender,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> list[Sent]:
    """Create what is not there yet; no role is set, and the fund is empty. Raises as `deploy`."""
    _require_foundations(rpc, plan, sender)
    codes = actual_codes(rpc, plan.steps)
    _require_as_planned(rpc, plan.steps, codes)
    done: list[Sent] = []
    for number, step in enumerate(plan.steps, 1):
        sent = None if codes[step.name] else create(rpc, plan, step, sender)
        done += [sent] if sent else []
        total = len(plan.steps) + _STEPS_AFTER
        on_progress(Progress(number, total, step.name, step.address, sent))
    return done


def is_deployed(rpc: RpcClient, plan: Plan) -> bool:
    """Whether nothing is left to do."""
    if not all(actual_codes(rpc, plan.steps).values()):
        return False
    return not _has_role(manager_of(rpc, plan), ADMIN.id, plan.deployer)


def manager_of(rpc: RpcClient, plan: Plan) -> AccessManager:
    """Bind the plan's AccessManager."""
    step = plan.step(MANAGER)
    return AccessManager(rpc, step.address, step.artifact.abi)


def set_up_access(abi: Abi, plan: Plan, first: Sequence[bytes]) -> bytes:
    """Encode the opening of deposits, `first` and all role settings as one call.

    The deployer's own role ends with it.
    """
    vault = plan.step("StakingVault")
    end_of_pause = vault.artifact.abi.function("pause", 2).encode_call([Action.DEPOSIT, 0])
    calls = [
        abi.function("execute", 2).encode_call([vault.address, end_of_pause]),
        *first,
        *(
            abi.function(name, len(arguments)).encode_call(arguments)
            for name, arguments in _settings(plan.access)
        ),
    ]
    renounce = abi.function("renounceRole", 2)
    calls.append(renounce.encode_call([ADMIN.id, plan.deployer]))
    return abi.function("multicall", 1).encode_call([calls])


def _settings(access: AccessPlan) -> Iterator[tuple[str, tuple[object, ...]]]:
    for role, label in access.labels.items():
        yield "labelRole", (role, label)
    for role, guardian in access.guardians.items():
        yield "setRoleGuardian", (role, guardian)
    by_target: dict[tuple[str, int], list[bytes]] = {}
    for (target, selector), role in access.functions.items():
        by_target.setdefault((target, role), []).append(selector)
    for (target, role), selectors in by_target.items():
        yield "setTargetFunctionRole", (target, selectors, role)
    for grant in access.grants:
        yield "grantRole", (grant.role_id, grant.account, grant.delay_seconds)
    for role, seconds in access.grant_delays.items():  # after the grants, which it must not delay
        yield "setGrantDelay", (role, seconds)


def _require_foundations(rpc: RpcClient, plan: Plan, sender: Sender) -> None:
    if sender.address != plan.deployer:
        raise DeployError(
            f"the plan is for deployer {plan.deployer}, but {sender.address} would send it"
        )
    deposits = plan.configuration.deposit_contract
    for address, what in ((CREATE2_DEPLOYER, "CREATE2 deployer"), (deposits, "deposit contract")):
        if not runtime_code(rpc, address):
            raise DeployError(f"this chain has no {what} at {address}")
    _require_first_reference_slot(rpc, plan)


def _require_first_reference_slot(rpc: RpcClient, plan: Plan) -> None:
    """The vault's constructor refuses an earlier block, after others have been paid for."""
    config = plan.configuration
    next_block = block_head(rpc).timestamp + config.geometry.seconds_per_slot
    early_seconds = config.frame_origin - max(next_block, int(time.time()))
    if early_seconds > 0:
        raise DeployError(
            f"the first reference slot is at {config.frame_origin}, in {early_seconds:,} s: "
            "deploy after it; nothing was sent"
        )


def _require_as_planned(rpc: RpcClient, steps: Sequence[Step], codes: Mapping[str, bytes]) -> None:
    present = [step for step in steps if codes[step.name]]
    expected = expected_codes(rpc, present)
    for step in present:
        if codes[step.name] != expected[step.name]:
            raise OccupiedError(
                f"{step.name} at {step.address} was made from another configuration or source: "
                "choose another release to deploy a second time"
            )


def create(rpc: RpcClient, plan: Plan, step: Step, sender: Sender) -> Sent:
    """Create one contract of the plan; raises DeployError, and what the sender raises."""
    data = step.salt + step.creation_code
    if step.creator != CREATE2_DEPLOYER:
        factory = plan.step(FACTORY).artifact.abi
        data = factory.function("deploy", 2).encode_call([step.salt, step.creation_code])
    sent = sender.send(step.creator, data, step.value_wei)
    if not runtime_code(rpc, step.address):
        raise DeployError(f"{step.name} has no code at {step.address} after its deployment")
    return sent


def _has_role(manager: AccessManager, role_id: int, account: str) -> bool:
    is_member, _ = manager.hasRole(role_id, account)
    return bool(is_member)
