"""A keeper's configuration: what is left open comes from the deployment."""

from pathlib import Path

import pytest

from keel.deploy.profiles import LOCAL
from keel.keeper.chores import Kind
from keel.keeper.settings import KeeperSection, KeeperSettings, terms_of
from keel.service.errors import SettingsError
from keel.service.settings import load_settings

FILE = """
deployment = "manifest.json"
data = "state"
[network]
execution = ["http://127.0.0.1:1"]
beacon = ["http://127.0.0.1:2"]
[keeper]
"""


def load(tmp_path: Path, keeper: str) -> KeeperSettings:
    file = tmp_path / "config.toml"
    file.write_text(FILE + keeper)
    return load_settings(KeeperSettings, file)


def test_it_sends_nothing_unless_told_and_does_every_chore(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert settings.dry_run
    assert set(settings.keeper.chores) == set(Kind)


def test_the_horizon_is_the_queues_own_time_for_exits_unless_told() -> None:
    terms = terms_of(KeeperSection(), LOCAL, 0)
    assert terms.exit_horizon_seconds == LOCAL.exit_seconds
    assert terms.retry_seconds == 4 * LOCAL.exit_seconds
    told = terms_of(KeeperSection(exit_horizon_seconds=0, retry_seconds=7), LOCAL, 0)
    assert (told.exit_horizon_seconds, told.retry_seconds) == (0, 7)


def test_chores_can_be_chosen_also_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(tmp_path, 'chores = ["report", "sweep"]').keeper.chores == (
        Kind.REPORT,
        Kind.SWEEP,
    )
    monkeypatch.setenv("KEEL_KEEPER_KEEPER__CHORES", "exit, stake")
    assert load(tmp_path, "").keeper.chores == (Kind.EXIT, Kind.STAKE)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('chores = ["cook"]', "keeper.chores"),
        ("grace_slots = -1", "keeper.grace_slots"),
        ("gracious = 1", "keeper.gracious: unknown key"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(tmp_path, line)
