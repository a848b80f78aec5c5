"""A node that counts the blocks whose logs it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from tests.robustness.faulty import Answer, Asked, FaultyNode, in_front_of


class CountingNode:
    """Counts for everybody who asks at `url`, a block once for each request that names it."""

    def __init__(self, node: FaultyNode) -> None:
        self.url = node.url
        self.log_blocks = 0
        node.be(self._count)

    def _count(self, asked: Asked) -> Answer:
        said = orjson.loads(asked.body)
        for call in said if isinstance(said, list) else [said]:
            if call["method"] == "eth_getLogs":
                (wanted,) = call["params"]
                self.log_blocks += int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
        return asked.honestly()


@contextmanager
def counting(url: str) -> Iterator[CountingNode]:
    """Put it in front of a node."""
    with in_front_of(url, 1) as (node,):
        yield CountingNode(node)
