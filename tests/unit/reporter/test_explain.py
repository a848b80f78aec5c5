"""What `explain` shows are the numbers of the report, to the last digit."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from keel.model.commission import CommissionSpan
from keel.reporter.assessment import assess
from keel.reporter.explain import explanation, listed_validators, performance, validators_tables
from keel.sight.consensus_view import NO_INDEX
from tests.unit.reporter.view_examples import Key, consensus_of, protocol_of, totals_of, working
from tests.unit.sight.state_examples import pubkey

WAITING = working(
    1, index=NO_INDEX, balance_gwei=0, pending_gwei=32 * 10**9, active=0, participation=0
)
FOREIGN = working(3, foreign=1)
FOUND = [working(0), working(1, participation=3), WAITING, working(2, active=0, exited=1), FOREIGN]
PREVIOUS = {0: 1000, 1: 2000}


def shown(*renderables: RenderableType) -> str:
    text = StringIO()
    console = Console(file=text, width=200)
    for one in renderables:
        console.print(one)
    return text.getvalue()


def explained(found: list[Key]) -> str:
    assessment = assess(consensus_of(found), protocol_of(found, PREVIOUS, 999), totals_of(PREVIOUS))
    return shown(*explanation(assessment))


def row_of(text: str, *cells: str) -> bool:
    """Whether one line begins with these cells."""
    return any(line.split()[: len(cells)] == list(cells) for line in text.splitlines())


def test_c_is_shown_as_what_it_is_made_of() -> None:
    text = explained(FOUND)
    assert "reference slot 47 (epoch 5)" in text
    assert "execution block 77\n  0x" + "31" * 32 in text
    assert "128.000000021" in text
    assert "96.000000021 of validators + 32 in pending deposits - 0 of penalties to come" in text
    assert row_of(text, "together", "2", "1", "0", "1", "128.000000021", "32", "0")
    assert row_of(text, "what", "they", "have", "in", "C", "64.000000014")


def test_what_slashed_validators_still_lose_is_taken_off_c_and_shown() -> None:
    """REP-10."""
    found = [*FOUND, working(1, slashed=1, penalty_gwei=10**9), working(3, foreign=1, slashed=1)]
    text = explained(found)
    made_of = "128.000000028 of validators + 32 in pending deposits - 1 of penalties to come"
    assert row_of(text, "consensus", "balance", "(C)", "159.000000028", *made_of.split())
    assert row_of(text, "together", "3", "1", "1", "1", "159.000000028", "32", "1")
    assert row_of(text, "1", "Operator", "1", "2", "0", "1", "1", "95.000000014", "32", "1")
    views = consensus_of(found), protocol_of(found, {})
    listed = ("9", f"0x{pubkey(5).hex()}", "active,", "slashed", "32.000000007", "1", "32")
    assert row_of(shown(*validators_tables(*views)), *listed)


def test_roots_are_shown_whole() -> None:
    report = assess(
        consensus_of(FOUND), protocol_of(FOUND, PREVIOUS, 999), totals_of(PREVIOUS)
    ).report
    text = explained(FOUND)
    assert f"previous operatorsRoot\n  0x{'0e' * 32}\n" in text
    assert f"\noperatorsRoot\n  0x{report.operators_root.hex()}\n" in text
    assert f"\nvalidatorsRoot\n  0x{report.validators_root.hex()}\n" in text


def test_each_operator_shows_its_part() -> None:
    text = explained(FOUND)
    assert row_of(text, "1", "Operator", "1", "1", "0", "0", "1", "64.000000007", "32", "0")
    weight = f"{32 * 10**9 * 40:,}"
    added = 999 * 40 // 94
    parts = (weight, "6.00", "%", "42.55", "%", str(added), f"{2000 + added:,}")
    cells = ("32", "74.07", "%", *parts)
    assert row_of(text, "1", "Operator", "1", *cells)
    assert "3,999 shares minted for operators - 3,000 in the previous leaves = 999" in text
    assert f"{999 * 54 // 94 + added} added, 1 wait." in text


def test_commissions_and_what_they_make_of_the_profit_are_shown() -> None:
    """COM-2: of weights 54 and 40, at 10 % and 5 % for half of the time, then 6 %."""
    span = CommissionSpan(100, {0: 1_000 * 100, 1: 500 * 50 + 600 * 50, 2: 700 * 100})
    protocol = protocol_of(FOUND, PREVIOUS, 999, commissions=span)
    text = shown(*explanation(assess(consensus_of(FOUND), protocol, totals_of(PREVIOUS))))
    mean = (54 * 1_000 + 40 * 550) // 94
    assert mean == 808
    cells = ("operators'", "part", "of", "profit", "8.08", "%", "mean", "of", "their")
    assert row_of(text, *cells)
    weight = f"{32 * 10**9 * 40:,}"
    added = 999 * 40 * 550 // (54 * 1_000 + 40 * 550)
    assert row_of(
        text,
        "1",
        "Operator",
        "1",
        "32",
        "74.07",
        "%",
        weight,
        "5.50",
        "%",
        "28.94",
        "%",
        f"{added}",
    )
    assert row_of(text, "2", "Operator", "2", "0", "-", "0", "7.00", "%", "0.00", "%", "0")


def test_foreign_keys_are_shown_only_where_there_are_any() -> None:
    assert f"0x{pubkey(4).hex()}" in explained(FOUND)
    assert "other withdrawal credentials" in explained(FOUND)
    assert "other withdrawal credentials" not in explained(FOUND[:4])


def test_each_validator_is_listed_with_its_flags() -> None:
    listed = listed_validators(consensus_of(FOUND), protocol_of(FOUND, {}))
    assert [(one.index, one.status, one.flags) for one in listed] == [
        (9, "active", ("source", "target", "head")),
        (9, "active", ("source", "target")),
        (None, "pending", ()),
        (9, "exited", ("source", "target", "head")),
        (9, "foreign", ("source", "target", "head")),
    ]
    slashed, unknown = working(0, slashed=1), WAITING | {"pending_gwei": 0}
    two = [slashed, unknown]
    listed = listed_validators(consensus_of(two), protocol_of(two, {}))
    assert [one.status for one in listed] == ["active, slashed", "not in the state"]


def test_validators_stand_with_their_operators() -> None:
    tables = list(validators_tables(consensus_of(FOUND), protocol_of(FOUND, {})))
    assert [table.title for table in tables] == [
        f"Validators of operator {number}, Operator {number}" for number in range(4)
    ]
    text = shown(tables[1])
    assert row_of(text, "9", f"0x{pubkey(1).hex()}", "active", "32.000000007", "0", "32")
    assert row_of(text, f"0x{pubkey(2).hex()}", "pending", "32", "0", "32")
    assert pubkey(0).hex() not in text


def test_performance_is_rounded_down_and_unknown_without_duties() -> None:
    (one, *_) = assess(consensus_of(FOUND), protocol_of(FOUND, {}), ()).operators
    assert performance(one) == "100.00 %"
    assert performance(replace(one, weight=one.full_weight - 1)) == "99.99 %"
    assert performance(replace(one, weight=0, full_weight=0)) == "-"


@pytest.mark.parametrize("name", ["[/red]", "[red]x[/red]", "[link=http://a]b[/link]"])
def test_a_name_is_shown_as_it_is_written(name: str) -> None:
    protocol = replace(protocol_of(FOUND, PREVIOUS, 999), operator_names={0: name})
    assessment = assess(consensus_of(FOUND), protocol, totals_of(PREVIOUS))
    text = shown(
        *explanation(assessment),
        *validators_tables(consensus_of(FOUND), protocol),
    )
    assert f"operator 0, {name}" in text
    assert row_of(text, "0", name)


def test_a_name_has_no_power_over_the_terminal() -> None:
    protocol = replace(protocol_of(FOUND, PREVIOUS, 999), operator_names={0: "\x1b]0;a\x07"})
    assert "\x1b" not in shown(
        *explanation(assess(consensus_of(FOUND), protocol, totals_of(PREVIOUS)))
    )
