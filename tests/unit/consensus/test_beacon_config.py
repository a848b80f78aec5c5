"""How a chain is made: overrides, a specification of one's own for each chain, its keys."""

import importlib
from typing import Any

import pytest
from eth_consensus_specs.fulu import minimal as shared
from eth_consensus_specs.utils import bls

from keel.consensus.beacon.config import FORKS, ChainConfig, Fork, anvil_options, overrides
from keel.consensus.beacon.errors import ConfigError, UnknownValidatorError
from keel.consensus.beacon.genesis import genesis_validators, withdrawal_address
from keel.consensus.beacon.keyring import Keyring, genesis_key
from keel.consensus.beacon.spec import load_spec, trusting_own_signatures
from keel.consensus.keys import sign, verify
from keel.consensus.networks import network_named

MESSAGE = b"\x07" * 32


@pytest.mark.parametrize("fork", FORKS)
def test_the_specification_has_every_override(fork: Fork) -> None:
    config = ChainConfig(fork=fork, slot_seconds=2, validators=100)
    spec = load_spec(config)
    for name, value in overrides(config).items():
        held = getattr(spec.config, name)
        assert (bytes(held) if isinstance(value, bytes) else int(held)) == value
    assert spec.fork == fork
    assert int(spec.SLOTS_PER_EPOCH) == 8


def test_deposits_for_the_chain_are_signed_for_keels_own_network() -> None:
    version = overrides(ChainConfig())["GENESIS_FORK_VERSION"]
    assert version == network_named("local").genesis_fork_version == bytes.fromhex("004b454c")


def test_fork_versions_differ_from_each_other() -> None:
    versions = [v for name, v in overrides(ChainConfig()).items() if name.endswith("_VERSION")]
    assert len(set(versions)) == len(versions) == 7


def test_chains_do_not_share_a_configuration() -> None:
    original = shared.config
    quick, slow = (load_spec(ChainConfig(slot_seconds=seconds)) for seconds in (2, 12))
    assert (int(quick.config.SLOT_DURATION_MS), int(slow.config.SLOT_DURATION_MS)) == (2000, 12000)
    assert importlib.import_module("eth_consensus_specs.fulu.minimal") is shared
    assert importlib.import_module("eth_consensus_specs.fulu").minimal is shared
    assert shared.config is original


def test_the_mainnet_preset_can_be_chosen() -> None:
    assert int(load_spec(ChainConfig(preset="mainnet")).SLOTS_PER_EPOCH) == 32


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"fork": "phase0"}, "fork 'phase0', one of electra, fulu expected"),
        ({"preset": "tiny"}, "preset 'tiny', minimal or mainnet expected"),
        ({"validators": 0}, "0 validators"),
        ({"validators": 4, "compounding_validators": 5}, "4 validators, 5 of them compounding"),
        ({"slot_seconds": 0}, "slots of 0 seconds"),
    ],
)
def test_what_cannot_be_a_chain_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        ChainConfig(**wrong)


@pytest.mark.parametrize(("fork", "hardfork"), [("electra", "prague"), ("fulu", "osaka")])
def test_anvil_runs_the_hardfork_that_goes_with_the_fork(fork: Fork, hardfork: str) -> None:
    options = anvil_options(ChainConfig(fork=fork))
    assert (options.hardfork, options.mining) == (hardfork, False)


def test_the_last_genesis_validators_compound() -> None:
    validators = genesis_validators(ChainConfig(validators=5, compounding_validators=2))
    assert [v.withdrawal_credentials[0] for v in validators] == [1, 1, 1, 2, 2]
    assert "0x" + validators[3].withdrawal_credentials[12:].hex() == withdrawal_address(3)
    assert len({withdrawal_address(index) for index in range(5)}) == 5


def test_genesis_keys_are_those_of_interoperability_tests() -> None:
    # Source: ethereum/eth2.0-pm, interop/mocked_start/keygen_10_validators.yaml, first entry.
    assert genesis_key(0).secret == int(
        "25295f0d1d592a90b333e26e85149708208e9f8e8bc18f6c77bd62f8ad7a6866", 16
    )
    assert genesis_key(0).public_key.hex().startswith("a99a76ed7796f7be22d5b7e85deeb7c5677e88e511")


def test_signing_together_equals_the_aggregate_of_single_signatures() -> None:
    keys = [genesis_key(index) for index in (0, 1, 2, 1)]
    ring = Keyring()
    ring.add(*keys)
    together = ring.sign_together([key.public_key for key in keys], MESSAGE)
    assert together == bls.Aggregate([sign(key.secret, MESSAGE) for key in keys])
    assert bls.FastAggregateVerify([key.public_key for key in keys], MESSAGE, together)
    assert not verify(keys[0].public_key, MESSAGE, together)


def test_a_key_that_is_not_here_cannot_sign() -> None:
    ring = Keyring()
    pubkey = ring.add_secret(5)
    assert verify(pubkey, MESSAGE, ring.sign(pubkey, MESSAGE))
    assert "5" not in repr(ring)
    with pytest.raises(UnknownValidatorError, match=r"no key of 0xa99a76\w+"):
        ring.sign(genesis_key(0).public_key, MESSAGE)


def test_trust_in_own_signatures_ends_with_its_block() -> None:
    key = genesis_key(0)
    for trusted in (True, False):
        with trusting_own_signatures(trusted):
            assert bls.Verify(key.public_key, MESSAGE, b"\x11" * 96) is trusted
        assert not bls.Verify(key.public_key, MESSAGE, b"\x11" * 96)
    with pytest.raises(ZeroDivisionError), trusting_own_signatures(True):
        _ = 1 // 0
    assert bls.bls_active
