"""Say what a report did."""

from collections.abc import Iterator

from keel.circle.reports import Reported
from keel.formatting.amounts import shown_ether, shown_seconds


def report_lines(reported: Reported) -> Iterator[str]:
    """Sentences, one a line."""
    outcome, slot = reported.outcome, reported.report.ref_slot
    yield f"{reported.signatures} members signed the report of slot {slot}."
    if not reported.applied:
        limit = shown_ether(reported.judgement.limitWei)
        yield (
            f"It is beyond what may be applied at once ({limit} ETH), so it is announced: "
            "what the next report says applies."
        )
        return
    if outcome.profitWei:
        duration = shown_seconds(outcome.streamSeconds)
        yield f"Profit {shown_ether(outcome.profitWei)} ETH, streaming over {duration}."
    if outcome.lossWei:
        yield (
            f"Loss {shown_ether(outcome.lossWei)} ETH: unvested rewards bore "
            f"{shown_ether(outcome.unvestedLossWei)}, insurance {shown_ether(outcome.coverWei)}, "
            f"holders {shown_ether(outcome.holdersLossWei)}, tickets "
            f"{shown_ether(outcome.ticketsLossWei)}."
        )
    if outcome.finalisedWei:
        yield f"Tickets are finalised up to {outcome.lastTicket}: `ape run claim`."
