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
from types import ModuleType
from typing import Any

import eth_consensus_specs
from eth_consensus_specs.utils import bls

from keel.consensus.beacon.config import FORKS, PRESETS, ChainConfig, overrides
from keel.consensus.beacon.errors import ConfigError
from keel.consensus.beacon.per_validator import share_results
from keel.consensus.beacon.remembered import remember_results

_FORKS_BEFORE = ("phase0", "altair", "bellatrix", "capella", "deneb")

type Spec = Any
"""The specification of one fork, preset and configuration: types, constants and functions."""

type State = Any
"""A `BeaconState` of some Spec."""

type Block = Any
"""A `SignedBeaconBlock` of some Spec."""


def load_spec(config: ChainConfig) -> Spec:
    """Return the specification with the configuration's overrides applied (about 0.05 s)."""
    spec: Spec = _own_module(config.fork, config.preset)
    changed = {
        name: type(getattr(spec.config, name))(value) for name, value in overrides(config).items()
    }
    spec.config = spec.config._replace(**changed)
    remember_results(spec)
    share_results(spec)
    return spec


def spec_of_states(fork: str, preset: str) -> Spec:
    """Return the specification that knows the shape of a fork's states; raises ConfigError.

    Its configuration is the preset's own and everybody's: it must not be changed.
    """
    if fork not in FORKS or preset not in PRESETS:
        raise ConfigError(f"a state of fork {fork!r} and preset {preset!r} cannot be read")
    return _module(fork, preset)


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


def _own_module(fork: str, preset: str) -> Any:
    """Execute a module once more and leave the shared one where others find it."""
    shared = _module(fork, preset)
    name = shared.__name__
    del sys.modules[name]
    try:
        return importlib.import_module(name)
    finally:
        sys.modules[name] = shared
        setattr(sys.modules[name.rpartition(".")[0]], preset, shared)


def _module(fork: str, preset: str) -> Any:
    for each in _FORKS_BEFORE + FORKS:
        _name_package(each)
    return importlib.import_module(f"eth_consensus_specs.{fork}.{preset}")


def _name_package(fork: str) -> None:
    """Let a fork's modules be found without its `__init__`, which executes the mainnet preset too.

    Seven forks build on each other, so this halves the time for whoever needs the minimal one.
    """
    name = f"eth_consensus_specs.{fork}"
    if name in sys.modules:
        return
    package = ModuleType(name)
    package.__path__ = [f"{path}/{fork}" for path in eth_consensus_specs.__path__]
    sys.modules[name] = package
    setattr(eth_consensus_specs, fork, package)
