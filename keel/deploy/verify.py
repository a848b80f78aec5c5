"""Re-read a deployment from the chain and name every difference from its plan.

Code is compared byte by byte, immutables included; parameters, wiring and roles by getters; and
the storage of all contracts that keep no users' balances as a whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from eth_utils.crypto import keccak

from keel.chain.abi import Event
from keel.chain.contract import Contract, PreparedCall
from keel.chain.errors import ChainError, RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.deploy.access_storage import access_words
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import CONTRACT_NAMES, Bindings, bind
from keel.deploy.code import NoOverridesError, actual_codes, expected_codes
from keel.deploy.config import Configuration
from keel.deploy.errors import DeployError
from keel.deploy.manifest import Manifest, require_same_chain
from keel.deploy.parameters import PARAMETERS
from keel.deploy.plan import IMPLEMENTATION, MANAGER, PROXY, Plan, make_plan
from keel.deploy.readings import Reading, differing
from keel.deploy.roles import ADMIN, ROLES
from keel.deploy.seed import LEAST_SEED_SHARES
from keel.deploy.storage import ExpectedStorage, Word, slots_read_by, storage_differences

MANAGED = ("vault", "instant", "withdrawal_vault", "oracle", "registry")
"""Fields of Bindings that ask the AccessManager."""

_IMPLEMENTATION_SLOT = int.from_bytes(keccak(text="eip1967.proxy.implementation")) - 1
_LAST_PAUSE_SLOT = 2
_INITIALIZERS_DISABLED = 2**64 - 1


def differences(
    rpc: RpcClient,
    manifest: Manifest,
    artifacts: Artifacts,
    unchecked: list[str] | None = None,
) -> list[str]:
    """Return every difference, each in one line; none means that the chain is as planned.

    `unchecked` gets a line for each check that the node cannot serve: such a check says nothing.
    Raises ManifestError for another chain's manifest and ArtifactMissingError.
    """
    require_same_chain(rpc, manifest)
    plan = make_plan(manifest.configuration, manifest.deployer, artifacts, manifest.replaced)
    written = list(_manifest_differences(manifest, plan))
    if written:
        return written
    unchecked = [] if unchecked is None else unchecked
    found = list(_code_differences(rpc, manifest, plan, unchecked))
    bindings = bind(rpc, plan.addresses, artifacts)
    try:
        events = _manager_events(bindings, manifest)
        found += differing(rpc, [*_parameters(bindings, plan), *_wiring(bindings, plan)])
        found += differing(rpc, list(_access(bindings, plan, events)))
        storage = list(_storage(rpc, bindings, plan, events, unchecked))
        found += storage_differences(rpc, storage, unchecked)
    except ChainError as error:
        found.append(f"the chain cannot be read any further: {error}")
    return found


def _manifest_differences(manifest: Manifest, plan: Plan) -> Iterator[str]:
    for name in sorted(set(manifest.addresses) | set(plan.addresses)):
        written, planned = manifest.addresses.get(name), plan.addresses.get(name)
        if written != planned:
            yield f"manifest: {name} is at {written}, {planned} planned"
    for parameter in PARAMETERS:
        planned_value = str(parameter.value(plan.configuration.parameters))
        written = manifest.parameters.get(parameter.name)
        if written != planned_value:
            yield f"manifest: {parameter.name} is {written}, {planned_value} planned"
    listed = {(h.role, h.account, h.delay_seconds) for h in manifest.roles}
    names = {role.id: role.name for role in ROLES}
    wanted = {(names[g.role_id], g.account, g.delay_seconds) for g in plan.access.grants}
    for role, account, delay in sorted(listed ^ wanted):
        where = "the manifest" if (role, account, delay) in listed else "the plan"
        yield f"manifest: only {where} gives role {role} to {account} with {delay} s"


def _code_differences(
    rpc: RpcClient, manifest: Manifest, plan: Plan, unchecked: list[str]
) -> Iterator[str]:
    actual = actual_codes(rpc, plan.steps)
    for step in plan.steps:
        code = actual[step.name]
        recorded = manifest.contracts[step.name].runtime_code_hash
        if not code:
            yield f"{step.name}: no code at {step.address}"
            continue
        if "0x" + keccak(code).hex() != recorded:
            yield f"{step.name}: code hash 0x{keccak(code).hex()}, the manifest has {recorded}"
        try:
            expected = expected_codes(rpc, [step])[step.name]
        except NoOverridesError as error:
            unchecked.append(f"{step.name}: its code, except for its hash in the manifest: {error}")
            continue
        except DeployError as error:
            yield f"{step.name}: its code cannot be recomputed: {error}"
            continue
        if code != expected:
            yield f"{step.name}: code {_first_difference(code, expected)}"


def _first_difference(actual: bytes, expected: bytes) -> str:
    for position, (found, wanted) in enumerate(zip(actual, expected, strict=False)):
        if found != wanted:
            return f"differs from byte {position} on: 0x{found:02x}, 0x{wanted:02x} expected"
    return f"has {len(actual)} bytes, {len(expected)} expected"


def _parameters(bindings: Bindings, plan: Plan) -> Iterator[Reading]:
    fields = {name: field for field, name in CONTRACT_NAMES.items()}
    for parameter in PARAMETERS:
        contract: Contract = getattr(bindings, fields[parameter.contract])
        yield Reading(
            f"{parameter.contract}.{parameter.getter} ({parameter.name}, {parameter.unit})",
            contract.function(parameter.function).prepare(),
            parameter.value(plan.configuration.parameters),
            parameter.read,
        )


def _wiring(bindings: Bindings, plan: Plan) -> Iterator[Reading]:
    config, places = plan.configuration, plan.addresses
    members = sorted(config.address(member) for member in config.members)
    modules = (
        places["AccountingOracle"],
        places["InsuranceFund"],
        places["ValidatorProofs"],
    )
    for field in MANAGED:
        contract = getattr(bindings, field)
        name = CONTRACT_NAMES[field]
        yield Reading(f"{name}.authority", contract.authority.prepare(), places[MANAGER])
    vault, oracle = bindings.vault, bindings.oracle
    yield Reading("StakingVault.modules", vault.modules.prepare(), modules, tuple)
    yield _treasury(bindings, config)
    yield Reading("StakingVault.FRAME_ORIGIN", vault.FRAME_ORIGIN.prepare(), config.frame_origin)
    for name, getter, expected in (
        ("GENESIS_TIME", bindings.proofs.GENESIS_TIME, config.genesis_time),
        ("SECONDS_PER_SLOT", bindings.proofs.SECONDS_PER_SLOT, config.parameters.seconds_per_slot),
        ("SLOTS_PER_EPOCH", bindings.proofs.SLOTS_PER_EPOCH, config.parameters.slots_per_epoch),
    ):
        yield Reading(f"ValidatorProofs.{name}", getter.prepare(), expected)
    yield Reading("AccountingOracle.members", oracle.members.prepare(), members, sorted)
    yield Reading("AccountingOracle.quorum", oracle.quorum.prepare(), config.quorum)
    yield Reading(
        "the seed of InsuranceFund in shares that it holds itself",
        bindings.fund.balanceOf.prepare(places["InsuranceFund"]),
        LEAST_SEED_SHARES,
        lambda shares: min(shares, LEAST_SEED_SHARES),
    )


def _treasury(bindings: Bindings, config: Configuration) -> Reading:
    return Reading(
        "StakingVault.terms.treasury",
        bindings.vault.terms.prepare(),
        config.address(config.treasury),
        lambda terms: terms.treasury,
    )


def _manager_events(bindings: Bindings, manifest: Manifest) -> list[Event]:
    head = block_head(bindings.rpc).number
    return bindings.manager.events_between(manifest.block, head)


def _access(bindings: Bindings, plan: Plan, events: Sequence[Event]) -> Iterator[Reading]:
    manager = bindings.manager
    for role in ROLES:
        guardian = plan.access.guardians.get(role.id, ADMIN.id)
        for getter, expected in (
            ("getRoleAdmin", ADMIN.id),
            ("getRoleGuardian", guardian),
            ("getRoleGrantDelay", plan.access.grant_delays.get(role.id, 0)),
        ):
            yield Reading(
                f"{getter} of {role.name}", manager.function(getter).prepare(role.id), expected
            )
    yield from _holders(bindings, plan, events)
    planned = dict(plan.access.functions)
    for event in events:
        if event.name == "TargetFunctionRoleUpdated":
            key = (event.inputs["target"], event.inputs["selector"])
            planned.setdefault(key, ADMIN.id)
    for (target, selector), role_id in planned.items():
        yield Reading(
            f"role of function 0x{selector.hex()} of {_name(plan, target)}",
            manager.getTargetFunctionRole.prepare(target, selector),
            role_id,
        )
    for target in sorted({target for target, _ in planned} | {manager.address}):
        name = _name(plan, target)
        yield Reading(f"closed: {name}", manager.isTargetClosed.prepare(target), False)
        yield Reading(f"admin delay of {name}", manager.getTargetAdminDelay.prepare(target), 0)


def _holders(bindings: Bindings, plan: Plan, events: Iterable[Event]) -> Iterator[Reading]:
    """Everyone who ever held a role, and what they hold now."""
    wanted = {(g.role_id, g.account): (True, g.delay_seconds) for g in plan.access.grants}
    asked = dict.fromkeys([*wanted, (ADMIN.id, plan.deployer)])
    for event in events:
        if event.name in ("RoleGranted", "RoleRevoked"):
            asked[event.inputs["roleId"], event.inputs["account"]] = None
    names = {role.id: role.name for role in ROLES}
    accounts = {address: name for name, address in plan.configuration.accounts.items()}
    for role_id, account in asked:
        yield Reading(
            f"role {names.get(role_id, role_id)} of {accounts.get(account, 'unlisted')} {account} "
            "(held, delay)",
            bindings.manager.getAccess.prepare(role_id, account),
            wanted.get((role_id, account), (False, 0)),
            lambda access: (access[0] != 0, access[1]),  # granted, though it may wait yet (ROL-4)
        )


def _storage(
    rpc: RpcClient,
    bindings: Bindings,
    plan: Plan,
    events: Sequence[Event],
    unchecked: list[str],
) -> Iterator[ExpectedStorage]:
    places = plan.addresses
    yield ExpectedStorage(MANAGER, places[MANAGER], access_words(plan.access, events))
    initializable = _namespaced("openzeppelin.storage.Initializable")
    yield ExpectedStorage(
        PROXY,
        places[PROXY],
        {
            _IMPLEMENTATION_SLOT: Word("its implementation", int(places[IMPLEMENTATION], 16)),
            initializable: Word("its initialised version", 1),
            _namespaced("openzeppelin.storage.AccessManaged"): Word(
                "its authority", int(places[MANAGER], 16)
            ),
        },
    )
    disabled = Word("its initialised version", _INITIALIZERS_DISABLED)
    yield ExpectedStorage(IMPLEMENTATION, places[IMPLEMENTATION], {initializable: disabled})
    yield ExpectedStorage("RewardsVault", places["RewardsVault"], {})
    oracle, instant = bindings.oracle, bindings.instant
    members = [plan.configuration.address(member) for member in plan.configuration.members]
    read = [oracle.function(name).prepare() for name in ("authority", "members", "lastReport")]
    read += [oracle.isMember.prepare(member) for member in members]
    yield from _explained(rpc, "AccountingOracle", oracle.address, read, unchecked)
    read = [instant.authority.prepare(), instant.terms.prepare()]
    for found in _explained(rpc, "InstantRedemption", instant.address, read, unchecked):
        pause = {_LAST_PAUSE_SLOT: Word("its last pause", None)}
        yield replace(found, words={**found.words, **pause})


def _explained(
    rpc: RpcClient,
    name: str,
    address: str,
    calls: Sequence[PreparedCall],
    unchecked: list[str],
) -> Iterator[ExpectedStorage]:
    """Only the slots that these calls read; their values are checked by getters."""
    try:
        slots = slots_read_by(rpc, address, calls)
    except RpcError as error:
        unchecked.append(f"{name}: whether its storage holds more than getters show: {error}")
        return
    yield ExpectedStorage(name, address, {slot: Word("read by getters", None) for slot in slots})


def _namespaced(name: str) -> int:
    """Slot of a namespace (ERC-7201)."""
    inner = int.from_bytes(keccak(text=name)) - 1
    return int.from_bytes(keccak(inner.to_bytes(32))) & ~0xFF


def _name(plan: Plan, address: str) -> str:
    for name, place in plan.addresses.items():
        if place == address:
            return name
    return address
