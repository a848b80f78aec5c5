"""Amounts are read to the wei, or refused with the value and the bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.formatting.amounts import exact_ether, parse_ether, shown_bps
from keel.model.constants import ETHER

BOUND_WEI = 2**96
MOST = "79228162514.264337593543950335"


@pytest.mark.parametrize(
    ("text", "amount_wei"),
    [
        ("1", ETHER),
        ("1.5", 15 * 10**17),
        ("0.000000000000000001", 1),
        ("007.10", 71 * 10**17),
        ("12345678901.123456789012345678", 12345678901_123456789012345678),
        (MOST, BOUND_WEI - 1),
        ("0" * 5000 + "1", ETHER),
    ],
)
def test_an_amount_is_read_to_the_wei(text: str, amount_wei: int) -> None:
    assert parse_ether(text) == amount_wei


@given(st.integers(min_value=1, max_value=BOUND_WEI - 1))
def test_every_amount_comes_back_as_it_was_shown(amount_wei: int) -> None:
    assert parse_ether(exact_ether(amount_wei)) == amount_wei


@pytest.mark.parametrize(
    "text",
    [
        *("1e5000", "1e3", "nan", "inf", "+5", "0x10", "1_000", "1,5", "", " 1", "1\n"),
        *("1.", ".5", "1.2.3", "\u0661"),
    ],
)
def test_what_is_no_amount_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an amount such as 1\.5") as refused:
        parse_ether(text)
    assert str(refused.value) == f"{text!r} is not an amount such as 1.5"


def test_a_part_of_a_wei_is_refused() -> None:
    text = "0.1234567890123456789"
    with pytest.raises(ValueError, match="decimals") as refused:
        parse_ether(text)
    assert str(refused.value) == f"{text} has more than 18 decimals"


@pytest.mark.parametrize("text", ["0", "0.0", "000.000000000000000000", "-0", "-5"])
def test_nothing_and_less_are_no_amounts(text: str) -> None:
    with pytest.raises(ValueError, match="is not above 0") as refused:
        parse_ether(text)
    assert str(refused.value) == f"{text} is not above 0"


@pytest.mark.parametrize("text", ["79228162514.264337593543950336", "100000000000"])
def test_an_amount_from_the_bound_on_is_refused_with_it(text: str) -> None:
    with pytest.raises(ValueError, match="is too much") as refused:
        parse_ether(text)
    expected = f"{text} ETH is too much, at most {MOST} ETH (below 2**96 wei) expected"
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [("9" * 5000, "too much"), ("x" * 5000, "not an amount"), (f"-{'9' * 5000}", "above")],
)
def test_a_long_text_is_shown_by_its_beginning(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        parse_ether(text)
    message = str(refused.value)
    assert message.removeprefix("'").startswith(f"{text[:60]}...")
    assert len(message) < 250


@given(st.integers(0, 10**12))
def test_basis_points_are_shown_as_percent_with_two_decimals(value_bps: int) -> None:
    number, sign = shown_bps(value_bps).split(" ")
    assert sign == "%"
    assert round(float(number.replace(",", "")) * 100) == value_bps
    assert all(len(part) == 3 for part in number.partition(".")[0].split(",")[1:])
    assert ("," in number) == (value_bps >= 100_000)
