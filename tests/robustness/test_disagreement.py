"""Members who see something else: they are named, and what they sign counts for nothing."""

from collections.abc import Iterator

import pytest

from tests.robustness import lies
from tests.robustness.faulty import FaultyNode, in_front_of
from tests.robustness.stage import Stage, await_alarm, same_numbers, start

LIED_GWEI = 5


@pytest.fixture
def liar(stage: Stage) -> Iterator[FaultyNode]:
    """The only beacon node of one member, with a chain of its own in which a validator is rich."""
    with in_front_of(stage.beacon_url, 1) as (node,):
        node.be(lies.richer_chain(stage.chain.spec, stage.one_of_ours, LIED_GWEI))
        yield node


def test_four_agree_and_the_fifth_is_named_by_all_and_warned_itself(
    stage: Stage, liar: FaultyNode
) -> None:
    with stage.committee(5, own={2: {"network.beacon": [liar.url]}}) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        deceived = committee.member(2)
        assert deceived not in reported.signers
        told = reported.report.consensus_balance_gwei
        for number, reporter in enumerate(committee.reporters, 1):
            if number != 2:
                text = await_alarm(reporter, "disagreement", holding=f"{deceived} signed")
                assert f"consensus_balance_gwei {told + LIED_GWEI} where we have {told}" in text
                assert not any(committee.member(other) in text for other in (1, 3, 4, 5))
        own = await_alarm(committee.reporters[1], "disagreement")
        assert f"consensus_balance_gwei {told} where we have {told + LIED_GWEI}" in own
        assert len(committee.reports()) == 1


def test_two_who_agree_are_no_quorum_with_a_third_who_does_not(
    stage: Stage, liar: FaultyNode
) -> None:
    with stage.committee(4, own={2: {"network.beacon": [liar.url]}}, started=False) as committee:
        honest, deceived, second, late = committee.reporters
        start([honest, deceived, second])
        committee.until(
            lambda: (
                [health.stage for health in committee.health_of(honest, deceived, second)]
                == ["gathering"] * 3
            ),
            "three signatures",
        )
        committee.step(3)
        assert committee.reports() == []
        await_alarm(honest, "disagreement", holding=f"{committee.member(2)} signed")
        start([late])
        reported = committee.until_applied(stage.ref_slot)
        assert set(reported.signers) == {committee.member(number) for number in (1, 3, 4)}
        assert same_numbers(reported.report, stage.seen())
