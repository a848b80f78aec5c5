"""The tables of roles, parameters and profiles agree with the sources, the rules and the docs."""

import re
from dataclasses import fields
from fractions import Fraction
from math import isqrt

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.spec import Spec, load_spec, spec_of_states
from keel.deploy.artifacts import Artifacts
from keel.deploy.parameters import PARAMETERS, out_of_bounds
from keel.deploy.plan import ARTIFACTS, abi_artifact
from keel.deploy.profiles import LOCAL, LOCAL_RATE_CAP_RAY_PER_DAY, MAINNET, Profile, local_profile
from keel.deploy.roles import ROLES
from keel.model.constants import RAY
from toolchain.access_pages import PAGES

_FUNCTION = re.compile(r"\bfunction\s+(\w+)(.*?)(?=\bfunction\b|\Z)", re.DOTALL)
_GUARD = re.compile(r"\brestricted\b|\b_checkCanCall\(")
_BASES = re.compile(r"contract\s+(\w+)(?:\s+is\s+([^{]+))?\{")


def restricted_in_sources() -> set[tuple[str, str]]:
    """(contract, function) of all that ask the AccessManager, by the contract that is deployed."""
    own: dict[str, set[str]] = {}
    bases: dict[str, list[str]] = {}
    for path in (REPOSITORY_ROOT / "contracts").rglob("*.sol"):
        source = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for name, parents in _BASES.findall(source):
            bases[name] = [p.strip() for p in parents.split(",") if p.strip()]
            own[name] = {
                function for function, rest in _FUNCTION.findall(source) if _GUARD.search(rest)
            }

    def all_of(name: str) -> set[str]:
        inherited = [all_of(base) for base in bases.get(name, [])]
        return own.get(name, set()).union(*inherited)

    deployed = {compiled: name for name, compiled in ARTIFACTS.items()} | {
        "WithdrawalVault": "WithdrawalVault"
    }
    return {(name, f) for compiled, name in deployed.items() for f in all_of(compiled)}


def test_every_restricted_function_has_exactly_one_role() -> None:
    listed = [(c, f) for role in ROLES for c, names in role.functions for f in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == restricted_in_sources()
    assert ("OperatorRegistry", "setOperator") in restricted_in_sources()


def test_every_function_of_a_role_exists_once(artifacts: Artifacts) -> None:
    for role in ROLES:
        for contract, names in role.functions:
            functions = abi_artifact(artifacts, contract).abi.functions
            for name in names:
                assert len(functions[name]) == 1, f"{contract}.{name}"


def test_only_roles_that_can_take_ether_or_power_are_delayed() -> None:
    """ROL-1."""
    at_once = {role.name for role in ROLES if not role.is_delayed}
    assert at_once == {"ADMISSION", "GUARDIAN"}
    waits = {role.name: role.least_delay_frames for role in ROLES if role.is_delayed}
    assert all(frames >= 7 for frames in waits.values())
    assert waits["OPERATORS"] == 7


def test_every_number_of_a_profile_is_a_parameter_or_its_part() -> None:
    parts_of_frame_and_finality = {"slots_per_epoch", "frame_epochs", "finality_epochs"}
    names = {f.name for f in fields(Profile)} - {"name"} - parts_of_frame_and_finality
    listed = [parameter.name for parameter in PARAMETERS]
    assert len(listed) == len(set(listed))
    assert set(listed) == names | {"frame_seconds", "finality_seconds"}


@pytest.mark.parametrize("profile", [MAINNET, LOCAL], ids=lambda profile: profile.name)
def test_profiles_lie_within_the_bounds(profile: Profile) -> None:
    assert out_of_bounds(profile) == []


def test_the_local_profile_follows_its_formula() -> None:
    def yearly(validators: int, epoch_seconds: int) -> Fraction:
        per_epoch = Fraction(10**9 * 64 // isqrt(validators * 32 * 10**9), 10**9)
        return per_epoch * 31_536_000 / epoch_seconds

    ratio = yearly(64, 8 * 12) / yearly(10**6, 32 * 12)
    assert int(yearly(64, 96) * 100) == 1_469  # some 1,500 % a year
    assert LOCAL.stream_cap_ray_per_day == int(MAINNET.stream_cap_ray_per_day * ratio)
    assert LOCAL.max_fee_ray_per_day == int(MAINNET.max_fee_ray_per_day * ratio)
    assert LOCAL.frame_seconds == 4 * 8 * 12
    assert LOCAL.cooldown_seconds == 37 * LOCAL.frame_seconds
    assert LOCAL.max_pause_seconds == 7 * LOCAL.frame_seconds
    assert LOCAL.deposit_limit_wei == MAINNET.deposit_limit_wei


@pytest.mark.parametrize(
    ("profile", "spec"),
    [
        (LOCAL, load_spec(ChainConfig())),
        (MAINNET, spec_of_states("fulu", "mainnet")),
    ],
    ids=["local", "mainnet"],
)
def test_the_verifier_knows_the_beacon_chain_that_runs(profile: Profile, spec: Spec) -> None:
    """PRF-2, PRF-8: the numbers of its preset and of its configuration."""
    assert (
        profile.seconds_per_slot * 1000,
        profile.slots_per_epoch,
        profile.block_roots,
        profile.slashings_epochs,
        profile.committee_epochs,
    ) == (
        spec.config.SLOT_DURATION_MS,
        spec.SLOTS_PER_EPOCH,
        spec.SLOTS_PER_HISTORICAL_ROOT,
        spec.EPOCHS_PER_SLASHINGS_VECTOR,
        spec.config.SHARD_COMMITTEE_PERIOD,
    )


def test_a_local_rate_is_capped() -> None:
    alone = local_profile(validators=1)
    assert LOCAL_RATE_CAP_RAY_PER_DAY == RAY
    assert alone.stream_cap_ray_per_day == RAY
    assert local_profile(validators=64).stream_cap_ray_per_day < RAY


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_not_stale(page: str) -> None:
    assert (REPOSITORY_ROOT / page).read_text() == PAGES[page]()
