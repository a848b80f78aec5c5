"""SHA-256 of 64-byte nodes, compiled by numba; importing it compiles, or loads what is cached.

FIPS 180-4. A node is one block of data and one of padding, and the padding's message schedule is
always the same. Sixteen nodes pass through the rounds at once, side by side in memory, so that
the compiler can use the processor's vector registers. Only `sha256` imports this module.
"""

from collections.abc import Callable
from importlib import import_module
from itertools import count, islice
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANES = 16
"""Nodes that pass through the rounds together."""

type Words = NDArray[np.uint32]

numba: Any = import_module("numba")

_U = np.uint32
_READ_ONLY_NODES = numba.types.Array(numba.uint32, 2, "C", readonly=True)


def _compiled[F: Callable[..., Any]](signature: Any) -> Callable[[F], F]:
    """The seam to numba, which has no types: the function stays what it was to type checkers."""
    compiler: Callable[[F], F] = numba.njit(
        signature, nogil=True, cache=True, boundscheck=False, error_model="numpy"
    )
    return compiler


def _primes() -> list[int]:
    found = (n for n in count(2) if all(n % k for k in range(2, isqrt(n) + 1)))
    return list(islice(found, 64))


def _cube_root(number: int) -> int:
    root = 1 << -(-number.bit_length() // 3)
    while root**3 > number:
        root = (2 * root + number // root**2) // 3
    return root


def _padding_schedule() -> list[int]:
    words = [1 << 31, *[0] * 14, 512]
    for i in range(16, 64):
        p, q = words[i - 15], words[i - 2]
        low = _turned(p, 7) ^ _turned(p, 18) ^ (p >> 3)
        high = _turned(q, 17) ^ _turned(q, 19) ^ (q >> 10)
        words.append((words[i - 16] + low + words[i - 7] + high) % 2**32)
    return words


def _turned(word: int, bits: int) -> int:
    return (word >> bits | word << (32 - bits)) % 2**32


_START = np.array([isqrt(p << 64) % 2**32 for p in _primes()[:8]], np.uint32)
_ROUND = np.array([_cube_root(p << 96) % 2**32 for p in _primes()], np.uint32)
_PADDED_ROUND = _ROUND + np.array(_padding_schedule(), np.uint32)


@_compiled("uint32(uint32, uint32)")
def _right(word: np.uint32, bits: np.uint32) -> np.uint32:
    return (word >> bits) | (word << (_U(32) - bits))


@_compiled("uint32(uint32)")
def _swapped(word: np.uint32) -> np.uint32:
    return (_right(word, _U(8)) & _U(0xFF00FF00)) | (_right(word, _U(24)) & _U(0x00FF00FF))


@_compiled("uint32(uint32, uint32, uint32)")
def _chosen(e: np.uint32, f: np.uint32, g: np.uint32) -> np.uint32:
    mixed = _right(e, _U(6)) ^ _right(e, _U(11)) ^ _right(e, _U(25))
    return _U(mixed + ((e & f) ^ (~e & g)))


@_compiled("uint32(uint32, uint32, uint32)")
def _most(a: np.uint32, b: np.uint32, c: np.uint32) -> np.uint32:
    mixed = _right(a, _U(2)) ^ _right(a, _U(13)) ^ _right(a, _U(22))
    return _U(mixed + ((a & b) ^ (a & c) ^ (b & c)))


@_compiled("void(uint32[::1], uint32[::1])")
def _rounds(state: Words, words: Words) -> None:
    """64 rounds over all lanes, eight at a time so that the names come back to their places."""
    for eight in range(8):
        at = eight * 8 * LANES
        for lane in range(LANES):
            a = state[lane]
            b = state[LANES + lane]
            c = state[2 * LANES + lane]
            d = state[3 * LANES + lane]
            e = state[4 * LANES + lane]
            f = state[5 * LANES + lane]
            g = state[6 * LANES + lane]
            h = state[7 * LANES + lane]
            h += _chosen(e, f, g) + words[at + lane]
            d += h
            h += _most(a, b, c)
            g += _chosen(d, e, f) + words[at + LANES + lane]
            c += g
            g += _most(h, a, b)
            f += _chosen(c, d, e) + words[at + 2 * LANES + lane]
            b += f
            f += _most(g, h, a)
            e += _chosen(b, c, d) + words[at + 3 * LANES + lane]
            a += e
            e += _most(f, g, h)
            d += _chosen(a, b, c) + words[at + 4 * LANES + lane]
            h += d
            d += _most(e, f, g)
            c += _chosen(h, a, b) + words[at + 5 * LANES + lane]
            g += c
            c += _most(d, e, f)
            b += _chosen(g, h, a) + words[at + 6 * LANES + lane]
            f += b
            b += _most(c, d, e)
            a += _chosen(f, g, h) + words[at + 7 * LANES + lane]
            e += a
            a += _most(b, c, d)
            state[lane] = a
            state[LANES + lane] = b
            state[2 * LANES + lane] = c
            state[3 * LANES + lane] = d
            state[4 * LANES + lane] = e
            state[5 * LANES + lane] = f
            state[6 * LANES + lane] = g
            state[7 * LANES + lane] = h


@_compiled("void(uint32[::1])")
def _schedule(words: Words) -> None:
    """Fill words 16 to 63 from the first sixteen, then add the constant of each round."""
    for i in range(16, 64):
        for lane in range(LANES):
            at = i * LANES + lane
            p = words[at - 15 * LANES]
            q = words[at - 2 * LANES]
            low = _right(p, _U(7)) ^ _right(p, _U(18)) ^ (p >> _U(3))
            high = _right(q, _U(17)) ^ _right(q, _U(19)) ^ (q >> _U(10))
            words[at] = words[at - 16 * LANES] + low + words[at - 7 * LANES] + high
    for i in range(64):
        constant = _ROUND[i]
        for lane in range(LANES):
            words[i * LANES + lane] += constant


@_compiled(numba.void(_READ_ONLY_NODES, numba.uint32[::1]))
def _load(nodes: Words, words: Words) -> None:
    for lane in range(len(nodes)):
        for i in range(16):
            words[i * LANES + lane] = _swapped(nodes[lane, i])


@_compiled("void(uint32[::1], uint32[::1])")
def _add(state: Words, before: Words) -> None:
    for at in range(8 * LANES):
        state[at] += before[at]


@_compiled("void(uint32[::1], uint32[:, ::1])")
def _store(state: Words, digests: Words) -> None:
    for lane in range(len(digests)):
        for i in range(8):
            digests[lane, i] = _swapped(state[i * LANES + lane])


@_compiled(numba.void(_READ_ONLY_NODES, numba.uint32[:, ::1]))
def hash_nodes(nodes: Words, digests: Words) -> None:
    """Write the digest of each node, a row of 16 little-endian words, as a row of 8."""
    words = np.empty(64 * LANES, np.uint32)
    padding = np.empty(64 * LANES, np.uint32)
    start = np.empty(8 * LANES, np.uint32)
    state = np.empty(8 * LANES, np.uint32)
    before = np.empty(8 * LANES, np.uint32)
    for i in range(64):
        padding[i * LANES : (i + 1) * LANES] = _PADDED_ROUND[i]
    for i in range(8):
        start[i * LANES : (i + 1) * LANES] = _START[i]
    for first in range(0, len(nodes), LANES):
        _load(nodes[first : first + LANES], words)
        _schedule(words)
        state[:] = start
        _rounds(state, words)
        _add(state, start)
        before[:] = state
        _rounds(state, padding)
        _add(state, before)
        _store(state, digests[first : first + LANES])
