"""The compiled SHA-256 gives what hashlib gives, and hashlib takes its place where it must."""

import sys
from hashlib import sha256

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keel.consensus.state.errors import HasherError
from keel.consensus.state.sha256 import (
    HASHER_VARIABLE,
    Hasher,
    HashlibHasher,
    NumbaHasher,
    choose_hasher,
    cost_note,
)

KERNEL = "keel.consensus.state.sha256_kernel"


@pytest.fixture(scope="module")
def compiled() -> NumbaHasher:
    return NumbaHasher()


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=64 * 40))
@example(data=b"")
@example(data=b"\xff" * 64)
@example(data=bytes(range(256)) * 4)
def test_each_node_has_the_digest_that_hashlib_gives(compiled: NumbaHasher, data: bytes) -> None:
    whole = data[: len(data) // 64 * 64]
    nodes = np.frombuffer(whole, np.uint8).reshape(-1, 32)
    expected = b"".join(sha256(whole[at : at + 64]).digest() for at in range(0, len(whole), 64))
    assert compiled.hash_pairs(nodes).tobytes() == expected
    assert HashlibHasher().hash_pairs(nodes).tobytes() == expected


@pytest.mark.parametrize("pairs", [2047, 2048, 2049, 4097, 10_000])
def test_two_threads_share_the_nodes_without_a_gap(compiled: NumbaHasher, pairs: int) -> None:
    nodes = np.random.default_rng(pairs).integers(0, 256, (2 * pairs, 32), np.uint8)
    assert (compiled.hash_pairs(nodes) == HashlibHasher().hash_pairs(nodes)).all()


def test_rows_that_do_not_lie_together_are_hashed_too(compiled: NumbaHasher) -> None:
    nodes = np.random.default_rng(5).integers(0, 256, (64, 40), np.uint8)[::2, 3:35]
    assert (compiled.hash_pairs(nodes) == HashlibHasher().hash_pairs(nodes)).all()


def test_the_compiled_hasher_is_taken_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HASHER_VARIABLE, raising=False)
    assert _named(choose_hasher()) == ("numba", "")
    assert _named(choose_hasher("hashlib")) == ("hashlib", "numba is switched off")


def test_numba_is_not_loaded_for_a_small_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HASHER_VARIABLE, raising=False)
    assert _named(choose_hasher(state_bytes=2**22)) == ("hashlib", "the state is small")
    assert _named(choose_hasher(state_bytes=2**22 + 1)) == ("numba", "")
    assert choose_hasher("numba", state_bytes=1).name == "numba"
    monkeypatch.setenv(HASHER_VARIABLE, "numba")
    assert choose_hasher(state_bytes=1).name == "numba"


def test_the_environment_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HASHER_VARIABLE, "hashlib")
    assert _named(choose_hasher("auto")) == ("hashlib", "numba is switched off")
    assert choose_hasher("numba").name == "numba"
    monkeypatch.setenv(HASHER_VARIABLE, "gpu")
    with pytest.raises(HasherError, match="hasher 'gpu', one of auto, numba, hashlib expected"):
        choose_hasher()


def test_without_numba_hashlib_takes_over_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HASHER_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, KERNEL, raising=False)
    assert _named(choose_hasher()) == ("hashlib", "numba is not installed")
    with pytest.raises(HasherError, match="numba is not installed"):
        choose_hasher("numba")


def test_a_switch_of_numba_itself_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HASHER_VARIABLE, raising=False)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert _named(choose_hasher()) == ("hashlib", "numba is switched off (NUMBA_DISABLE_JIT)")


def test_the_note_says_what_the_fallback_costs() -> None:
    note = cost_note(HashlibHasher("numba is not installed"), 1_000_000)
    assert note.startswith("numba is not installed; hashlib takes ")
    assert note.endswith(" s for 1,000,000 validators")


def _named(hasher: Hasher) -> tuple[str, str]:
    return hasher.name, hasher.reason
