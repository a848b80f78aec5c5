"""docs/operations.md explains every alarm of a monitor, as its table has it."""

from keel.monitor.alarms import RULES
from keel.monitor.settings import WatchSection
from toolchain.monitor_page import PAGE, page_with


def test_the_chapter_is_as_the_table_writes_it() -> None:
    text = PAGE.read_text()
    assert text == page_with(text), "run `python -m toolchain.monitor_page`"


def test_every_alarm_has_a_section_and_every_threshold_an_alarm() -> None:
    headings = PAGE.read_text().splitlines()
    assert all(headings.count(f"### {rule.name}") == 1 for rule in RULES)
    assert {key for rule in RULES for key in rule.keys} == set(WatchSection.model_fields)
