"""Invalid ballots are looked at in a burst and then one a second, sender by sender."""

import pytest

from keel.committee.allowance import BURST, MOST_SENDERS, Allowance, network_of


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_looked_at_and_then_one_a_second() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    for _ in range(BURST):
        assert allowance.seconds_to_wait("a") == 0
        allowance.spend("a")
    assert allowance.seconds_to_wait("a") == 1
    assert allowance.seconds_to_wait("b") == 0
    clock.now += 1
    assert allowance.seconds_to_wait("a") == 0
    allowance.spend("a")
    assert allowance.seconds_to_wait("a") == 1
    clock.now += 10 * BURST
    for _ in range(BURST):
        assert allowance.seconds_to_wait("a") == 0
        allowance.spend("a")
    assert allowance.seconds_to_wait("a") == 1


def test_who_sends_nothing_invalid_is_never_held_up() -> None:
    allowance = Allowance(Clock())
    assert [allowance.seconds_to_wait("a") for _ in range(10 * BURST)] == [0] * 10 * BURST


def test_so_many_senders_are_remembered_the_latest_longest() -> None:
    allowance = Allowance(Clock())
    for _ in range(BURST):
        allowance.spend("first")
    for number in range(MOST_SENDERS - 1):
        allowance.spend(str(number))
    assert allowance.seconds_to_wait("first") == 1
    allowance.spend("one more")
    assert allowance.seconds_to_wait("first") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix", "unix"),
    ],
)
def test_a_network_of_ipv6_is_one_sender(address: str, network: str) -> None:
    assert network_of(address) == network
