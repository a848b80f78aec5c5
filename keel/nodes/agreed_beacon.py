"""The consensus layer as `agree` of several beacon nodes show it."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace

from keel.chain.closeable import Closing
from keel.errors import KeelError
from keel.nodes.agreement import decides, equal, needed, reached
from keel.nodes.beacon_node import BeaconNode, NoRoot, StateLimits
from keel.nodes.errors import (
    NoAgreementError,
    NodeError,
    NodeRefusalError,
    NodeSilentError,
)
from keel.nodes.network import NetworkFacts
from keel.nodes.panel import Backoff, OnDisagreement, Panel, Reply

_ROOT_AT = slice(8, 40)
_SLOT_AT = slice(40, 48)


type RootOf = Callable[[str, bytes], bytes]
"""Gives the root of a state from its fork and SSZ bytes; raises KeelError for unreadable ones."""


@dataclass(frozen=True, slots=True)
class AgreedState:
    """SSZ bytes of a slot's state from the node at `url`, and the root that nodes agree on.

    Whether the bytes hash to the root is for the `root_of` of AgreedBeacon.state.
    """

    slot: int
    root: bytes
    fork: str
    data: bytes
    url: str


class AgreedBeacon(Closing):
    """Beacon nodes asked at once; every method raises NoAgreementError, which names who said what.

    Nodes that are silent, syncing, optimistic, without execution client or on another network than
    the others are not counted and `on_disagreement` is told. One client serves one thread.
    """

    def __init__(
        self,
        urls: Sequence[str],
        agree: int | None = None,
        timeout_seconds: float = 10.0,
        on_disagreement: OnDisagreement = lambda _url, _problem: None,
        *,
        limits: StateLimits | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.agree = needed(len(urls), agree)
        self._limits = limits or StateLimits()
        self._panel = Panel(
            urls,
            lambda url: BeaconNode(url, timeout_seconds, self._limits),
            timeout_seconds,
            on_disagreement,
            backoff,
        )
        self._network: NetworkFacts | None = None
        self._members: set[str] = set()
        self._state_order = list(self._panel.urls)

    @property
    def urls(self) -> list[str]:
        """Names of the nodes."""
        return self._panel.urls

    @property
    def network(self) -> NetworkFacts:
        """Genesis and configuration, read once."""
        if self._network is None:
            self._network = self._agreed_network()
        return self._network

    def head_slot(self) -> int:
        """Highest slot that `agree` nodes have reached with their head."""
        return self._reached("the head", BeaconNode.synced_slot)

    def finalised_slot(self) -> int:
        """First slot of the highest epoch that `agree` nodes call final."""
        epoch = self._reached("the finalised epoch", BeaconNode.finalised_epoch)
        return self.network.first_slot_of(epoch)

    def state_root(self, slot: int) -> bytes:
        """Root of the state of a slot."""
        what = f"the state root of slot {slot}"
        return self._judge(what, self._root_replies(slot), _hexadecimal)[0]

    def slashed_keys(self, slot: int) -> frozenset[bytes]:
        """Public keys of slashed validators that are not withdrawable yet, by a slot's state."""
        return self._agreed_keys(slot, "slashed validators", BeaconNode.slashed_keys)

    def known_keys(self, slot: int, pubkeys: Collection[bytes]) -> frozenset[bytes]:
        """Those of some public keys that have a validator in a slot's state; one at least."""
        return self._agreed_keys(slot, "validators", lambda node, at: node.known_keys(at, pubkeys))

    def state(self, slot: int, root_of: RootOf | None = None) -> AgreedState:
        """Return a slot's state from the first node whose bytes pass.

        The bytes must name the network and the slot and, with `root_of`, hash to the agreed root.
        Refused nodes are reported. Those that failed are tried last from then on: waiting costs
        minutes. A node that has no root for the slot is taken by the root of its bytes.
        """
        replies = self._root_replies(slot)
        what = f"the state root of slot {slot}"
        try:
            root, holders = self._judge(what, replies, _hexadecimal)
        except NoAgreementError:
            if root_of is None:
                raise
            hashed: dict[bytes, AgreedState] = {}
            replies = self._with_roots_of_bytes(slot, replies, root_of, hashed)
            root, holders = self._judge(what, replies, _hexadecimal)
            if root in hashed:
                return hashed[root]
        said: dict[str, str] = {}
        for url in sorted(holders, key=self._state_order.index):
            found, problem = self._fetched(url, slot)
            if found is not None and problem is None and root_of is not None:
                problem = _root_problem(found, root, root_of)
            if found is not None and problem is None:
                self._panel.mark_right(url, "states")
                return replace(found, root=root)
            said[url] = f"({problem})"
            self._state_order.remove(url)
            self._state_order.append(url)
            if found is not None:
                self._panel.mark_off(url, "states", f"state of slot {slot}: {problem}")
        raise NoAgreementError(f"the state of slot {slot}", 1, said)

    def close(self) -> None:
        """Close all connections."""
        self._panel.close()

    def _root_replies(self, slot: int) -> list[Reply[bytes]]:
        """What nodes call the root; those that have none count as nodes without answer."""
        replies = self._ask_members(lambda node: node.state_root(slot), self._is_decided)
        return [
            Reply(each.url, NodeRefusalError(each.url, each.outcome.problem))
            if isinstance(each.outcome, NoRoot)
            else Reply(each.url, each.outcome)
            for each in replies
        ]

    def _with_roots_of_bytes(
        self,
        slot: int,
        replies: Sequence[Reply[bytes]],
        root_of: RootOf,
        hashed: dict[bytes, AgreedState],
    ) -> list[Reply[bytes]]:
        """Hash the states of nodes that have no root, until enough agree; keeps one of each."""
        found: list[Reply[bytes]] = []
        for reply in replies:
            if isinstance(reply.outcome, NodeRefusalError):
                found.append(Reply(reply.url, self._root_of_bytes(reply, slot, root_of, hashed)))
            else:
                found.append(reply)
            answers = [each.outcome for each in found if isinstance(each.outcome, bytes)]
            if self._is_decided(answers):
                return [*found, *replies[len(found) :]]
        return found

    def _root_of_bytes(
        self,
        reply: Reply[bytes],
        slot: int,
        root_of: RootOf,
        hashed: dict[bytes, AgreedState],
    ) -> bytes | NodeError:
        state, problem = self._fetched(reply.url, slot)
        if state is not None and problem is None:
            try:
                root = root_of(state.fork, state.data)
            except KeelError as error:
                problem = str(error)
            else:
                hashed.setdefault(root, replace(state, root=root))
                return root
        has_no_root = reply.outcome.problem if isinstance(reply.outcome, NodeError) else ""
        return NodeRefusalError(reply.url, f"{has_no_root}; {problem}")

    def _fetched(self, url: str, slot: int) -> tuple[AgreedState | None, str | None]:
        """Fetch a state from one node; gives what is wrong with it, if anything."""
        seconds = self._limits.seconds + self._panel.timeout_seconds
        replies = self._panel.ask(
            lambda node: node.state_ssz(slot), of=[url], timeout_seconds=seconds
        )
        outcome = replies[0].outcome
        if isinstance(outcome, NodeError):
            return None, outcome.problem
        fork, data = outcome
        found = AgreedState(slot, b"", fork, data, url)
        if data[_ROOT_AT] != self.network.genesis_validators_root:
            return found, "its bytes are no state of this network"
        if int.from_bytes(data[_SLOT_AT], "little") != slot:
            return found, "its bytes are the state of another slot"
        return found, None

    def _agreed_keys(
        self, slot: int, what: str, question: Callable[[BeaconNode, int], frozenset[bytes]]
    ) -> frozenset[bytes]:
        replies = self._ask_members(lambda node: question(node, slot), self._is_decided)
        what = f"{what} of slot {slot}"
        return self._judge(what, replies, lambda keys: f"{len(keys)} validators")[0]

    def _reached(self, what: str, question: Callable[[BeaconNode], int]) -> int:
        enough = decides(len(self.urls), self.agree)
        replies = self._ask_members(question, lambda answers: len(answers) >= enough)
        return reached(what, replies, self.agree)

    def _ask_members[A](
        self, question: Callable[[BeaconNode], A], settled: Callable[[Sequence[A]], bool]
    ) -> list[Reply[A]]:
        """Ask the nodes of the agreed network; the replies of others are why they are not asked."""
        strange: list[Reply[A]] = [
            Reply(error.url, error) for error in self._look_at_strangers(self.network)
        ]
        replies = self._panel.ask(question, of=self._members, settled=settled)
        for reply in replies:
            if isinstance(reply.outcome, NodeSilentError):
                self._members.discard(reply.url)
        return [*replies, *strange]

    def _look_at_strangers(self, network: NetworkFacts) -> list[NodeError]:
        """Admit nodes that came back or joined late, if they are on the agreed network."""
        strangers = [url for url in self.urls if url not in self._members]
        refused = []
        for reply in self._panel.ask(BeaconNode.network, of=strangers) if strangers else ():
            found = reply.outcome
            if found == network:
                self._members.add(reply.url)
                self._panel.mark_right(reply.url, "the network")
            elif isinstance(found, NodeError):
                refused.append(NodeError(reply.url, found.problem))
            else:
                problem = _difference("the network", _network_name(found), _network_name(network))
                self._panel.mark_off(reply.url, "the network", problem)
                refused.append(NodeError(reply.url, problem))
        return refused

    def _agreed_network(self) -> NetworkFacts:
        replies = self._panel.ask(BeaconNode.network, settled=self._is_decided)
        facts, holders = self._judge("the network", replies, _network_name)
        self._members.update(holders)
        return facts

    def _judge[A: Hashable](
        self, what: str, replies: Sequence[Reply[A]], show: Callable[[A], str]
    ) -> tuple[A, list[str]]:
        """Return the agreed answer and who gave it; reports those who gave another."""
        about = what.partition(" of ")[0]
        agreed, holders = equal(what, replies, self.agree, lambda answer: answer, show)
        for reply in replies:
            if reply.url in holders:
                self._panel.mark_right(reply.url, about)
            elif not isinstance(reply.outcome, NodeError):
                problem = _difference(what, show(reply.outcome), show(agreed))
                self._panel.mark_off(reply.url, about, problem)
        return agreed, holders

    def _is_decided(self, answers: Sequence[Hashable]) -> bool:
        enough = decides(len(self.urls), self.agree)
        return any(
            answers.count(each) >= enough for each in answers if not isinstance(each, NoRoot)
        )


def _root_problem(found: AgreedState, root: bytes, root_of: RootOf) -> str | None:
    try:
        actual = root_of(found.fork, found.data)
    except KeelError as error:
        return str(error)
    if actual == root:
        return None
    return f"the state hashes to {_hexadecimal(actual)}, {_hexadecimal(root)} expected"


def _hexadecimal(value: bytes) -> str:
    return "0x" + value.hex()


def _network_name(facts: NetworkFacts) -> str:
    return (
        f"network {_hexadecimal(facts.genesis_validators_root)} of genesis {facts.genesis_time}, "
        f"{facts.slot_seconds} s a slot"
    )


def _difference(what: str, said: str, agreed: str) -> str:
    return f"{what} is {said}, others agree on {agreed}"
