"""The result of several nodes' answers to one JSON-RPC request, by the rule of its method."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak

from keel.chain.errors import RpcError
from keel.chain.refusals import Refusal, refusal_of
from keel.chain.rpc import Request
from keel.nodes.agreement import equal, said_by
from keel.nodes.errors import NoAgreementError, NodeError, NodeLeftOutError
from keel.nodes.methods import Method, Rule, comparable, is_of_the_chain
from keel.nodes.panel import Reply

type Replies = Sequence[Reply[Any]]
"""Results or RpcErrors of the nodes that answered."""

_SHOWN = 100
_FINAL = (Refusal.FUNDS, Refusal.INVALID)
_WHY_UNKNOWN = "execution reverted, and nodes give different reasons"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a request, maybe an RpcError, and what is wrong with some nodes by url."""

    result: Any
    off: Mapping[str, str] = field(default_factory=dict)


def judge(request: Request, method: Method, replies: Replies, agree: int) -> Verdict:
    """Return the result that the nodes' answers come to; raises NoAgreementError."""
    if method.rule is Rule.SENT:
        return Verdict(_sent(request, replies))
    if method.rule is Rule.FIRST:
        return Verdict(_first(request, replies))
    if method.rule is Rule.EQUAL_OR_NULL:
        return _equal_or_null(request, method, replies, agree)
    if method.rule is Rule.EQUAL:
        return _equal(request, method, replies, agree)
    return _number(request, method, replies, agree)


def accepted(request: Request, outcome: Any) -> bool:
    """Whether a node has a transaction that was sent to it, from now or from before."""
    if isinstance(outcome, RpcError):
        return refusal_of(outcome) is Refusal.KNOWN
    return bool(outcome == transaction_hash(request))


def transaction_hash(request: Request) -> str:
    """Hash of the transaction of an eth_sendRawTransaction."""
    return "0x" + keccak(hexstr=request[1][0]).hex()


def _sent(request: Request, replies: Replies) -> Any:
    """The refusal that counts most; a final one only if no node is silent that may have taken it.

    A node that is left out was not asked.
    """
    if any(accepted(request, reply.outcome) for reply in replies):
        return transaction_hash(request)
    order = list(Refusal)
    refusals = [reply.outcome for reply in replies if isinstance(reply.outcome, RpcError)]
    refusals.sort(key=lambda error: (order.index(refusal_of(error)), error.message))
    may_be_taken = any(
        not isinstance(reply.outcome, (RpcError, NodeLeftOutError)) for reply in replies
    )
    if not refusals or (may_be_taken and refusal_of(refusals[0]) in _FINAL):
        raise NoAgreementError(request[0], 1, said_by(replies, _shown))
    return refusals[0]


def _first(request: Request, replies: Replies) -> Any:
    outcomes = [each.outcome for each in replies if not isinstance(each.outcome, NodeError)]
    if not outcomes:
        raise NoAgreementError(request[0], 1, said_by(replies, _shown))
    results = [each for each in outcomes if not isinstance(each, RpcError)]
    known = [each for each in results if each is not None]
    return (known or results or outcomes)[0]


def _equal(request: Request, method: Method, replies: Replies, agree: int) -> Verdict:
    """Nodes that fail by themselves, as pruned ones do, decide only where too few answer."""
    answered = [each for each in replies if not _is_failure(each.outcome)]
    try:
        return _vote(request, method, answered, replies, agree)
    except NoAgreementError:
        if _all_fail(answered, agree):
            return Verdict(RpcError(request[0], 0, _WHY_UNKNOWN, None))
        if len(answered) >= agree:
            raise NoAgreementError(request[0], agree, said_by(replies, _shown)) from None
        failed = [each for each in replies if _is_failure(each.outcome)]
        return _vote(request, method, failed, replies, agree)


def _vote(
    request: Request, method: Method, voters: Replies, replies: Replies, agree: int
) -> Verdict:
    try:
        result, holders = equal(
            request[0], voters, agree, lambda answer: comparable(method, answer), _shown
        )
    except NoAgreementError as error:
        raise NoAgreementError(request[0], agree, said_by(replies, _shown)) from error
    others = [each for each in replies if each.url not in holders]
    off = {
        each.url: f"{request[0]} is {_shown(each.outcome)}, others agree on {_shown(result)}"
        for each in others
        if not isinstance(each.outcome, NodeError)
    }
    return Verdict(result, off)


def _equal_or_null(request: Request, method: Method, replies: Replies, agree: int) -> Verdict:
    known = [each for each in replies if each.outcome is not None]
    usable = [each for each in replies if not _is_failure(each.outcome)]
    try:
        return _equal(request, method, known, agree)
    except NoAgreementError:
        if len(usable) < agree:
            raise NoAgreementError(request[0], agree, said_by(replies, _shown)) from None
        return Verdict(None)


def _number(request: Request, method: Method, replies: Replies, agree: int) -> Verdict:
    choose: Mapping[Rule, Callable[[list[int]], int]] = {
        Rule.MIDDLE: lambda numbers: sorted(numbers)[(len(numbers) - 1) // 2],
        Rule.REACHED: lambda numbers: sorted(numbers, reverse=True)[agree - 1],
    }
    numbers, off = [], {}
    for reply in replies:
        if isinstance(reply.outcome, (NodeError, RpcError)):
            continue
        try:
            numbers.append(int(reply.outcome, 16))
        except (TypeError, ValueError):
            off[reply.url] = f"{request[0]} is {_shown(reply.outcome)}, a number expected"
    if len(numbers) >= agree:
        return Verdict(hex(choose[method.rule](numbers)), off)
    errors = [each for each in replies if isinstance(each.outcome, (NodeError, RpcError))]
    return _equal(request, method, errors, agree)


def _all_fail(answered: Replies, agree: int) -> bool:
    """Whether nodes agree that the EVM failed, though not on why: some leave the data out."""
    return len(answered) >= agree and all(isinstance(e.outcome, RpcError) for e in answered)


def _is_failure(outcome: Any) -> bool:
    if isinstance(outcome, RpcError):
        return not is_of_the_chain(outcome)
    return isinstance(outcome, NodeError)


def _shown(answer: Any) -> str:
    text = " ".join(str(answer).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
