"""The exact code that a contract of the plan must have, immutables included.

The chain itself runs the compiled constructor again, by an eth_call in which the contract's address
holds the creation code and empty storage. The positions of immutables need not be known, and
what depends on the address or on the chain id comes out right.
"""

from collections.abc import Iterable, Mapping

from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import word
from keel.deploy.errors import DeployError
from keel.deploy.plan import Step

_NOBODY = "0x00000000000000000000000000000000DeaDBeef"
_PROBE = ({"to": _NOBODY, "data": "0x"}, "latest", {_NOBODY: {"code": "0x600160005260206000f3"}})
"""A call that gives 1 where overrides work: PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN."""


class ConstructorFailedError(DeployError):
    """A constructor reverts; the message has the node's answer."""


class NoOverridesError(DeployError):
    """The node makes no eth_call on another state than the chain's."""


def expected_codes(rpc: RpcClient, steps: Iterable[Step]) -> Mapping[str, bytes]:
    """Compute the runtime code of each step by name, on the state of the latest block."""
    steps = list(steps)
    calls = [_PROBE, *(_construction(step) for step in steps)]
    probe, *outcomes = rpc.batch_outcomes([("eth_call", call) for call in calls])
    if steps and probe != word(1):
        said = str(probe) if isinstance(probe, RpcError) else "it ignores them"
        raise NoOverridesError(f"the node does not support eth_call with state overrides: {said}")
    codes = {}
    for step, outcome in zip(steps, outcomes, strict=True):
        if isinstance(outcome, RpcError):
            raise ConstructorFailedError(f"constructor of {step.name}: {outcome}") from outcome
        codes[step.name] = bytes.fromhex(outcome[2:])
    return codes


def actual_codes(rpc: RpcClient, steps: Iterable[Step]) -> Mapping[str, bytes]:
    """Read the runtime code of each step by name; empty where nothing is."""
    steps = list(steps)
    answers = rpc.batch([("eth_getCode", (step.address, "latest")) for step in steps])
    return {
        step.name: bytes.fromhex(answer[2:]) for step, answer in zip(steps, answers, strict=True)
    }


def _construction(step: Step) -> tuple[object, ...]:
    call = {"from": step.creator, "to": step.address, "value": hex(step.value_wei), "data": "0x"}
    overrides: dict[str, dict[str, object]] = {
        step.address: {"code": "0x" + step.creation_code.hex(), "state": {}},
    }
    if step.value_wei:
        overrides[step.creator] = {"balance": hex(step.value_wei)}
    return (call, "latest", overrides)
