"""Run the fixed scenario: each operation from the same steady state, none after another."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from keel.chain.clock import reverting
from keel.deploy.artifacts import Artifacts
from keel.measure.gas.operations import OPERATIONS
from keel.measure.gas.steady import bring_to_steady_state
from keel.measure.gas.trace import Breakdown, breakdown
from keel.measure.gas.world import World, new_world

DEPLOY_ALL = "deploy_all"
NAMES = (*OPERATIONS, DEPLOY_ALL)


@contextmanager
def steady_world(artifacts: Artifacts, port: int = 0, *, traced: bool = False) -> Iterator[World]:
    """Start the chain on which operations are measured."""
    with new_world(artifacts, port, traced=traced) as world:
        bring_to_steady_state(world)
        yield world


def measure(
    artifacts: Artifacts,
    port: int = 0,
    names: Iterable[str] = tuple(OPERATIONS),
    on_done: Callable[[str], None] = lambda _: None,
) -> Mapping[str, int]:
    """Gas of operations by name, ascending; `deploy_all`, all its transactions, is always there."""
    with steady_world(artifacts, port) as world:
        figures = {DEPLOY_ALL: world.deployment.gas_used}
        for name in names:
            operation = OPERATIONS[name]
            with reverting(world.rpc):
                figures[name] = operation.gas(operation.run(world))
            on_done(name)
    return dict(sorted(figures.items()))


def trace(artifacts: Artifacts, name: str) -> Breakdown:
    """Where the gas of one operation's transaction goes; KeyError for an unknown name."""
    operation = OPERATIONS[name]
    with steady_world(artifacts, traced=True) as world:
        return breakdown(world.rpc, operation.run(world).transaction_hash)
