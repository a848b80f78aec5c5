"""The only place that loads the executable consensus specification.

Its modules are generated from the specification's text and carry one configuration each in a
global. Every chain therefore gets a module of its own, so that chains in one process never share
a configuration. Attributes of such a module have no static types: `Spec`, `State` and `Block`
stand for them.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth_consensus_specs.utils import bls

from keel.consensus.beacon.config import ChainConfig, overrides

type Spec = Any
"""The specification of one fork, preset and configuration: types, constants and functions."""

type State = Any
"""A `BeaconState` of some Spec."""

type Block = Any
"""A `SignedBeaconBlock` of some Spec."""


def load_spec(config: ChainConfig) -> Spec:
    """Return the specification with the configuration's overrides applied (about 0.05 s)."""
    spec: Spec = _own_module(f"eth_consensus_specs.{config.fork}.{config.preset}")
    changed = {
        name: type(getattr(spec.config, name))(value) for name, value in overrides(config).items()
    }
    spec.config = spec.config._replace(**changed)
    return spec


def list_of(owner: Any, field: str, values: Any) -> Any:
    """Return an SSZ list, vector or bitfield of the type that `owner` declares for a field."""
    return type(getattr(owner, field))(data=list(values))


@contextmanager
def trusting_own_signatures(trusted: bool) -> Iterator[None]:
    """Spare the specification the verification of signatures inside, when `trusted`.

    The package's switch is global, so the block must hold nothing but our own signatures.
    """
    before = bls.bls_active
    bls.bls_active = before and not trusted
    try:
        yield
    finally:
        bls.bls_active = before


def _own_module(name: str) -> Any:
    """Execute a module once more and leave the shared one where others find it."""
    shared = importlib.import_module(name)
    package = sys.modules[name.rpartition(".")[0]]
    attribute = name.rpartition(".")[2]
    del sys.modules[name]
    try:
        return importlib.import_module(name)
    finally:
        sys.modules[name] = shared
        setattr(package, attribute, shared)
