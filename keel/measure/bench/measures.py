"""The things measured, each by itself in a fresh process; imports are part of what is measured."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from keel.consensus.beacon.config import Fork
from keel.consensus.state.encoded_state import EncodedState, read_state
from keel.consensus.state.proof import generalised_indices, prove_balance, prove_validator
from keel.consensus.state.tree import (
    StateTree,
    balances_tree,
    state_tree,
    validators_tree,
)
from keel.measure.bench.figures import Figures
from keel.measure.bench.reports import report_from_ssz
from keel.measure.bench.states import json_path, spec_of, ssz_path

_PROOFS = 500
_STATUS = Path("/proc/self/status")


class Stopwatch:
    """Seconds of steps, by their names; the whole counts from the start of the process."""

    def __init__(self, started: float) -> None:
        self.seconds: dict[str, float] = {"begin": time.time() - started}
        self._started = started

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is inside."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin

    def figures(self, root: bytes = b"") -> Figures:
        """What has been found until now."""
        return Figures(
            seconds=self.seconds,
            cpu_seconds=time.process_time(),
            peak_bytes=_peak_bytes(),
            root=root.hex(),
        )

    def lap(self, name: str) -> None:
        """Note the time since the process was started."""
        self.seconds[name] = time.time() - self._started


type Measure = Callable[[Fork, int, float], Figures]
"""Fork, number of validators, and when the process was started (seconds of the clock)."""


def measure_first(fork: Fork, validators: int, started: float) -> Figures:
    """From nothing but SSZ bytes to a proof of a validator and of a balance, and then many more."""
    watch = Stopwatch(started)
    state = _read(fork, validators, watch)
    with watch.step("tree"):
        tree = state_tree(state)
    _prove(state, tree, (0, validators - 1), watch, "proofs")
    watch.lap("first")
    first_figures = watch.figures(tree.root)
    _prove_many(state, tree, watch)
    return first_figures.model_copy(update={"seconds": watch.seconds})


def measure_parts(fork: Fork, validators: int, started: float) -> Figures:
    """The lists by themselves."""
    watch = Stopwatch(started)
    state = _read(fork, validators, watch)
    with watch.step("validators"):
        validators_tree(state)
    with watch.step("balances"):
        balances_tree(state)
    return watch.figures()


def measure_json(fork: Fork, validators: int, started: float) -> Figures:
    """The same state as JSON, only parsed, with the standard library."""
    return _parsed(json.loads, fork, validators, started)


def measure_orjson(fork: Fork, validators: int, started: float) -> Figures:
    """The same state as JSON, only parsed, with orjson."""
    return _parsed(orjson.loads, fork, validators, started)


def measure_report(fork: Fork, validators: int, started: float) -> Figures:
    """From SSZ bytes and the root to a report; the bytes are hashed and must give the root."""
    watch = Stopwatch(started)
    root = bytes.fromhex(root_path(fork, validators).read_text())
    spec = spec_of(fork)
    content = ssz_path(fork, validators).read_bytes()
    with watch.step("report"):
        report_from_ssz(spec, content, root)
    watch.lap("all")
    return watch.figures(root)


MEASURES: dict[str, Measure] = {
    "first": measure_first,
    "parts": measure_parts,
    "json": measure_json,
    "orjson": measure_orjson,
    "report": measure_report,
}


def root_path(fork: Fork, validators: int) -> Path:
    """File of the state root, which a reporter has from the header."""
    return ssz_path(fork, validators).with_suffix(".root")


def _read(fork: Fork, validators: int, watch: Stopwatch) -> EncodedState:
    spec = spec_of(fork)
    with watch.step("file"):
        content = ssz_path(fork, validators).read_bytes()
    with watch.step("decode"):
        state = read_state(spec, content)
        int(state.balances_gwei.sum())
        int(state.validators["effective_balance"].sum())
    return state


def _prove(
    state: EncodedState, tree: StateTree, chosen: tuple[int, ...], watch: Stopwatch, name: str
) -> None:
    indices = generalised_indices(state.spec)
    with watch.step(name):
        for index in chosen:
            prove_validator(tree, indices, index)
            prove_balance(tree, indices, index)


def _prove_many(state: EncodedState, tree: StateTree, watch: Stopwatch) -> None:
    """Note the slowest of many proofs, spread at random."""
    random = np.random.Generator(np.random.PCG64(1))
    indices, slowest = generalised_indices(state.spec), 0.0
    for index in random.integers(0, len(state.validators), _PROOFS).tolist():
        for prove in (prove_validator, prove_balance):
            begin = time.perf_counter()
            prove(tree, indices, index)
            slowest = max(slowest, time.perf_counter() - begin)
    watch.seconds["later"] = slowest


def _parsed(parse: Callable[[bytes], Any], fork: Fork, validators: int, started: float) -> Figures:
    watch = Stopwatch(started)
    content = json_path(fork, validators).read_bytes()
    with watch.step("parse"):
        data = parse(content)["data"]
    if len(data["validators"]) != validators or len(data["balances"]) != validators:
        raise ValueError("the JSON is not that of this state")
    return watch.figures()


def _peak_bytes() -> int:
    """Peak resident memory of this process alone (what getrusage gives begins at its parent's)."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no VmHWM")
