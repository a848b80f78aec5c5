"""The books that every story counts would show a single wei, and a wrong part of the whole."""

import pytest

from keel.chain.state import balance_wei, set_balance_wei
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import BooksBrokenError
from tests.end_to_end.conftest import Begin


def test_a_wei_too_many_ends_a_story(validating_world: BeaconWorld, begin: Begin) -> None:
    with begin(validating_world, keepers=0) as story:
        story.reports(1)
        vault = story.contracts.vault.address
        set_balance_wei(story.world.rpc, vault, balance_wei(story.world.rpc, vault) + 1)
        with pytest.raises(BooksBrokenError, match=r"B \+ C \+ P .*: \+1 wei"):
            story.reports(1)
        assert len(story.frames.applied) == 1


def test_a_validator_of_the_wrong_operator_ends_a_story(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    beacon = validating_world.beacon

    def follow_wrongly() -> None:
        type(beacon).follow(beacon)
        first = next(iter(beacon.operators))
        beacon.operators[first] = beacon.operators[first] + 1

    with begin(validating_world, keepers=0) as story:
        story.reports(1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(beacon, "follow", follow_wrongly)
            with pytest.raises(AssertionError, match=r"\(8, 0, 0\) == \(7, 0, 0\)"):
                story.reports(1)
