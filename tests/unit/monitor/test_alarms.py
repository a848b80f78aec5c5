"""Each alarm of a monitor with real contracts: silent before, raised by what it is for."""

from dataclasses import replace

from keel.chain.clock import jump, jump_to
from keel.model.constants import ETHER
from keel.monitor.alarms import RULES, judge
from keel.monitor.market_alarms import MARKET_RULES
from keel.monitor.reading import Income
from keel.monitor.settings import WatchSection
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deposit, report
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.vaults import change, insure, note_slashing, replace_modules, stake
from tests.unit.market.stage import place
from tests.watching import Standing, Watch


def test_a_new_deployment_lacks_insurance_only(standing: Standing) -> None:
    assert list(standing()) == ["insurance_small"]


def test_every_alarm_has_a_test() -> None:
    tested = {
        name.removeprefix("test_").partition("__")[0] for name in globals() if "__when" in name
    }
    assert tested == {rule.name for rule in RULES if rule not in MARKET_RULES}


def test_income_off__when_validators_earn_another_part_of_what_the_chain_pays(
    watch: Watch,
) -> None:
    bounds = WatchSection(least_income_bps=7_000, most_income_bps=20_000)
    reading = watch.reading(bounds)
    assert reading.income is None
    for earned_bps, is_off in ((209, True), (210, False), (600, False), (601, True)):
        text = judge(replace(reading, income=Income(earned_bps, 300)), bounds)["income_off"]
        assert (text is not None) == is_off
    assert text == (
        "validators earn 6.01 % a year by the last reports, which is 200.33 % of what the beacon "
        "chain pays; from 70.00 % to 200.00 % expected"
    )


def test_insurance_small__when_the_fund_is_worth_less_than_its_part(
    keel: Keel, standing: Standing
) -> None:
    deposit(keel, keel.actors.holder.address, 199 * ETHER)
    assert "is worth 0 ETH, 0.00 % of all, at least 0.50 %" in standing()["insurance_small"]
    insure(keel, 2 * ETHER)
    assert "insurance_small" not in standing()
    assert "0.99 % of all" in standing(least_insurance_bps=100)["insurance_small"]


def test_queue_slow__when_a_ticket_waits_longer_than_frames(keel: Keel, standing: Standing) -> None:
    holder = keel.actors.holder.address
    deposit(keel, holder, 100 * ETHER)
    keel.quick.queue.request.send(ETHER, holder, sender=holder)
    jump(keel.rpc, 2 * keel.profile.frame_seconds - 60)
    assert "queue_slow" not in standing(queue_wait_frames=2)
    jump(keel.rpc, 120)
    assert "the oldest ticket waits for" in standing(queue_wait_frames=2)["queue_slow"]
    report(keel)
    assert "queue_slow" not in standing(queue_wait_frames=1)


def test_queue_long__when_tickets_wait_for_a_large_part(keel: Keel, standing: Standing) -> None:
    holder = keel.actors.holder.address
    deposit(keel, holder, 99 * ETHER)
    keel.quick.queue.request.send(10 * ETHER, holder, sender=holder)
    assert "queue_long" not in standing()
    keel.quick.queue.request.send(ETHER, holder, sender=holder)
    assert standing()["queue_long"] == (
        "2 tickets wait for 11 ETH, 11.00 % of all, at most 10.00 %; the buffer has 100 ETH"
    )


def test_late_report__when_members_had_time_and_posted_none(keel: Keel, standing: Standing) -> None:
    config = keel.configuration
    report(keel)
    reported = keel.quick.vault.consensus().lastRefTime
    due = reported + keel.profile.frame_seconds + config.parameters.finality_seconds
    jump_to(keel.rpc, due + config.geometry.report_grace_seconds - 60)
    assert "late_report" not in standing()
    jump_to(keel.rpc, due + config.geometry.report_grace_seconds + 60)
    assert "and was not" in standing()["late_report"]
    report(keel)
    assert "late_report" not in standing()


def test_stale__when_three_frames_have_no_report(keel: Keel, standing: Standing) -> None:
    last = keel.quick.vault.consensus().lastRefTime
    jump_to(keel.rpc, last + 3 * keel.profile.frame_seconds - 60)
    assert "stale" not in standing()
    jump_to(keel.rpc, last + 3 * keel.profile.frame_seconds)
    assert "stale" in standing()


def test_dead__when_fourteen_frames_have_no_report(keel: Keel, standing: Standing) -> None:
    last = keel.quick.vault.consensus().lastRefTime
    jump_to(keel.rpc, last + 14 * keel.profile.frame_seconds - 60)
    assert "dead" not in standing()
    jump_to(keel.rpc, last + 14 * keel.profile.frame_seconds)
    found = standing()
    assert "dead" in found
    assert "stale" not in found


def test_few_signatures__when_a_report_has_a_bare_quorum(keel: Keel, standing: Standing) -> None:
    reporting = Reporting.with_stake(keel)
    reporting.await_final(1)
    reporting.submit(reporting.quiet_report(1), signatures=3)
    assert standing()["few_signatures"] == (
        "3 of 5 members signed the last report, at least 4 expected; the quorum is 3"
    )
    assert "few_signatures" not in standing(least_spare_signers=0)
    reporting.await_final(2)
    reporting.submit(reporting.quiet_report(2), signatures=4)
    assert "few_signatures" not in standing()
    assert "at least 5 expected" in standing(least_spare_signers=9)["few_signatures"]


def test_loss_announced__when_a_loss_is_beyond_the_bucket(keel: Keel, standing: Standing) -> None:
    deposit(keel, keel.actors.holder.address, 100 * ETHER)
    stake(keel, 2)
    change(keel, 0)
    assert "loss_announced" not in standing()
    announce_loss(keel, 3 * ETHER)
    assert "a loss of 3 ETH was announced" in standing()["loss_announced"]


def test_slashings_proven__when_no_report_counts_them_yet(keel: Keel, standing: Standing) -> None:
    deposit(keel, keel.actors.holder.address, 100 * ETHER)
    stake(keel, 1)
    change(keel, 0)
    jump(keel.rpc, 60)
    assert "slashings_proven" not in standing()
    slashed_by = int(keel.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    note_slashing(keel, 32 * ETHER, slashed_by)
    assert "with 32 ETH are proven slashed" in standing()["slashings_proven"]
    change(keel, -ETHER // 1_000)
    assert "slashings_proven" not in standing()


def test_operator_large__when_one_runs_more_than_its_part(keel: Keel, standing: Standing) -> None:
    Reporting.with_stake(keel)
    assert standing()["operator_large"] == (
        "operator 0 runs 100.00 % of all validators, at most 34.00 %"
    )
    assert "operator_large" not in standing(most_operator_bps=10_000)


def test_holder_large__when_one_has_more_than_its_part_in_both_tokens(
    keel: Keel, standing: Standing
) -> None:
    depositor, holder = keel.actors.depositor.address, keel.actors.holder.address
    c = keel.quick
    deposit(keel, holder, 10 * ETHER)
    deposit(keel, depositor, 89 * ETHER)
    c.wrapped.deposit.send(50 * ETHER, holder, sender=depositor)
    assert standing(most_holder_bps=5_999)["holder_large"] == (
        f"{holder} holds 60.00 % of all kETH, at most 59.99 %"
    )
    assert "holder_large" not in standing(most_holder_bps=6_000)
    insure(keel, 900 * ETHER)  # the fund is Keel's own
    assert "holder_large" not in standing(most_holder_bps=601)


def test_fee_off__when_the_terms_have_another(keel: Keel, standing: Standing) -> None:
    deployed = keel.quick.vault.terms().feeBps
    assert "fee_off" not in standing(fee_bps=deployed)
    terms = keel.quick.vault.terms()._replace(feeBps=deployed + 100)
    keel.call_as_role(keel.quick.vault, "setTerms", terms)
    assert standing(fee_bps=deployed)["fee_off"] == "the fee is 5.00 %, 4.00 % expected"


def test_governance_waiting__when_a_call_is_scheduled(keel: Keel, standing: Standing) -> None:
    manager, vault = keel.quick.manager, keel.quick.vault
    governance = keel.holder_of("TERMS").address
    data = vault.setTerms.encode(vault.terms())
    assert "governance_waiting" not in standing()
    manager.schedule.send(vault.address, data, 0, sender=governance)
    assert f"{governance} may call StakingVault.setTerms in" in standing()["governance_waiting"]
    jump(keel.rpc, keel.configuration.delay_seconds("TERMS"))
    assert standing()["governance_waiting"].endswith("may call StakingVault.setTerms now")
    manager.execute.send(vault.address, data, sender=governance)
    assert "governance_waiting" not in standing()
    manager.schedule.send(vault.address, data, 0, sender=governance)
    manager.cancel.send(governance, vault.address, data, sender=governance)
    assert "governance_waiting" not in standing()
    manager.schedule.send(vault.address, data, 0, sender=governance)
    jump(keel.rpc, keel.configuration.delay_seconds("TERMS") + manager.expiration())
    assert "governance_waiting" not in standing()


def test_rules_changed__when_roles_members_terms_or_modules_are_others(
    keel: Keel, standing: Standing
) -> None:
    assert "rules_changed" not in standing(news_seconds=365 * 86_400)
    fund = place(keel, "RateFeed", keel.quick.vault.address)  # any code will do
    replace_modules(keel, fund=fund.address)
    oracle, stranger = keel.quick.oracle, keel.actors.stranger.address
    removed = keel.actors.oracle_members[0].address
    keel.call_as_role(oracle, "setMembers", [stranger], [removed], 3)
    told = standing(news_seconds=60)["rules_changed"]
    for change_ in (f"MemberAdded {stranger}", f"MemberRemoved {removed}", "QuorumSet"):
        assert change_ in told
    assert "ModulesSet" not in told
    assert "ModulesSet" in standing(news_seconds=365 * 86_400)["rules_changed"]
    jump(keel.rpc, 61)
    assert "rules_changed" not in standing(news_seconds=60)


def test_price_off__when_a_feed_is_away_from_the_rate_or_gives_none(
    keel: Keel, standing: Standing
) -> None:
    deposit(keel, keel.actors.holder.address, 100 * ETHER)
    stake(keel, 2)
    change(keel, 0)
    feed = place(keel, "RateFeed", keel.quick.vault.address)
    source = f"feed:{feed.address}"
    assert "price_off" not in standing(prices=[source])
    nobody = f"feed:{keel.actors.stranger.address}"
    told = standing(prices=[source, nobody])["price_off"]
    assert told == f"{nobody} gives no price: what it answers is no price"
    announce_loss(keel, 10 * ETHER)
    assert (
        f"{source} gives no price: the feed says that its answer is not to be used"
        in (standing(prices=[source])["price_off"])
    )
