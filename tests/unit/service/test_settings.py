"""What a configuration may say, and what is answered when it says something else."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from keel.service.errors import SettingsError
from keel.service.sections import ListenAddress, ServiceSettings
from keel.service.settings import load_settings
from tests.unit.service.conftest import CONFIG

PREFIX = "KEEL_TESTED_"


class ExampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)


def _load(path: Path | None) -> ServiceSettings:
    return load_settings(ExampleSettings, path)


def test_defaults_are_careful(config: Path) -> None:
    settings = _load(config)
    assert settings.dry_run
    assert settings.follows_clock
    assert (settings.network.execution_agree, settings.network.beacon_agree) == (2, 1)
    assert settings.monitor.listen == ListenAddress("127.0.0.1", 0)


def test_relative_paths_count_from_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with config.open("a") as file:
        file.write('[key]\nkeystore = "k/key.json"\npassword_file = "/run/password"\n')
    monkeypatch.chdir("/")
    settings = _load(config)
    assert settings.data == config.parent / "state"
    assert settings.key is not None
    assert settings.key.keystore == config.parent / "k" / "key.json"
    assert settings.key.password_file == Path("/run/password")


def test_the_environment_stands_over_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DRY_RUN": "true",
        "NETWORK__BEACON": "http://a:1/,http://b:2",
        "FEES__MAX_FEE_GWEI": "0.5",
        "FEES__PRIORITY_FEE_GWEI": "0.000000001",
        "MONITOR__LISTEN": "[::1]:9401",
        "KEY__APE_ACCOUNT": "oracle-1",
        "KEY__PASSPHRASE": "unspoken",
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = _load(config)
    assert settings.network.beacon == ("http://a:1", "http://b:2")
    assert settings.network.beacon_agree == 2
    assert len(settings.network.execution) == 3
    assert (settings.fees.max_fee_wei, settings.fees.priority_fee_wei) == (5 * 10**8, 1)
    assert settings.monitor.listen == ListenAddress("::1", 9401)
    assert settings.key is not None
    assert settings.key.passphrase is not None
    assert settings.key.passphrase.get_secret_value() == "unspoken"
    assert "unspoken" not in repr(settings)


def test_a_list_of_the_environment_may_be_json(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}NETWORK__BEACON", '["http://a:1", "http://b:2"]')
    assert _load(config).network.beacon == ("http://a:1", "http://b:2")
    monkeypatch.setenv(f"{PREFIX}NETWORK__BEACON", '["http://a:1"')
    with pytest.raises(SettingsError, match=r"^network: is not a list: "):
        _load(config)


def test_the_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DEPLOYMENT": "manifest.json",
        "DATA": "state",
        "NETWORK__EXECUTION": "http://a:1",
        "NETWORK__BEACON": "http://b:2",
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    assert _load(None).data == tmp_path / "state"


def test_fees_are_read_exactly(config: Path) -> None:
    with config.open("a") as file:
        file.write("[fees]\nmax_fee_gwei = 0.100000003\npriority_fee_gwei = 0\n")
    settings = _load(config)
    assert settings.fees.max_fee_gwei == Decimal("0.100000003")
    assert settings.fees.max_fee_wei == 100_000_003


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        ("[fees]\nmax_fee = 3", "fees.max_fee: unknown key"),
        ("[fees]\nmax_fee_gwei = 0", "fees.max_fee_gwei = 0: must be greater than 0"),
        ("[fees]\nmax_fee_gwei = 1\npriority_fee_gwei = 2", "must be at most max_fee_gwei = 1"),
        ("[fees]\npatience_slots = 0", "must be greater than or equal to 1"),
        ('[monitor]\nlisten = "9401"', "monitor.listen = 9401: must be host:port"),
        ('[monitor]\nlisten = "a:70000"', "monitor.listen = a:70000: must be host:port"),
        ('[key]\npassword_file = "p"', "key: names either keystore or ape_account"),
        ('[key]\nkeystore = "k"', "key: needs password_file or passphrase_file"),
        ('[key]\nape_account = "../k"\npassphrase_file = "p"', "key.ape_account = ../k: must"),
        ("[fees", "is not TOML"),
    ],
)
def test_an_error_names_key_value_and_bound_in_one_line(
    config: Path, addition: str, problem: str
) -> None:
    config.write_text(CONFIG + addition + "\n")
    with pytest.raises(SettingsError) as refused:
        _load(config)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("execution_agree", "4", "execution_agree = 4: must be from 1 to 3"),
        ("beacon_agree", "0", "beacon_agree = 0: must be from 1 to 1"),
        ("timeout_seconds", "0", "network.timeout_seconds = 0: must be greater than or equal"),
        ("execution", "ftp://a", "network.execution.0 = ftp://a: must be an http"),
        ("execution", "http://a,http://a/", "execution = http://a: must not be named twice"),
        ("execution", "http://a:65536", "execution.0 = http://a:65536: must be an http"),
        ("execution", "http://a..b", "execution.0 = http://a..b: must be an http"),
        ("execution", "http://a b", "execution.0 = http://a b: must be an http"),
        ("execution", "http://[::1", "network.execution.0 = http://[::1: must be an http"),
        ("nodes", "4", "network.nodes: unknown key"),
    ],
)
def test_an_error_of_the_environment_is_named_as_well(
    config: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}NETWORK__{key.upper()}", value)
    with pytest.raises(SettingsError) as refused:
        _load(config)
    assert problem in str(refused.value)


def test_an_unknown_variable_is_refused_by_name(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + "DRYRUN", "false")
    with pytest.raises(SettingsError, match=f"{PREFIX}DRYRUN: unknown key"):
        _load(config)


@pytest.mark.parametrize(
    "line",
    [
        'password = "sesame-sesame"',
        'passphrase = "sesame-sesame"',
        'private_key = "sesame-sesame"',
        f'keystore = "0x{"5e" * 32}"',
    ],
)
def test_secrets_in_the_file_are_refused_and_not_repeated(config: Path, line: str) -> None:
    config.write_text(f"{CONFIG}[key]\n{line}\n")
    with pytest.raises(
        SettingsError, match=r"^key\.\w+: secrets belong in files or the environment$"
    ):
        _load(config)


@pytest.mark.parametrize(
    ("addresses", "problem"),
    [
        ('"ftp://me:sesame@a:1"', r"network\.beacon\.0 = ftp://a:1: must be an http"),
        ('"http://a:99999/v3/sesame"', r"network\.beacon\.0 = http://a:99999: must be an http"),
        ('"a.example/v3/sesame"', r"network\.beacon\.0 = a\.example: must be an http"),
        ('"https:/a.example/sesame"', r"network\.beacon\.0 = https:: must be an http"),
        ('"http://a?k=sesame", "http://a?k=sesame"', r"network\.beacon = http://a: must not be"),
        ('["http://a/sesame"]', r"network\.beacon\.0: must be a valid string"),
    ],
)
def test_a_secret_in_an_address_is_not_repeated(config: Path, addresses: str, problem: str) -> None:
    config.write_text(CONFIG.replace('"http://127.0.0.1:5052"', addresses))
    with pytest.raises(SettingsError, match=problem) as refused:
        _load(config)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("~nobody-of-this-name/state", "data = ~nobody-of-this-name/state: there is no such user"),
        ("state\\u0000", "data = 'state\\x00': must be a path"),
    ],
)
def test_a_path_that_cannot_be_is_told_in_one_line(config: Path, data: str, problem: str) -> None:
    config.write_text(CONFIG.replace('data = "state"', f'data = "{data}"'))
    with pytest.raises(SettingsError) as refused:
        _load(config)
    assert str(refused.value) == problem


def test_signing_needs_a_key(config: Path) -> None:
    config.write_text("dry_run = false\n" + CONFIG)
    with pytest.raises(SettingsError, match="key: is needed with dry_run = false"):
        _load(config)


def test_a_missing_key_and_a_missing_file_are_named(config: Path, tmp_path: Path) -> None:
    config.write_text(CONFIG.replace('data = "state"', ""))
    with pytest.raises(SettingsError, match=r"^data: is needed$"):
        _load(config)
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read: No such file"):
        _load(tmp_path / "none.toml")
