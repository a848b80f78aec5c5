"""Real nodes that lack something: a server in front that refuses some requests."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson

from tests.unit.nodes.node_servers import Answer, Answering

type Refuse = Callable[[Any], bool]


def lacking(url: str, refuses: Refuse, *, ignores_overrides: bool = False) -> Answering:
    """The node at `url`, without some methods or deaf to overrides."""
    chain = httpx.Client(headers={"Content-Type": "application/json"}, trust_env=False)

    def answer(_path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        requests = asked if isinstance(asked, list) else [asked]
        if ignores_overrides:
            for each in requests:
                each["params"] = (
                    each["params"][:2] if each["method"] == "eth_call" else each["params"]
                )
        said = orjson.loads(chain.post(url, content=orjson.dumps(asked)).content)
        replies = said if isinstance(said, list) else [said]
        for request, reply in zip(requests, replies, strict=True):
            if refuses(request):
                del reply["result"]
                reply["error"] = {"code": -32601, "message": "Method not found"}
        return Answer(orjson.dumps(said))

    return answer


def method_of(*names: str) -> Refuse:
    """Refuses some methods."""
    return lambda request: request["method"] in names
