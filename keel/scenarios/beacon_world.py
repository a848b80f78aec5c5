"""The stage with a beacon chain of its own: Keel on an Anvil that only the chain's slots drive."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

from keel.chain.anvil import AnvilOptions
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head, unlocked_accounts
from keel.chain.transaction import receipt_of
from keel.circle.reports import Reported
from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings, bind
from keel.deploy.deploy import Progress, deploy
from keel.deploy.manifest import Manifest, make_manifest
from keel.deploy.plan import Plan, make_plan
from keel.deploy.profiles import LOCAL, Profile, local_profile
from keel.deploy.sender import NodeSender
from keel.scenarios.members import report
from keel.scenarios.real_beacon import RealBeacon
from keel.scenarios.world import World, members_of_local_chain

_MOST_SLOTS = 64


class SlotClient(RpcClient):
    """After each transaction slots pass until a block holds it, as for anybody on Ethereum."""

    def __init__(self, chain: BeaconChain) -> None:
        super().__init__(chain.rpc.url)
        self.chain = chain

    def call(self, method: str, *params: Any) -> Any:
        """As in RpcClient; raises NotReachedError for a transaction that no block takes."""
        answer = super().call(method, *params)
        if method == "eth_sendTransaction":
            # Each slot takes its own turn: whoever works through one reads the chain in between.
            self.chain.step()
            self.chain.run_until(
                lambda _: receipt_of(self, answer) is not None, _MOST_SLOTS, what="inclusion"
            )
        return answer


@dataclass
class BeaconWorld(World):
    """A World whose consensus layer is a BeaconChain."""

    beacon: RealBeacon
    manifest: Manifest = field(kw_only=True)

    def next_report(self) -> Reported:
        """Let the frame pass until the report of its reference slot; by all members, played."""
        return report(self)


def options_for_keel(config: ChainConfig, port: int = 0) -> AnvilOptions:
    """How to start the Anvil of a beacon chain on which Keel's people have accounts."""
    return anvil_options(config, port, accounts=len(ACTORS))


def found_beacon_world(
    chain: BeaconChain,
    artifacts: Artifacts,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> BeaconWorld:
    """Let the first frame pass, deploy Keel and step onto it."""
    rpc = SlotClient(chain)
    plan = plan_on_beacon(chain, rpc, artifacts)
    deployment = deploy(rpc, plan, NodeSender(rpc, plan.deployer), on_progress)
    actors = cast_actors(unlocked_accounts(rpc))
    contracts = bind(rpc, plan.addresses, artifacts)
    manifest = make_manifest(rpc, plan, deployment.block, artifacts)
    return open_beacon_world(chain, contracts, manifest, actors)


def open_beacon_world(
    chain: BeaconChain, contracts: Bindings, manifest: Manifest, actors: Mapping[str, str]
) -> BeaconWorld:
    """Step onto a chain with Keel on it, reports made before included."""
    return BeaconWorld(
        contracts=contracts,
        configuration=manifest.configuration,
        actors=actors,
        members=members_of_local_chain(),
        first_block=manifest.block,
        beacon=RealBeacon(
            chain, contracts.registry, contracts.rewards_vault.address, manifest.block
        ),
        manifest=manifest,
    )


@contextmanager
def put_back(world: BeaconWorld) -> Iterator[BeaconWorld]:
    """The same chain, with nothing remembered of what was done inside.

    Whoever changed a state in place, which snapshots share, fails here and not its successors.
    """
    root = _state_root(world)
    with branching(world.beacon.chain) as chain:
        contracts = replace(world.contracts)  # whoever replaces a module binds the new one in it
        again = open_beacon_world(chain, contracts, world.manifest, world.actors)
        again.reward_leaves = dict(world.reward_leaves)
        again.beacon.follow()
        yield again
    if _state_root(world) != root:
        raise AssertionError("a state of the chain was changed in place")


def _state_root(world: BeaconWorld) -> bytes:
    chain = world.beacon.chain
    return bytes(chain.spec.hash_tree_root(chain.state))


def plan_on_beacon(
    chain: BeaconChain, rpc: RpcClient, artifacts: Artifacts, release: str = "1"
) -> Plan:
    """Plan Keel with the chain's own frames; goes on to the first reference slot (STA-1)."""
    chain.to_slot(LOCAL.frame_slots - 1)
    actors = cast_actors(unlocked_accounts(rpc))
    overrides = overrides_for(chain.config.slot_seconds)
    begun = local_configuration(actors, block_head(rpc, 0).timestamp, LOCAL, release, overrides)
    configuration = begun.model_copy(update={"genesis_time": chain.time_at(0)})
    return make_plan(configuration, actors["deployer"], artifacts)


def overrides_for(slot_seconds: int) -> dict[str, int]:
    """What the local profile becomes with slots of another length, in proportion as ever."""
    profile = local_profile(seconds_per_slot=slot_seconds)
    names = [each.name for each in fields(Profile) if each.name != "name"]
    return {
        name: getattr(profile, name)
        for name in names
        if getattr(profile, name) != getattr(LOCAL, name)
    }
