"""The table of a monitor's alarms, as data: docs/operations.md has it from here.

Names that reporters, keepers or the page use too have their own section there.
"""

from keel.formatting.amounts import exact_ether, shown_bps, shown_seconds
from keel.model.constants import BPS
from keel.model.frames import State
from keel.monitor.market_alarms import MARKET_RULES
from keel.monitor.reading import Part, Reading
from keel.monitor.rule import Rule
from keel.monitor.settings import WatchSection


def _part_bps(part_wei: int, whole_wei: int) -> int:
    return part_wei * BPS // max(whole_wei, 1)


def _queue_slow(reading: Reading, watch: WatchSection) -> str | None:
    if reading.queue.oldest_at is None:
        return None
    waited = reading.time - reading.queue.oldest_at
    most = watch.queue_wait_frames * reading.frame_seconds
    if waited <= most:
        return None
    return f"the oldest ticket waits for {shown_seconds(waited)}, at most {shown_seconds(most)}"


def _queue_long(reading: Reading, watch: WatchSection) -> str | None:
    queue = reading.queue
    bps = _part_bps(queue.owed_wei, reading.all_wei)
    if bps <= watch.most_queue_bps:
        return None
    return (
        f"{queue.waiting} tickets wait for {exact_ether(queue.owed_wei)} ETH, {shown_bps(bps)} of "
        f"all, at most {shown_bps(watch.most_queue_bps)}; the buffer has "
        f"{exact_ether(queue.buffered_wei)} ETH"
    )


def _late_report(reading: Reading, _: WatchSection) -> str | None:
    late = reading.reports.late_seconds
    if late <= reading.grace_seconds:
        return None
    return f"a report could have been posted {shown_seconds(late)} ago and was not"


def _stale(reading: Reading, _: WatchSection) -> str | None:
    return "3 frames without a report" if reading.state is State.STALE else None


def _dead(reading: Reading, _: WatchSection) -> str | None:
    return "14 frames without a report" if reading.state is State.DEAD else None


def _few_signatures(reading: Reading, watch: WatchSection) -> str | None:
    reports = reading.reports
    least = min(reports.quorum + watch.least_spare_signers, reports.members)
    if reports.signers is None or reports.signers >= least:
        return None
    return (
        f"{reports.signers} of {reports.members} members signed the last report, at least {least} "
        f"expected; the quorum is {reports.quorum}"
    )


def _loss_announced(reading: Reading, _: WatchSection) -> str | None:
    reports = reading.reports
    if not reports.announced_at:
        return None
    age = shown_seconds(reading.time - reports.announced_at)
    return f"a loss of {exact_ether(reports.announced_wei)} ETH was announced {age} ago"


def _slashings_proven(reading: Reading, _: WatchSection) -> str | None:
    if not reading.reports.slashed_wei:
        return None
    amount = exact_ether(reading.reports.slashed_wei)
    return f"validators with {amount} ETH are proven slashed since the last reference slot"


def _operator_large(reading: Reading, watch: WatchSection) -> str | None:
    return _too_large(reading.operator, watch.most_operator_bps, "runs", "of all validators")


def _holder_large(reading: Reading, watch: WatchSection) -> str | None:
    return _too_large(reading.holder, watch.most_holder_bps, "holds", "of all kETH")


def _too_large(part: Part | None, most_bps: int, does: str, of_what: str) -> str | None:
    if part is None or part.bps <= most_bps:
        return None
    return f"{part.name} {does} {shown_bps(part.bps)} {of_what}, at most {shown_bps(most_bps)}"


def _income_off(reading: Reading, watch: WatchSection) -> str | None:
    income = reading.income
    if income is None or not income.chain_bps:
        return None
    part = income.earned_bps * BPS // income.chain_bps
    if watch.least_income_bps <= part <= watch.most_income_bps:
        return None
    return (
        f"validators earn {shown_bps(income.earned_bps)} a year by the last reports, which is "
        f"{shown_bps(part)} of what the beacon chain pays; from "
        f"{shown_bps(watch.least_income_bps)} to {shown_bps(watch.most_income_bps)} expected"
    )


def _fee_off(reading: Reading, watch: WatchSection) -> str | None:
    if watch.fee_bps is None or reading.fee_bps == watch.fee_bps:
        return None
    return f"the fee is {shown_bps(reading.fee_bps)}, {shown_bps(watch.fee_bps)} expected"


def _insurance_small(reading: Reading, watch: WatchSection) -> str | None:
    bps = _part_bps(reading.fund_wei, reading.all_wei)
    if bps >= watch.least_insurance_bps:
        return None
    return (
        f"the insurance fund is worth {exact_ether(reading.fund_wei)} ETH, {shown_bps(bps)} of "
        f"all, at least {shown_bps(watch.least_insurance_bps)}"
    )


def _governance_waiting(reading: Reading, _: WatchSection) -> str | None:
    return (
        "; ".join(
            f"{call.caller} may call {call.what} "
            + (
                f"in {shown_seconds(call.executable_at - reading.time)}"
                if call.executable_at > reading.time
                else "now"
            )
            for call in reading.waiting_calls
        )
        or None
    )


def _rules_changed(reading: Reading, watch: WatchSection) -> str | None:
    fresh = [each for each in reading.news if reading.time - each.time < watch.news_seconds]
    return (
        "; ".join(f"{each.what} {shown_seconds(reading.time - each.time)} ago" for each in fresh)
        or None
    )


def _price_off(reading: Reading, watch: WatchSection) -> str | None:
    found = []
    for price in reading.prices:
        if price.wei is None:
            found.append(f"{price.source} gives no price: {price.problem}")
            continue
        off = (price.wei - reading.rate_wei) * BPS // max(reading.rate_wei, 1)
        if -watch.most_discount_bps <= off <= watch.most_premium_bps:
            continue
        found.append(
            f"{price.source} has a wkETH at {exact_ether(price.wei)} ETH, {shown_bps(off)} from "
            f"the rate of {exact_ether(reading.rate_wei)} ETH"
        )
    return "; ".join(found) or None


RULES = (
    Rule(
        "queue_slow",
        ("queue_wait_frames",),
        "How long the oldest ticket waits.",
        "`keel exits list` says what tickets lack and which exits are under way; see that keepers "
        "ask for exits and that reports come.",
        _queue_slow,
    ),
    Rule(
        "queue_long",
        ("most_queue_bps",),
        "How much of all ether tickets wait for.",
        "Many leave at once. Find out why before you say anything; the queue is paid by exits.",
        _queue_long,
    ),
    Rule(
        "few_signatures",
        ("least_spare_signers",),
        "How many members signed the last report.",
        "Ask the members that did not sign. If a few more fail, reports stop.",
        _few_signatures,
    ),
    Rule(
        "operator_large",
        ("most_operator_bps",),
        "Which part of all validators the largest operator runs.",
        "A fault of this operator costs that part of the income, or more. OPERATORS sets targets.",
        _operator_large,
    ),
    Rule(
        "holder_large",
        ("most_holder_bps",),
        "Which part of all kETH the largest account holds, as kETH or wkETH.",
        "If this account leaves, the queue is as long. Contracts such as pools and lenders count "
        "as one account.",
        _holder_large,
    ),
    Rule(
        "income_off",
        ("income_reports", "least_income_bps", "most_income_bps"),
        "What validators earned by the last reports, against what the specification pays.",
        "Too little: validators are offline, or a report left income out. Too much: blocks with "
        "large fees, or a report that claims growth; compare it with the page's own check.",
        _income_off,
    ),
    Rule(
        "fee_off",
        ("fee_bps",),
        "The fee in the terms, against the one that you expect.",
        "TERMS changed it. If that was agreed, set `fee_bps`.",
        _fee_off,
    ),
    Rule(
        "insurance_small",
        ("least_insurance_bps",),
        "What the insurance fund is worth, as a part of all ether.",
        "A loss reaches holders sooner. Find underwriters, or wait for fees.",
        _insurance_small,
    ),
    Rule(
        "governance_waiting",
        (),
        "Calls that are scheduled at the AccessManager, were not executed and have not expired.",
        "Read what the call does. GUARDIAN can cancel it once; holders can leave before it.",
        _governance_waiting,
    ),
    Rule(
        "rules_changed",
        ("news_seconds",),
        "Changes of roles, of the committee, of terms and modules since the deployment.",
        "Compare with what was agreed: `keel verify` shows who holds what.",
        _rules_changed,
    ),
    Rule(
        "price_off",
        ("prices", "most_discount_bps", "most_premium_bps"),
        "Each price of `prices`, against the rate; also a source that gives none.",
        "Below: holders sell faster than others buy, or the feed knows of a loss. Who lends "
        "against wkETH by this price is affected at once.",
        _price_off,
    ),
    *MARKET_RULES,
    Rule("late_report", (), "", "", _late_report, is_shared=True),
    Rule("stale", (), "", "", _stale, is_shared=True),
    Rule("dead", (), "", "", _dead, is_shared=True),
    Rule("loss_announced", (), "", "", _loss_announced, is_shared=True),
    Rule("slashings_proven", (), "", "", _slashings_proven, is_shared=True),
)


def judge(reading: Reading, watch: WatchSection) -> dict[str, str | None]:
    """Every alarm's text, None for one that does not stand."""
    return {rule.name: rule.judge(reading, watch) for rule in RULES}
