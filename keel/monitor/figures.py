"""What a monitor shows to Prometheus; every name begins with keel_monitor_."""

from keel.monitor.reading import MarketReading, Reading
from keel.service.metrics import Metrics


class Figures:
    """Gauges of the last head."""

    def __init__(self, metrics: Metrics) -> None:
        self.webhook_failures = metrics.counter("webhook_failures", "Messages that did not arrive")
        self._all_wei = metrics.gauge("all_wei", "All ether of holders and tickets (A + Q)")
        self._owed_wei = metrics.gauge("queue_wei", "Ether that tickets wait for (Q)")
        self._waiting = metrics.gauge("queue_tickets", "Tickets that wait")
        self._waited = metrics.gauge("queue_seconds", "How long the oldest ticket waits")
        self._late = metrics.gauge("report_late_seconds", "How long a report is overdue")
        self._signers = metrics.gauge("report_signers", "Who signed the last report")
        self._fund_wei = metrics.gauge("insurance_wei", "Worth of the insurance fund")
        self._fee_bps = metrics.gauge("fee_bps", "Fee in the terms")
        self._part_bps = metrics.gauge("largest_bps", "Largest part of one", ["of"])
        self._income_bps = metrics.gauge("income_bps", "Income a year", ["of"])
        self._calls = metrics.gauge("waiting_calls", "Calls that governance has scheduled")
        self._price_wei = metrics.gauge("price_wei", "A whole wkETH", ["source"])
        self._lent_wei = metrics.gauge("lent_wei", "WETH that is lent on wkETH", ["lender"])
        self._supplied_wei = metrics.gauge("supplied_wei", "WETH supplied to be lent", ["lender"])
        self._borrowers = metrics.gauge("borrowers", "Who owes WETH on wkETH", ["lender"])
        self._health_bps = metrics.gauge("least_health_bps", "The weakest borrower", ["lender"])

    def seen(self, reading: Reading) -> None:
        """Show what was read; a price that is not known keeps its last value."""
        queue, reports = reading.queue, reading.reports
        self._all_wei.set(reading.all_wei)
        self._owed_wei.set(queue.owed_wei)
        self._waiting.set(queue.waiting)
        self._waited.set(0 if queue.oldest_at is None else reading.time - queue.oldest_at)
        self._late.set(reports.late_seconds)
        self._signers.set(reports.signers or 0)
        self._fund_wei.set(reading.fund_wei)
        self._fee_bps.set(reading.fee_bps)
        for of, part in (("operators", reading.operator), ("holders", reading.holder)):
            self._part_bps.labels(of).set(0 if part is None else part.bps)
        if reading.income is not None:
            self._income_bps.labels("validators").set(reading.income.earned_bps)
            self._income_bps.labels("chain").set(reading.income.chain_bps)
        self._calls.set(len(reading.waiting_calls))
        self._price_wei.labels("rate").set(reading.rate_wei)
        for price in reading.prices:
            if price.wei is not None:
                self._price_wei.labels(price.source).set(price.wei)
        if reading.market is not None:
            self._market_seen(reading.market)

    def _market_seen(self, market: MarketReading) -> None:
        known = {feed.name + "_feed": feed.wei for feed in market.feeds}
        known |= {pool.system: pool.spot_wei for pool in market.pools}
        known |= {f"{pool.system}_mean": pool.mean_wei for pool in market.pools}
        known["instant"] = market.instant_wei
        for source, wei in known.items():
            if wei is not None:
                self._price_wei.labels(source).set(wei)
        for loan in market.loans:
            if not loan.problem:
                self._lent_wei.labels(loan.system).set(loan.lent_wei)
                self._supplied_wei.labels(loan.system).set(loan.supplied_wei)
        for debts in market.debts:
            self._borrowers.labels(debts.system).set(len(debts.all))
            if debts.all:
                self._health_bps.labels(debts.system).set(debts.all[0].health_bps)
