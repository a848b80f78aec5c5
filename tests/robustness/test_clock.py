"""A wall clock that is years off: an alarm for whoever follows it, and nothing else.

The chain's time is 2027 and later, whatever the machine's clock shows.
"""

import time

from tests.robustness.stage import Settings, Stage, same_numbers

ANY_SECONDS = 10**9


def test_a_clock_far_from_the_chain_s_changes_no_decision_and_is_told(stage: Stage) -> None:
    now = stage.chain.time_at(stage.chain.slot)
    assert 60 < abs(now - time.time()) < ANY_SECONDS
    own: dict[int, Settings] = {
        1: {"follows_clock": True},
        2: {"follows_clock": True, "committee.clock_skew_seconds": ANY_SECONDS},
        3: {"follows_clock": False},
    }
    with stage.committee(3, own=own) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert set(reported.signers) == {committee.member(number) for number in (1, 2, 3)}
        side = "ahead of" if now > time.time() else "behind"
        told, tolerant, heedless = (health.alarms for health in committee.health())
        assert told.keys() == {"clock_skew"}
        assert f"s {side} this machine's clock" in told["clock_skew"]
        assert (tolerant, heedless) == ({}, {})
