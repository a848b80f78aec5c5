"""The execution layer as `agree` of several nodes show it: an RpcClient of many addresses."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from keel.chain.errors import ChainError, RpcError
from keel.chain.refusals import Refusal, refusal_of
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import BlockHead
from keel.nodes.agreement import decides, equal, needed, said_by
from keel.nodes.errors import (
    NoAgreementError,
    NodeError,
    NodeSettingsError,
)
from keel.nodes.execution_node import ExecutionNode, ask_node, head_at
from keel.nodes.methods import Method, Rule, at_block, comparable, method_of, names_latest
from keel.nodes.panel import Backoff, OnDisagreement, Panel, Reply
from keel.nodes.verdicts import Verdict, accepted, judge, transaction_hash

type Pin = tuple[BlockHead, list[str]]
"""An agreed head, and the nodes that have it."""

_SEND = "eth_sendRawTransaction"
_HEAD_NUMBER = "eth_blockNumber"


class AgreedRpc(RpcClient):
    """Execution nodes asked at once, by the rules of `methods`; one client serves one thread.

    Raises RpcError for what the chain refuses and NodeError for what nodes do not answer; nodes
    that disagree are told to `on_disagreement`. "latest" means the agreed head of that request, or
    that of the `pinned` block around it. With one address nothing is agreed: it is an RpcClient
    without threads, whose connection errors are NodeErrors.
    """

    def __init__(
        self,
        urls: Sequence[str],
        agree: int | None = None,
        timeout_seconds: float = 10.0,
        on_disagreement: OnDisagreement = lambda _url, _problem: None,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self.agree = needed(len(urls), agree)
        super().__init__(urls[0], timeout_seconds)
        self._pin: Pin | None = None
        self._panel: Panel[ExecutionNode] | None = None
        if len(urls) > 1:
            self._panel = Panel(
                urls,
                lambda url: ExecutionNode(url, timeout_seconds),
                timeout_seconds,
                on_disagreement,
                backoff,
            )

    @property
    def urls(self) -> list[str]:
        """Names of the nodes."""
        return [self.name] if self._panel is None else self._panel.urls

    def agreed_head(self) -> BlockHead:
        """Return the pinned head, or the highest that `agree` nodes have with the same hash."""
        return self._head()[0]

    @contextmanager
    def pinned(self) -> Iterator[BlockHead]:
        """Agree on a head once and read all of "latest" inside at its number."""
        before = self._pin
        self._pin = self._head()
        try:
            yield self._pin[0]
        finally:
            self._pin = before

    def call(self, method: str, *params: Any) -> Any:
        """Return the agreed result of one request; raises RpcError or NodeError."""
        outcome = self.batch_outcomes([(method, params)])[0]
        if isinstance(outcome, RpcError):
            raise outcome
        return outcome

    def batch_outcomes(self, requests: Sequence[Request]) -> list[Any]:
        """Agreed results, an RpcError in the place of each that failed; raises NodeError."""
        if not requests:
            return []
        outcomes = self._outcomes(requests)
        for at, (request, outcome) in enumerate(zip(requests, outcomes, strict=True)):
            if request[0] == _SEND and isinstance(outcome, RpcError):
                outcomes[at] = self._own_if_mined(request, outcome)
        return outcomes

    def is_refusal(self, error: ChainError) -> bool:
        """Whether nodes answered with errors; too few that agree may have the same reason."""
        return isinstance(error, (RpcError, NoAgreementError))

    def close(self) -> None:
        """Close all connections."""
        super().close()
        if self._panel is not None:
            self._panel.close()

    def _outcomes(self, requests: Sequence[Request]) -> list[Any]:
        pin, pinned = self._at_head(requests)
        if self._panel is None:
            return self._of_one_node(pinned)
        asked = {at: request for at, request in enumerate(pinned) if request[0] != _HEAD_NUMBER}
        outcomes: list[Any] = [None if pin is None else hex(pin[0].number)] * len(requests)
        if asked:
            for at, verdict in self._of_nodes(self._panel, asked, pin).items():
                outcomes[at] = verdict.result
        return outcomes

    def _own_if_mined(self, request: Request, refusal: RpcError) -> Any:
        """A nonce is used as well by the transaction itself, which one node may mine at once."""
        if refusal_of(refusal) is not Refusal.NONCE_USED:
            return refusal
        own = transaction_hash(request)
        try:
            found = self.call("eth_getTransactionByHash", own)
        except (RpcError, NodeError):
            return refusal
        return own if isinstance(found, dict) and found.get("hash") == own else refusal

    def _at_head(self, requests: Sequence[Request]) -> tuple[Pin | None, list[Request]]:
        """Replace "latest" by a number where nodes must agree, or where a head is pinned."""
        if self._panel is None and self._pin is None:
            return None, list(requests)
        rules = [self._rule(name, params) for name, params in requests]
        if not any(
            rule is not None and names_latest(name, params, rule)
            for (name, params), rule in zip(requests, rules, strict=True)
        ):
            return None, list(requests)
        pin = self._head()
        pinned: list[Request] = []
        for (name, params), rule in zip(requests, rules, strict=True):
            latest = rule is not None and names_latest(name, params, rule)
            changed = at_block(name, params, rule, pin[0].number) if rule and latest else params
            pinned.append((name, changed))
        return pin, pinned

    def _rule(self, name: str, params: Sequence[Any]) -> Method | None:
        method = method_of(name, params)
        if method is None and self._panel is not None:
            raise NodeSettingsError(f"{name} works with one node only, not with several")
        return method

    def _of_one_node(self, requests: Sequence[Request]) -> list[Any]:
        outcomes = ask_node(self, requests)
        for at, (request, outcome) in enumerate(zip(requests, outcomes, strict=True)):
            if request[0] == _HEAD_NUMBER and self._pin is not None:
                outcomes[at] = hex(self._pin[0].number)
            elif request[0] == _SEND and accepted(request, outcome):
                outcomes[at] = transaction_hash(request)
        return outcomes

    def _of_nodes(
        self, panel: Panel[ExecutionNode], requests: dict[int, Request], pin: Pin | None
    ) -> dict[int, Verdict]:
        """Ask those nodes that have the head, or all, and judge each request by its rule."""
        listed = list(requests.values())
        rules = [method_of(*request) for request in listed]
        methods = [rule for rule in rules if rule is not None]
        replies = panel.ask(
            lambda node: ask_node(node, listed),
            of=None if pin is None else pin[1],
            settled=lambda answers: self._is_decided(listed, methods, answers),
        )
        verdicts = {}
        for place, (at, request) in enumerate(requests.items()):
            answers = [_answer_at(reply, place) for reply in replies]
            verdicts[at] = judge(request, methods[place], answers, self.agree)
            self._tell(panel, request[0], answers, verdicts[at].off)
        return verdicts

    def _is_decided(
        self,
        requests: Sequence[Request],
        methods: Sequence[Method],
        answers: Sequence[list[Any]],
    ) -> bool:
        if len(requests) == 1 and methods[0].rule is Rule.SENT:
            return any(accepted(requests[0], answer[0]) for answer in answers)
        keys = [_key(methods, answer) for answer in answers]
        return keys.count(keys[-1]) >= decides(len(self.urls), self.agree)

    def _head(self) -> Pin:
        if self._pin is not None:
            return self._pin
        if self._panel is None:
            head = head_at(self, "latest")
            if head is None:
                raise NodeError(self.name, "it has no latest block")
            return head, self.urls
        return self._agreed_head(self._panel)

    def _agreed_head(self, panel: Panel[ExecutionNode]) -> Pin:
        """Look at the nodes' heads, then go down to a block that enough of them have."""
        enough = decides(len(self.urls), self.agree)
        replies = _without_none(
            panel.ask(
                lambda node: head_at(node, "latest"),
                settled=lambda heads: heads.count(heads[-1]) >= enough,
            )
        )
        heads = [each.outcome for each in replies if isinstance(each.outcome, BlockHead)]
        numbers = sorted((head.number for head in heads), reverse=True)
        if len(set(heads)) == 1:
            return self._judged_head(panel, replies)
        error = NoAgreementError("the head", self.agree, said_by(replies, _shown_head))
        for number in dict.fromkeys(numbers[self.agree - 1 :]):
            having = [each.url for each in replies if isinstance(each.outcome, BlockHead)]
            try:
                return self._judged_head(panel, self._heads_at(panel, number, having))
            except NoAgreementError as found:
                error = found
        raise error

    def _heads_at(
        self, panel: Panel[ExecutionNode], number: int, having: Sequence[str]
    ) -> list[Reply[BlockHead]]:
        return _without_none(panel.ask(lambda node: head_at(node, hex(number)), of=having))

    def _judged_head(self, panel: Panel[ExecutionNode], replies: Sequence[Reply[BlockHead]]) -> Pin:
        head, holders = equal("the head", replies, self.agree, lambda answer: answer, _shown_head)
        off = {
            each.url: f"the block is {_shown_head(each.outcome)}, others agree on "
            f"{_shown_head(head)}"
            for each in replies
            if each.url not in holders and not isinstance(each.outcome, NodeError)
        }
        self._tell(panel, "the head", replies, off)
        return head, holders

    def _tell[A](
        self,
        panel: Panel[ExecutionNode],
        about: str,
        replies: Sequence[Reply[A]],
        off: Mapping[str, str],
    ) -> None:
        for reply in replies:
            if reply.url in off:
                panel.mark_off(reply.url, about, off[reply.url])
            elif not isinstance(reply.outcome, NodeError):
                panel.mark_right(reply.url, about)


def _without_none(replies: Sequence[Reply[BlockHead | None]]) -> list[Reply[BlockHead]]:
    """A node that is behind does not answer falsely: it has no answer."""
    return [
        Reply(each.url, NodeError(each.url, "it does not have the block"))
        if each.outcome is None
        else Reply(each.url, each.outcome)
        for each in replies
    ]


def _answer_at(reply: Reply[list[Any]], place: int) -> Reply[Any]:
    outcome = reply.outcome
    return Reply(reply.url, outcome if isinstance(outcome, NodeError) else outcome[place])


def _key(methods: Sequence[Method], answer: Sequence[Any]) -> Hashable:
    """What answers must have in common before the rest is given less time."""
    exact = (Rule.EQUAL, Rule.EQUAL_OR_NULL)
    return tuple(
        comparable(method, each) if method.rule in exact else None
        for method, each in zip(methods, answer, strict=True)
    )


def _shown_head(head: BlockHead) -> str:
    return f"{head.number} {head.hash}"
