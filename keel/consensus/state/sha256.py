"""SHA-256 of Merkle nodes: compiled where numba runs, by hashlib where it does not."""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib import import_module
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from keel.consensus.state.errors import HasherError

type Nodes = NDArray[np.uint8]
"""Merkle nodes or chunks, one row of 32 bytes each."""

HasherName = Literal["auto", "numba", "hashlib"]

HASHER_VARIABLE = "KEEL_SHA256"
"""Environment variable that names the hasher: auto (without it), numba or hashlib."""

THREADS = 2

_NODES_OF_A_VALIDATOR = 9.6
"""Nodes in a state for each validator: 8 for its root, 1 above, the rest in the other lists."""
_SMALL = 2048  # pairs that are not worth a second thread
_SAMPLE = 20_000
_SMALL_STATE_BYTES = 2**22  # hashed by the standard library while numba would still be loading


class Hasher(Protocol):
    """Hashes neighbours."""

    name: str
    reason: str
    """Why a fallback was taken; empty otherwise."""

    def hash_pairs(self, nodes: Nodes) -> Nodes:
        """Return n parents of 2n nodes."""


class HashlibHasher:
    """One node after another, by the standard library: needs no compiler, and takes its time."""

    name = "hashlib"

    def __init__(self, reason: str = "") -> None:
        self.reason = reason

    def hash_pairs(self, nodes: Nodes) -> Nodes:
        """Return n parents of 2n nodes."""
        data = nodes.tobytes()
        digests = [sha256(data[at : at + 64]).digest() for at in range(0, len(data), 64)]
        return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


class NumbaHasher:
    """Sixteen nodes at a time in each of two threads."""

    name = "numba"
    reason = ""

    def __init__(self) -> None:
        self._hash_nodes = _compiled_kernel()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sha256")

    def hash_pairs(self, nodes: Nodes) -> Nodes:
        """Return n parents of 2n nodes."""
        pairs = np.ascontiguousarray(nodes).reshape(-1, 64).view(np.uint32)
        digests = np.empty((len(pairs), 8), np.uint32)
        if len(pairs) <= _SMALL:
            self._hash_nodes(pairs, digests)
        else:
            share = -(-len(pairs) // THREADS)
            parts = [slice(at, at + share) for at in range(0, len(pairs), share)]
            list(
                self._threads.map(lambda part: self._hash_nodes(pairs[part], digests[part]), parts)
            )
        return digests.view(np.uint8)


def choose_hasher(name: HasherName = "auto", state_bytes: int | None = None) -> Hasher:
    """Return the hasher of that name; for auto that of KEEL_SHA256, or the fastest that runs here.

    For a state of few bytes auto does not load numba, which takes longer than the hashing. A
    fallback says why in `reason`; `cost_note` says what it costs. Raises HasherError for an unknown
    name, or when numba is asked for by name and cannot run.
    """
    wanted = (os.environ.get(HASHER_VARIABLE) or name) if name == "auto" else name
    if wanted not in get_args(HasherName):
        raise HasherError(f"hasher {wanted!r}, one of {', '.join(get_args(HasherName))} expected")
    if wanted == "hashlib":
        return HashlibHasher("numba is switched off")
    if wanted == "auto" and state_bytes is not None and state_bytes <= _SMALL_STATE_BYTES:
        return HashlibHasher("the state is small")
    try:
        return NumbaHasher()
    except HasherError as error:
        if wanted == "numba":
            raise
        return HashlibHasher(str(error))


def cost_note(hasher: Hasher, validators: int) -> str:
    """What hashing a state of so many validators will take, measured on a small sample."""
    nodes = np.zeros((2 * _SAMPLE, 32), np.uint8)
    begin = time.perf_counter()
    hasher.hash_pairs(nodes)
    node_seconds = (time.perf_counter() - begin) / _SAMPLE
    seconds = node_seconds * validators * _NODES_OF_A_VALIDATOR
    because = f"{hasher.reason}; " if hasher.reason else ""
    return (
        f"{because}{hasher.name} takes {node_seconds * 1e6:.2f} µs a node, "
        f"about {seconds:.1f} s for {validators:,} validators"
    )


def hash_pair(left: bytes, right: bytes) -> bytes:
    """SHA-256 of one node."""
    return sha256(left + right).digest()


def _compiled_kernel() -> Callable[[NDArray[np.uint32], NDArray[np.uint32]], None]:
    if sys.byteorder != "little":
        raise HasherError("the compiled hasher needs a little-endian processor")
    try:
        numba = import_module("numba")
    except ImportError as error:
        raise HasherError("numba is not installed") from error
    if numba.config.DISABLE_JIT:
        raise HasherError("numba is switched off (NUMBA_DISABLE_JIT)")
    try:
        module = import_module("keel.consensus.state.sha256_kernel")
    except (ImportError, RuntimeError) as error:
        raise HasherError(f"numba cannot compile or keep its code: {error}") from error
    kernel: Callable[[NDArray[np.uint32], NDArray[np.uint32]], None] = module.hash_nodes
    return kernel
