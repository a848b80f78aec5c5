"""What a lying node says instead of the truth; each lie is told consistently or shows at once."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from keel.consensus.beacon.spec import Spec
from tests.robustness.faulty import Answer, Asked, Behaviour

_STATE = re.compile(r"^/eth/v[12]/(?:debug/)?beacon/states/(\d+)(/root)?$")
_SSZ = {"Accept": "application/octet-stream"}

type Result = Callable[[Any, Any], Any]
"""From a JSON-RPC request's parameters and the honest result to another."""


def richer_bytes(spec: Spec, index: int, gwei: int = 1) -> Behaviour:
    """Serve states in which a validator has more, under the root that others agree on."""
    return _States(spec, index, gwei, tells_root=False)


def richer_chain(spec: Spec, index: int, gwei: int = 1) -> Behaviour:
    """Serve states in which a validator has more, and their true root: a chain of its own."""
    return _States(spec, index, gwei, tells_root=True)


def other_root(asked: Asked) -> Answer:
    """Give each state a root that it does not have."""
    answer = asked.honestly()
    found = _STATE.match(asked.path)
    if found is None or not found[2]:
        return answer
    return _changed(answer, lambda said: said["data"].update(root="0x" + "5a" * 32))


def other_finality(epochs: int) -> Behaviour:
    """Call so many epochs more final, or fewer."""

    def lie(said: Any) -> None:
        final = said["data"]["finalized"]
        final["epoch"] = str(max(0, int(final["epoch"]) + epochs))

    def answer(asked: Asked) -> Answer:
        honest = asked.honestly()
        return _changed(honest, lie) if asked.path.endswith("/finality_checkpoints") else honest

    return answer


def other_results(method: str, lie: Result) -> Behaviour:
    """Change what a JSON-RPC method gives; errors and empty answers stay."""

    def answer(asked: Asked) -> Answer:
        honest = asked.honestly()
        requests, replies = orjson.loads(asked.body), orjson.loads(honest.body)
        several = isinstance(requests, list)
        pairs = zip(requests, replies, strict=True) if several else [(requests, replies)]
        for request, reply in pairs:
            if request["method"] == method and reply.get("result") is not None:
                reply["result"] = lie(request.get("params", []), reply["result"])
        return replace(honest, body=orjson.dumps(replies))

    return answer


def another_word(_params: Any, result: Any) -> Any:
    """Flip the last bit."""
    return result[:-1] + f"{int(result[-1], 16) ^ 1:x}"


def yet_another_word(_params: Any, result: Any) -> Any:
    """Flip the last bit but one."""
    return result[:-1] + f"{int(result[-1], 16) ^ 2:x}"


def another_hash(_params: Any, block: Any) -> Any:
    """Give the block another hash."""
    return {**block, "hash": another_word(None, block["hash"])}


@dataclass
class _States:
    spec: Spec
    index: int
    gwei: int
    tells_root: bool

    def __call__(self, asked: Asked) -> Answer:
        honest = asked.honestly()
        found = _STATE.match(asked.path)
        if found is None or honest.status != 200:
            return honest
        data, root = self._state(asked, int(found[1]))
        if not found[2]:
            return replace(honest, body=data)
        if not self.tells_root:
            return honest
        return _changed(honest, lambda said: said["data"].update(root="0x" + root.hex()))

    def _state(self, asked: Asked, slot: int) -> tuple[bytes, bytes]:
        path = f"/eth/v2/debug/beacon/states/{slot}"
        data = replace(asked, method="GET", path=path, headers=_SSZ, body=b"").honestly().body
        state = self.spec.BeaconState.decode_bytes(data)
        state.balances[self.index] += self.gwei
        return state.encode_bytes(), bytes(self.spec.hash_tree_root(state))


def _changed(answer: Answer, lie: Callable[[Any], None]) -> Answer:
    if answer.status != 200:
        return answer
    said = orjson.loads(answer.body)
    lie(said)
    return replace(answer, body=orjson.dumps(said))
