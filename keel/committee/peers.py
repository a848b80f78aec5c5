"""The other members, asked over HTTP, all at once and never for longer than one timeout.

A peer that did not answer in time is left out for a while that doubles; one that refused the
connection costs nothing and is asked again each time. Nobody is asked anything new while it still
answers an earlier question, so a peer can keep one thread busy and no more. What comes back is read
up to a bound and believed by nobody: the caller checks signatures, and leaves are checked here by
their root.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import ValidationError

from keel.chain.certificates import authorities
from keel.chain.closeable import Closing
from keel.chain.endpoint import Endpoint, endpoint
from keel.committee.ballot_box import BallotBox
from keel.committee.messages import BallotsMessage, OperatorsMessage, SignedBallot, first_fault
from keel.errors import KeelError
from keel.model.commitment import OperatorTotals, operators_tree

_FIRST_PAUSE_TIMEOUTS = 4
_LONGEST_PAUSE_SECONDS = 120.0
_MOST_BALLOTS_BYTES = 2**21
_MOST_OPERATORS_BYTES = 2**25
_REFUSAL_BYTES = 200
_HEADERS = {"Content-Type": "application/json"}


class PeerError(KeelError):
    """A peer did not answer, or not as agreed; the message says how."""


class SilentPeerError(PeerError):
    """A peer did not answer in time."""


@dataclass(slots=True)
class _Peer:
    url: str
    endpoint: Endpoint
    paused_until: float = 0.0
    pause_seconds: float = 0.0
    has_from_us: set[tuple[bytes, str]] = field(default_factory=set)
    asked: Future[Any] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it still answers an earlier question."""
        return self.asked is not None and not self.asked.done()

    def address(self, path: str) -> str:
        """Where to ask for a path: behind the peer's own path and before its query."""
        return self.endpoint.name + self.endpoint.target(path)


class Peers(Closing):
    """Clients of other members; one object serves one thread.

    `problems` says of each peer that failed last time what was wrong.
    """

    def __init__(
        self,
        urls: Sequence[str],
        timeout_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problems: dict[str, str] = {}
        self._peers = [_Peer(url, endpoint(url)) for url in urls]
        self._timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self._client = httpx.Client(
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=4 * len(urls) or 1),
            trust_env=False,
            verify=authorities(),
            headers={"Accept-Encoding": "identity"},
        )
        self._threads = ThreadPoolExecutor(len(urls) or 1, thread_name_prefix="peer")

    def ballots(self, ref_slot: int) -> list[SignedBallot]:
        """All ballots of a reference slot that peers know; those of silent peers are missing."""
        answers = self._ask(lambda peer: self._pull(peer, ref_slot))
        return [ballot for ballots in answers.values() for ballot in ballots]

    def gather(self, ref_slot: int, box: BallotBox) -> None:
        """Put the ballots that peers know into a box; who hands out invalid ones is a problem."""
        for url, ballots in self._ask(lambda peer: self._pull(peer, ref_slot)).items():
            problem = box.take_from_peer(url, ballots)
            if problem is not None:
                self.problems[url] = problem

    def offer(self, ballots: Sequence[SignedBallot]) -> None:
        """Hand ballots to all peers that have not taken them yet."""
        if ballots:
            self._ask(lambda peer: self._push(peer, ballots))

    def operators(self, root: bytes) -> tuple[OperatorTotals, ...] | None:
        """Leaves under an `operatorsRoot`, None when no peer has them."""
        answers = self._ask(lambda peer: self._leaves(peer, root))
        return next((leaves for leaves in answers.values() if leaves), None)

    def close(self) -> None:
        """Close all connections; requests that still wait are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _ask[T](self, question: Callable[[_Peer], T]) -> Mapping[str, T]:
        now = self._monotonic()
        asked: dict[Future[T], _Peer] = {}
        for peer in self._peers:
            if peer.paused_until <= now and not peer.is_busy:
                peer.asked = future = self._threads.submit(question, peer)
                asked[future] = peer
        done, silent = wait(asked, timeout=self._timeout_seconds)
        answers: dict[str, T] = {}
        for future in done:
            peer = asked[future]
            try:
                answers[peer.url] = future.result()
            except SilentPeerError as error:
                self._pause(peer, str(error))
            except PeerError as error:
                self.problems[peer.url] = str(error)
            else:
                peer.pause_seconds = 0.0
                self.problems.pop(peer.url, None)
        for future in silent:
            future.cancel()
            self._pause(asked[future], f"no answer within {self._timeout_seconds:g} s")
        return answers

    def _pause(self, peer: _Peer, problem: str) -> None:
        first = _FIRST_PAUSE_TIMEOUTS * self._timeout_seconds
        peer.pause_seconds = min(max(first, 2 * peer.pause_seconds), _LONGEST_PAUSE_SECONDS)
        peer.paused_until = self._monotonic() + peer.pause_seconds
        self.problems[peer.url] = problem

    def _pull(self, peer: _Peer, ref_slot: int) -> Sequence[SignedBallot]:
        content = self._read(peer, f"/v1/ballots/{ref_slot}", _MOST_BALLOTS_BYTES)
        if content is None:
            return ()
        try:
            ballots = BallotsMessage.model_validate_json(content).ballots
        except ValidationError as error:
            raise PeerError(f"sent no ballots: {first_fault(error)}") from error
        return [ballot for ballot in ballots if ballot.ref_slot == ref_slot]

    def _push(self, peer: _Peer, ballots: Sequence[SignedBallot]) -> None:
        keys = {(ballot.signature, ballot.signer): ballot for ballot in ballots}
        peer.has_from_us &= keys.keys()
        refusal = ""
        for key in keys.keys() - peer.has_from_us:
            content = keys[key].model_dump_json()
            headers = {**_HEADERS, **peer.endpoint.headers}
            url = peer.address("/v1/ballots")
            with (
                _explained(),
                self._client.stream("POST", url, content=content, headers=headers) as response,
            ):
                if response.status_code == httpx.codes.ACCEPTED:
                    continue  # it waits for a proof, and is offered again until it has one
                if response.is_success:
                    peer.has_from_us.add(key)
                else:
                    refusal = f"refused a ballot: {_beginning(response)!r}"
        if refusal:
            raise PeerError(refusal)

    def _leaves(self, peer: _Peer, root: bytes) -> tuple[OperatorTotals, ...] | None:
        content = self._read(peer, f"/v1/operators/0x{root.hex()}", _MOST_OPERATORS_BYTES)
        if content is None:
            return None
        try:
            leaves = OperatorsMessage.model_validate_json(content).leaves
        except ValidationError as error:
            raise PeerError(f"sent no leaves: {first_fault(error)}") from error
        if not leaves or operators_tree(leaves).root != root:
            raise PeerError(f"sent leaves without the root 0x{root.hex()}")
        return leaves

    def _read(self, peer: _Peer, path: str, most_bytes: int) -> bytes | None:
        """Return the body, None for 404; ends after one timeout however slowly it drips."""
        end = self._monotonic() + self._timeout_seconds
        content = bytearray()
        url, headers = peer.address(path), peer.endpoint.headers
        with _explained(), self._client.stream("GET", url, headers=headers) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if not response.is_success:
                raise PeerError(f"answered with status {response.status_code}")
            for part in response.iter_raw():
                content += part
                if len(content) > most_bytes:
                    raise PeerError(f"sent more than {most_bytes} bytes")
                if self._monotonic() > end:
                    raise SilentPeerError(f"no full answer within {self._timeout_seconds:g} s")
        return bytes(content)


def _beginning(response: httpx.Response) -> str:
    """Return the first piece of a body, whatever may follow."""
    return next(response.iter_raw(_REFUSAL_BYTES), b"").decode(errors="replace")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn errors of the transport into PeerErrors."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise SilentPeerError(f"no answer in time ({type(error).__name__})") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, RuntimeError) as error:
        # RuntimeError: closed meanwhile; UnicodeError: no name of a host
        raise PeerError(str(error) or type(error).__name__) from error
