"""Keel's goals, and what the same operation costs elsewhere.

Others' figures: receipts' `gasUsed` on Anvil 1.7.1, each protocol's own source at its own compiler
settings, steady state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Goal:
    """`gas` is what Keel means to stay at or below; `others` has text where a note is needed."""

    gas: int
    others: Mapping[str, str] = field(default_factory=dict)


PROTOCOLS = ("Lido", "Rocket Pool", "mETH", "others")

GOALS: Mapping[str, Goal] = {
    "deposit_first": Goal(
        62_000,
        {
            "Lido": "93,973",
            "Rocket Pool": "173,773",
            "mETH": "163,718",
            "others": "frxETH 83,583 (no rate)",
        },
    ),
    "deposit_repeat": Goal(
        45_000,
        {
            "Lido": "76,754",
            "Rocket Pool": "156,673",
            "mETH": "146,618",
            "others": "frxETH 49,383 (no rate)",
        },
    ),
    "deposit_wrapped_repeat": Goal(
        48_000,
        {
            "Lido": "100,662",
            "Rocket Pool": "156,673",
            "mETH": "146,618",
            "others": "sfrxETH 105,236",
        },
    ),
    "keth_transfer_new": Goal(57_000, {"Lido": "84,290"}),
    "keth_transfer_existing": Goal(40_000, {"Lido": "67,190"}),
    "wketh_transfer_new": Goal(
        51_000,
        {
            "Lido": "51,688",
            "Rocket Pool": "59,445",
            "mETH": "61,286",
            "others": "sfrxETH 51,290",
        },
    ),
    "wketh_transfer_existing": Goal(
        34_000,
        {
            "Lido": "34,588",
            "Rocket Pool": "42,345",
            "mETH": "44,186",
            "others": "sfrxETH 34,190",
        },
    ),
    "wrap_repeat": Goal(50_000, {"Lido": "91,782", "others": "sfrxETH 62,549"}),
    "unwrap_repeat": Goal(50_000, {"Lido": "91,194", "others": "sfrxETH 67,802"}),
    "request_repeat": Goal(
        105_000,
        {
            "Lido": "197,813",
            "Rocket Pool": "no queue",
            "mETH": "226,433",
            "others": "StakeWise 94,331 (call only)",
        },
    ),
    "claim": Goal(52_000, {"Lido": "86,880", "mETH": "126,595"}),
    "report_cycle": Goal(
        260_000,
        {
            "Lido": "1,364,000",
            "mETH": "141,072 + reporters",
            "others": "StakeWise 101,423 (call only)",
        },
    ),
    "report_cycle_500_operators": Goal(260_000),
    "report_cycle_10000_tickets": Goal(260_000),
    "predeposit_of_20": Goal(60_000, {"Lido": "127,000 (key only)"}),
    "prove_fresh": Goal(92_000),
    "prove_fresh_of_32": Goal(12_500),
    "stake_validator_of_20": Goal(42_000, {"Lido": "80,370"}),
    "prove_slashed": Goal(110_000),
    "request_exit": Goal(160_000),
    "deploy_all": Goal(25_000_000, {"Lido": "51.1 M"}),
}
