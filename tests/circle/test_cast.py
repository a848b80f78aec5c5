"""What is written for reporters and keepers is what these read."""

from pathlib import Path

import pytest

from keel.circle.cast import Cast, Surroundings, write_cast, write_monitor
from keel.circle.errors import CircleError
from keel.circle.keys import account_of
from keel.deploy.actors import ORACLE_MEMBERS
from keel.keeper.chores import Kind
from keel.keeper.settings import KeeperSettings
from keel.model.commitment import OperatorTotals, operators_tree
from keel.monitor.settings import MonitorServiceSettings
from keel.reporter.journal import Journal
from keel.reporter.settings import ReporterSettings
from keel.service.sections import ServiceSettings
from keel.service.settings import load_settings
from keel.wallet.account import open_account

LEAVES = (OperatorTotals(0, 8, 0, 0, 10**24),)
CHANGES = {"reporter_2": {"network.beacon": ["http://127.0.0.1:9"], "committee.turn_slots": 5}}


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings("http://127.0.0.1:1", "http://127.0.0.1:2", tmp_path / "manifest.json", 0.1)


@pytest.fixture
def cast(tmp_path: Path, around: Surroundings) -> Cast:
    return write_cast(tmp_path, around, keepers=2, changes=CHANGES, leaves=LEAVES)


def reporter(folder: Path) -> ReporterSettings:
    return load_settings(ReporterSettings, folder / "config.toml")


def keeper(folder: Path) -> KeeperSettings:
    return load_settings(KeeperSettings, folder / "config.toml")


def address_of(settings: ServiceSettings) -> str:
    """Decrypt the key as the service does, which refuses files that others may read."""
    assert settings.key is not None
    return str(open_account(settings.key).address)


def test_each_reporter_has_its_members_key_and_all_others_as_peers(cast: Cast) -> None:
    urls = {service.serving_url for service in cast.reporters}
    assert len(urls) == 5
    for service, member in zip(cast.reporters, ORACLE_MEMBERS, strict=True):
        settings = reporter(service.folder)
        assert not settings.dry_run
        assert address_of(settings) == account_of(member).address
        assert {*settings.committee.peers, service.serving_url} == urls
        assert service.health_url == f"http://{settings.monitor.listen}/health"


def test_a_change_concerns_one_service(cast: Cast) -> None:
    first, second, *_ = (reporter(service.folder) for service in cast.reporters)
    assert (first.network.beacon, first.committee.turn_slots) == (("http://127.0.0.1:2",), 2)
    assert (second.network.beacon, second.committee.turn_slots) == (("http://127.0.0.1:9",), 5)


def test_every_keeper_does_everything_from_an_account_of_its_own(cast: Cast) -> None:
    first, second = (keeper(service.folder) for service in cast.keepers)
    assert address_of(first) == account_of("keeper").address
    assert cast.strangers == (address_of(second),)
    assert first.keeper.others == (address_of(second),)
    assert second.keeper.others == (address_of(first),)
    assert set(first.keeper.chores) == set(second.keeper.chores) == set(Kind)


def test_members_know_the_leaves_of_earlier_reports(cast: Cast) -> None:
    root = operators_tree(LEAVES).root
    for service in cast.reporters:
        assert Journal(service.folder / "state").leaves(root) == LEAVES
        assert Journal(service.folder / "state").leaves(bytes(32)) is None


def test_more_reporters_than_members_are_refused(tmp_path: Path, around: Surroundings) -> None:
    with pytest.raises(CircleError, match="6 reporters: the committee has 5 members"):
        write_cast(tmp_path, around, reporters=6)


def test_a_monitor_reads_what_all_read_and_has_no_key(tmp_path: Path, around: Surroundings) -> None:
    service = write_monitor(tmp_path, around)
    settings = load_settings(MonitorServiceSettings, service.folder / "config.toml")
    assert settings.key is None
    assert settings.network.execution == (around.execution_url,)
    assert settings.deployment == around.manifest
    watch = settings.watch
    assert (watch.most_holder_bps, watch.least_insurance_bps) == (10_000, 0)
    assert watch.least_spare_signers == 0
    assert service.health_url == f"http://{settings.monitor.listen}/health"


def test_nobody_at_all_can_be_cast(tmp_path: Path, around: Surroundings) -> None:
    assert write_cast(tmp_path, around, reporters=0, keepers=0) == Cast((), ())
