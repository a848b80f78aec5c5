"""Errors of reading nodes; each message is one line meant for the log or the terminal."""

from collections.abc import Mapping

from keel.chain.endpoint import endpoint
from keel.chain.errors import ChainError

_MOST_CHARACTERS = 2_000


class NodeError(ChainError):
    """A node gives no answer that can be used. `url` names it, without what may be secret.

    Of a long `problem`, which may hold a node's own words, only the beginning is kept.
    """

    def __init__(self, url: str, problem: str) -> None:
        if len(problem) > _MOST_CHARACTERS:
            problem = f"{problem[:_MOST_CHARACTERS]}..."
        super().__init__(f"{url}: {problem}")
        self.url = url
        self.problem = problem


class NodeRefusalError(NodeError):
    """A node answers that it does not have what it was asked for, or fails to give it."""


class NodeSilentError(NodeError):
    """A node cannot be reached, breaks off or does not answer in time."""


class NodeLeftOutError(NodeError):
    """A node was silent a short while ago and is not asked again yet."""


class NodeSettingsError(ChainError):
    """The nodes are named in a way that cannot work."""


class NoAgreementError(NodeError):
    """Too few nodes say the same, or two groups of equal size differ.

    `said` has what each node answered, or why it gave no answer, by its url.
    """

    def __init__(self, what: str, agree: int, said: Mapping[str, str]) -> None:
        listed = "; ".join(f"{url} says {text}" for url, text in said.items())
        missing = "no usable answer" if agree == 1 else f"no agreement of {agree} nodes"
        problem = f"{missing} on {what}: {listed or 'none was asked'}"
        super().__init__(", ".join(said), problem)
        self.args = (self.problem,)
        self.what = what
        self.said = dict(said)


def public_name(url: str) -> str:
    """Scheme, host and port of an address; its path, query or user may hold a provider's key.

    Raises NodeSettingsError for what is no http or https address.
    """
    try:
        return endpoint(url).name
    except ValueError as error:
        raise NodeSettingsError(str(error)) from error
