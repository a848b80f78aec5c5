"""docs/settings.md says what the models say, and its samples are taken as they stand."""

from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.config import Configuration, load_configuration
from keel.deploy.profiles import MAINNET
from keel.keeper.settings import KeeperSection, KeeperSettings
from keel.monitor.settings import MonitorServiceSettings, WatchSection, WebhookSection
from keel.reporter.settings import CommitteeSettings, ReporterSettings
from keel.service.sections import (
    FeeSettings,
    KeySettings,
    MonitorSettings,
    NetworkSettings,
    Section,
    ServiceSettings,
)
from keel.service.settings import load_settings
from toolchain.settings_page import PAGE, documented_keys, settings_page

SAMPLES = REPOSITORY_ROOT / "docs" / "samples"
MODELS = (
    CommitteeSettings,
    Configuration,
    FeeSettings,
    KeeperSection,
    KeySettings,
    MonitorSettings,
    NetworkSettings,
    ServiceSettings,
    WatchSection,
    WebhookSection,
)


def test_the_page_is_as_the_models_write_it() -> None:
    assert PAGE.read_text() == settings_page(), "run `python -m toolchain.settings_page`"


def test_every_section_is_documented() -> None:
    assert set(Section.__subclasses__()) <= set(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_has_a_row_with_its_meaning(model: type[Section]) -> None:
    page = settings_page()
    for name, field in documented_keys(model):
        assert field.description, name
        meaning = " ".join(field.description.split())
        rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` | ")]
        assert any(meaning in row for row in rows), name


def test_bounds_and_defaults_are_those_of_the_models() -> None:
    page = settings_page()
    assert "| `timeout_seconds` | number | `10.0` | at least 0.1, at most 300 |" in page
    assert "| `max_fee_gwei` | number | `200` | more than 0, at most 100,000, 9 decimals |" in page
    assert "| `deployment` | path | **needed** |  |" in page
    assert "| `execution_agree` | whole number |  | at least 0 |" in page


def test_the_samples_of_services_are_taken() -> None:
    reporter = load_settings(ReporterSettings, SAMPLES / "reporter.toml")
    keeper = load_settings(KeeperSettings, SAMPLES / "keeper.toml")
    monitor = load_settings(MonitorServiceSettings, SAMPLES / "monitor.toml")
    for settings in (reporter, keeper, monitor):
        assert settings.dry_run
        assert settings.network.execution_agree == 2
        assert settings.deployment.resolve() == REPOSITORY_ROOT / "deployments" / "1.json"
    assert len(reporter.committee.peers) == 2


def test_the_sample_of_a_deployment_is_taken(tmp_path: Path) -> None:
    sample = SAMPLES / "deploy.toml"
    assert load_configuration(sample).parameters == MAINNET
    switched_on = tmp_path / "deploy.toml"
    switched_on.write_text(sample.read_text().replace("# cooldown_seconds", "cooldown_seconds"))
    assert load_configuration(switched_on).overrides == {"cooldown_seconds": 30 * 86_400}
