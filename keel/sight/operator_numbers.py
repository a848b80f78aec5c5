"""The registry's operators by number: a node cannot name so many that reading never ends."""

from keel.deploy.contracts import OperatorRegistry
from keel.nodes.errors import NodeError

MOST_OPERATORS = 10_000


def operator_numbers(registry: OperatorRegistry, count: int) -> range:
    """Numbers of so many operators, as the node says; raises NodeError above MOST_OPERATORS."""
    if count > MOST_OPERATORS:
        problem = f"the registry has {count} operators, at most {MOST_OPERATORS} expected"
        raise NodeError(registry.rpc.name, problem)
    return range(count)
