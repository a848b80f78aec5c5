"""Leaving silent nodes out: for twice as long each time, up to a bound, and forgotten when well."""

import time
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from keel.nodes.errors import NodeError, NodeLeftOutError, NodeSilentError
from keel.nodes.panel import Backoff, Panel


@dataclass
class Scripted:
    """A client that fails as often as it is told to."""

    url: str
    fails: int = 0
    asked: list[float] = field(default_factory=list)

    def answer(self) -> str:
        self.asked.append(time.monotonic())
        if self.fails:
            self.fails -= 1
            raise NodeSilentError(self.url, "is silent")
        return self.url

    def close(self) -> None:
        """Nothing is open."""


def test_a_silent_node_is_left_out_for_twice_as_long_each_time_up_to_a_bound() -> None:
    clients = {f"http://{name}": Scripted(f"http://{name}") for name in ("well", "silent")}
    clients["http://silent"].fails = 4
    backoff = Backoff(first_seconds=0.1, most_seconds=0.2)
    panel = Panel(list(clients), clients.__getitem__, 1.0, lambda *_: None, backoff)
    begin = time.monotonic()
    replies = panel.ask(Scripted.answer)
    assert isinstance(replies[1].outcome, NodeSilentError)
    replies = panel.ask(Scripted.answer)
    assert isinstance(replies[1].outcome, NodeLeftOutError)
    while isinstance(replies[1].outcome, NodeError) and time.monotonic() < begin + 5:
        time.sleep(0.002)
        replies = panel.ask(Scripted.answer)
    panel.close()
    asked = clients["http://silent"].asked
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert len(pauses) == 4
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.2, 0.2), strict=True))
    assert len(clients["http://well"].asked) > len(asked)


def test_a_problem_is_told_once_and_again_after_the_node_was_well() -> None:
    told: list[tuple[str, str]] = []
    panel = Panel(["http://a"], Scripted, 1.0, lambda *what: told.append(what))

    def fail(client: Scripted) -> None:
        raise NodeError(client.url, "is syncing")

    for _ in range(2):
        panel.ask(fail)
    assert told == [("http://a", "is syncing")]
    panel.ask(Scripted.answer)
    panel.ask(fail)
    panel.close()
    assert told == [("http://a", "is syncing")] * 2


def test_a_mistake_of_the_program_is_not_taken_for_a_node_s() -> None:
    panel = Panel(["http://a", "http://b"], Scripted, 1.0, lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        panel.ask(lambda _: 1 // 0)
    assert [reply.outcome for reply in panel.ask(Scripted.answer)] == ["http://a", "http://b"]
    panel.close()


def test_nodes_of_one_host_are_told_apart_without_their_secrets() -> None:
    urls = ["https://provider/key-one", "https://provider/key-two", "https://other/key"]
    panel = Panel(urls, Scripted, 1.0, lambda *_: None)
    assert panel.urls == [
        "https://provider (node 1)",
        "https://provider (node 2)",
        "https://other",
    ]
    panel.close()
