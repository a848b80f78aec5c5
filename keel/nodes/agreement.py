"""When several answers count as one: rules on what nodes said, without any asking."""

from collections.abc import Callable, Hashable, Sequence

from keel.nodes.errors import NoAgreementError, NodeError, NodeSettingsError
from keel.nodes.panel import Reply


def needed(nodes: int, agree: int | None) -> int:
    """Nodes that must agree, by default more than half; raises NodeSettingsError."""
    wanted = nodes // 2 + 1 if agree is None else agree
    if not 1 <= wanted <= nodes:
        raise NodeSettingsError(f"{wanted} of {nodes} nodes cannot agree: 1 to {nodes} expected")
    return wanted


def decides(nodes: int, agree: int) -> int:
    """Equal answers which no number of others can outvote."""
    return max(agree, nodes // 2 + 1)


def equal[A](
    what: str,
    replies: Sequence[Reply[A]],
    agree: int,
    key: Callable[[A], Hashable],
    show: Callable[[A], str],
) -> tuple[A, list[str]]:
    """Return the answer of the largest group, of `agree` at least and alone of its size, and whose.

    Raises NoAgreementError, which two groups of equal size cause too.
    """
    groups: dict[Hashable, list[tuple[str, A]]] = {}
    for reply in replies:
        if not isinstance(reply.outcome, NodeError):
            groups.setdefault(key(reply.outcome), []).append((reply.url, reply.outcome))
    largest = sorted(groups.values(), key=len, reverse=True)[:2]
    tied = len(largest) == 2 and len(largest[0]) == len(largest[1])
    if not largest or len(largest[0]) < agree or tied:
        raise NoAgreementError(what, agree, said_by(replies, show))
    return largest[0][0][1], [url for url, _ in largest[0]]


def reached(what: str, replies: Sequence[Reply[int]], agree: int) -> int:
    """Return the highest number that `agree` nodes have reached; raises NoAgreementError."""
    numbers = sorted(_answers(replies), reverse=True)
    if len(numbers) < agree:
        raise NoAgreementError(what, agree, said_by(replies, str))
    return numbers[agree - 1]


def said_by[A](replies: Sequence[Reply[A]], show: Callable[[A], str]) -> dict[str, str]:
    """Return what each node said, for messages."""
    return {
        reply.url: f"({reply.outcome.problem})"
        if isinstance(reply.outcome, NodeError)
        else show(reply.outcome)
        for reply in replies
    }


def _answers[A](replies: Sequence[Reply[A]]) -> list[A]:
    return [reply.outcome for reply in replies if not isinstance(reply.outcome, NodeError)]
