"""Reports are told from wind-downs by the events around them."""

from dataclasses import dataclass

import pytest

from keel.sight.rebases import reported


@dataclass(frozen=True)
class Named:
    name: str
    number: int


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["Rebased", "Rebased"], [0, 1]),
        (["WoundDown", "Rebased"], []),
        (["Rebased", "WoundDown", "Rebased", "LossAbsorbed", "Rebased"], [0, 4]),
        (["WoundDown", "CoverFailed", "Rebased", "Swept", "Rebased"], [4]),
        (["WoundDown", "Rebased", "WoundDown", "Rebased"], []),
        (["Swept", "Staked"], []),
    ],
)
def test_the_rebase_after_a_wind_down_is_no_reports(names: list[str], places: list[int]) -> None:
    events = [Named(name, number) for number, name in enumerate(names)]
    assert [event.number for event in reported(events)] == places
