"""A configuration that must not be deployed is refused, with the value and its bound."""

from pathlib import Path
from typing import Any

import pytest

from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.config import Configuration, configuration, load_configuration
from keel.deploy.errors import ConfigurationError
from keel.deploy.profiles import LOCAL, MAINNET, PROFILES

_ADDRESSES = [f"0x{number:040x}" for number in range(1, len(ACTORS) + 1)]
_LEAST_TERMS_DELAY = 7 * LOCAL.frame_seconds


def values(**changes: Any) -> dict[str, Any]:
    """A configuration that is accepted, with changes."""
    config = local_configuration(cast_actors(_ADDRESSES), 1_800_000_000)
    return {**config.model_dump(), **changes}


def without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


@pytest.mark.parametrize("profile", PROFILES)
def test_both_profiles_are_accepted(profile: str) -> None:
    config = local_configuration(cast_actors(_ADDRESSES), 1_800_000_000, PROFILES[profile])
    assert config.parameters == PROFILES[profile]
    assert config.model.quorum == config.quorum


MEMBERS = ("oracle_member_1", "oracle_member_2", "oracle_member_3", "oracle_member_4")

ACCEPTED: dict[str, dict[str, Any]] = {
    "three members": {"members": MEMBERS[:3], "quorum": 2},
    "quorum just above one half": {"members": MEMBERS, "quorum": 3},
    "quorum of all": {"members": MEMBERS, "quorum": 4},
    "delay at its bound": {
        "delays": {**values()["delays"], "TERMS": _LEAST_TERMS_DELAY},
    },
    "delay of a role that needs none": {"delays": {**values()["delays"], "ADMISSION": 60}},
    "override at its bound": {"overrides": {"fee_bps": 600}},
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two members": (
        {"members": MEMBERS[:2], "quorum": 2},
        "members are 2, at least 3 expected",
    ),
    "quorum of one half": (
        {"members": MEMBERS, "quorum": 2},
        "quorum is 2 of 4, at least 3 expected",
    ),
    "quorum of one": ({"quorum": 1}, "quorum is 1 of 5, at least 3 expected"),
    "quorum above all": (
        {"members": MEMBERS, "quorum": 5},
        "quorum is 5 of 4, at most 4 expected",
    ),
    "a member twice": (
        {"members": (*MEMBERS[:3], MEMBERS[0])},
        "members names 'oracle_member_1' 2 times",
    ),
    "an unlisted member": (
        {"members": (*MEMBERS, "somebody")},
        "member 'somebody' is not listed in accounts",
    ),
    "a missing delay": (
        {"delays": without(values()["delays"], "MODULES")},
        f"delay of role MODULES is missing, at least {10 * LOCAL.frame_seconds} s expected",
    ),
    "a delay one second too short": (
        {"delays": {**values()["delays"], "TERMS": _LEAST_TERMS_DELAY - 1}},
        f"delay of role TERMS is {_LEAST_TERMS_DELAY - 1} s, "
        f"at least {_LEAST_TERMS_DELAY} s expected",
    ),
    "an unlisted role holder": (
        {"holders": {**values()["holders"], "ADMIN": ("governance", "friend")}},
        "holder 'friend' of role ADMIN is not listed in accounts",
    ),
    "a role without holder": (
        {"holders": without(values()["holders"], "GUARDIAN")},
        "role GUARDIAN has no holder, at least 1 expected",
    ),
    "an unknown role": (
        {"holders": {**values()["holders"], "MINTER": ("governance",)}},
        "role 'MINTER' is unknown",
    ),
    "one address under two names": (
        {"accounts": {**values()["accounts"], "friend": values()["accounts"]["guardian"]}},
        "to guardian and friend, one name each expected",
    ),
    "the zero address": (
        {"accounts": {**values()["accounts"], "guardian": "0x" + "0" * 40}},
        "accounts.guardian: the zero address cannot be used as an account",
    ),
    "what is no address": (
        {"accounts": {**values()["accounts"], "guardian": "0x12"}},
        "accounts.guardian: '0x12' is not an address",
    ),
    "an unlisted treasury": ({"treasury": "friend"}, "treasury is 'friend'"),
    "a fee above its bound": (
        {"overrides": {"fee_bps": 601}},
        "fee_bps is 601, at most 600 expected",
    ),
    "parts above the whole fee": (
        {"overrides": {"insurance_bps": 10_001}},
        "insurance_bps is 10001, at most 10000 expected",
    ),
    "an unknown parameter": (
        {"overrides": {"fees": 1}},
        "overrides has 'fees', which is not a parameter",
    ),
    "an unknown profile": (
        {"profile": "testnet"},
        "profile is 'testnet', one of mainnet, local expected",
    ),
    "a field that nothing reads": ({"quorums": 3}, "quorums: Extra inputs are not permitted"),
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(changes: dict[str, Any]) -> None:
    assert isinstance(configuration(**values(**changes)), Configuration)


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        configuration(**values(**changes))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_toml_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_text(_toml(values(profile="mainnet", delays=_mainnet_delays())))
    loaded = load_configuration(path)
    assert loaded == configuration(**values(profile="mainnet", delays=_mainnet_delays()))
    assert loaded.parameters == MAINNET


def test_a_broken_toml_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_text("profile = ")
    with pytest.raises(ConfigurationError, match=r"network\.toml is not TOML"):
        load_configuration(path)
    with pytest.raises(ConfigurationError, match=r"missing\.toml cannot be read"):
        load_configuration(tmp_path / "missing.toml")


def _mainnet_delays() -> dict[str, int]:
    scale = MAINNET.frame_seconds // LOCAL.frame_seconds
    return {role: delay * scale for role, delay in values()["delays"].items()}


def _toml(content: dict[str, Any]) -> str:
    plain = {key: value for key, value in content.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in content.items():
        if isinstance(value, dict):
            lines += [f"[{key}]", *(f"{k} = {_toml_value(v)}" for k, v in value.items())]
    return "\n".join(lines)


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
