"""Exits: validators that lose what absent ones lose can be asked to exit by anyone (REQ-5)."""

from dataclasses import dataclass

import pytest

from keel.chain.clock import jump_to, set_next_timestamp
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.deploy.profiles import LOCAL, MAINNET
from keel.model import exits as rules
from keel.model.commitment import public_key_hash
from keel.model.constants import BPS, DAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.consensus.state_examples import spec_of
from tests.unit.contracts.exiting import PART_GWEI, Exiting, with_operators
from tests.unit.contracts.validators import leads_elsewhere

INACTIVE = 3
START_GWEI = PART_GWEI - 10**7


@dataclass
class Watched:
    """One active validator whose balances are shown of whole slots, some frames apart."""

    exiting: Exiting
    entry: DepositDataEntry
    start_slot: int

    @property
    def root(self) -> bytes:
        """Of the public key."""
        return public_key_hash(self.entry.pubkey)

    @property
    def slots(self) -> int:
        """As few as the two balances must be apart."""
        return rules.INACTIVE_FRAMES * self.exiting.keel.profile.frame_slots

    def absence_gwei(self, bps: int, slots: int | None = None) -> int:
        """This part of what absence costs in so many slots, rounded up."""
        profile = self.exiting.keel.profile
        seconds = (slots or self.slots) * profile.seconds_per_slot
        return -(-profile.absence_gwei_per_day * seconds * bps // (DAY * BPS))

    def show(self, balance_gwei: int, slot: int | None = None) -> Receipt:
        """Show the balance of a slot, the first by default."""
        slot = self.start_slot if slot is None else slot
        keel = self.exiting.keel
        time = keel.configuration.genesis_time + slot * keel.profile.seconds_per_slot
        if self.exiting.now < time:
            jump_to(keel.rpc, time)
        self.exiting.beacon.balances_gwei[self.entry.pubkey] = balance_gwei
        arguments = self.exiting.show(slot).balance(self.entry.pubkey)
        return self.exiting.exits.noteBalance.send(
            self.root, *arguments, sender=self.exiting.anyone
        )

    def is_inactive(self, receipt: Receipt) -> bool:
        """What the event says of the balance."""
        (event,) = self.exiting.exits.events(receipt, "BalanceNoted")
        return bool(event.inputs["isInactive"])


@pytest.fixture
def watched(keel: Keel) -> Watched:
    """Nobody waits for ether, so nothing else lets a stranger ask."""
    exiting = with_operators(keel, BPS)
    (entry,) = exiting.active(0)
    return Watched(exiting, entry, exiting.slot)


@pytest.mark.parametrize(
    ("bps", "more_gwei", "is_inactive"),
    [
        (rules.LEAST_ABSENCE_BPS, -1, False),
        (rules.LEAST_ABSENCE_BPS, 0, True),
        (BPS, 0, True),
        (rules.MOST_ABSENCE_BPS, -1, True),
        (rules.MOST_ABSENCE_BPS, 1, False),
        (0, 0, False),
        (0, -1, False),
    ],
)
def test_a_balance_that_falls_as_by_absence_lets_anyone_ask(
    watched: Watched, bps: int, more_gwei: int, is_inactive: bool
) -> None:
    """Neither one that falls less, or rises, nor one that falls as in a leak."""
    fall_gwei = watched.absence_gwei(bps) + more_gwei
    assert not watched.is_inactive(watched.show(START_GWEI))
    receipt = watched.show(START_GWEI - fall_gwei, watched.start_slot + watched.slots)
    assert watched.is_inactive(receipt) == is_inactive
    profile = watched.exiting.keel.profile
    seconds = watched.slots * profile.seconds_per_slot
    expected = rules.is_absence(
        START_GWEI, START_GWEI - fall_gwei, seconds, profile.absence_gwei_per_day
    )
    assert expected == is_inactive
    if is_inactive:
        receipt = watched.exiting.ask(watched.entry)
        (event,) = watched.exiting.exits.events(receipt, "ExitRequested")
        assert event.inputs["reason"] == INACTIVE
        assert watched.exiting.exits.exitsAvailable() == rules.EXIT_LIMIT_LEAST - 1
    else:
        with fails("NothingMissing"):
            watched.exiting.ask(watched.entry)


def test_one_balance_is_not_enough(watched: Watched) -> None:
    watched.show(PART_GWEI - 10**9)
    with fails("NothingMissing"):
        watched.exiting.ask(watched.entry)


def test_the_balances_are_seven_frames_apart(watched: Watched) -> None:
    """By their slots, whenever they are shown; the first one stays until then."""
    watched.show(START_GWEI)
    config, profile = watched.exiting.keel.configuration, watched.exiting.keel.profile
    end = watched.start_slot + watched.slots
    fallen_gwei = START_GWEI - watched.absence_gwei(BPS)
    earliest = config.genesis_time + end * profile.seconds_per_slot
    for slot in (watched.start_slot, end - 1):
        time = config.genesis_time + slot * profile.seconds_per_slot
        with fails("BalanceTooEarly", pubkeyRoot=watched.root, time=time, earliest=earliest):
            watched.show(fallen_gwei, slot)
    assert watched.is_inactive(watched.show(fallen_gwei, end))


def test_both_are_below_32_ether(watched: Watched) -> None:
    """Above it sweeps and partial withdrawals take ether too."""
    inputs = {"pubkeyRoot": watched.root, "balanceGwei": PART_GWEI, "below": PART_GWEI}
    with fails("BalanceTooHigh", **inputs):
        watched.show(PART_GWEI)
    watched.show(PART_GWEI - 1)
    with fails("BalanceTooHigh", **inputs):
        watched.show(PART_GWEI, watched.start_slot + watched.slots)
    assert watched.exiting.exits.watchOf(watched.root).slot == watched.start_slot


def test_each_balance_is_compared_with_the_last_one_shown(watched: Watched) -> None:
    """A validator that was there at first is found absent by the time after it."""
    first = watched.start_slot
    second, third = first + watched.slots, first + 2 * watched.slots
    fall_gwei = watched.absence_gwei(BPS)
    watched.show(START_GWEI, first)
    half = watched.show(START_GWEI - fall_gwei // 2, second)
    assert not watched.is_inactive(half)
    assert watched.is_inactive(watched.show(START_GWEI - fall_gwei * 3 // 2, third))


@pytest.mark.parametrize(("seconds", "may"), [(0, True), (1, False)])
def test_what_was_shown_holds_for_a_frame(watched: Watched, seconds: int, may: bool) -> None:
    """A validator that has come back is asked for no more."""
    watched.show(START_GWEI)
    end = watched.start_slot + watched.slots
    watched.show(START_GWEI - watched.absence_gwei(BPS), end)
    keel = watched.exiting.keel
    time = keel.configuration.genesis_time + end * keel.profile.seconds_per_slot
    moment = time + keel.profile.frame_seconds + seconds
    jump_to(keel.rpc, moment - 1)
    shown = watched.exiting.show()
    set_next_timestamp(keel.rpc, moment)
    if may:
        watched.exiting.ask(watched.entry, shown=shown)
    else:
        with fails("NothingMissing"):
            watched.exiting.ask(watched.entry, shown=shown)


def test_a_balance_is_that_of_the_key(watched: Watched) -> None:
    """Of the validator that the registry has for it, in a real state; and the key is staked."""
    (other,) = watched.exiting.active(0)
    shown = watched.exiting.show()
    block, chunk, branch = shown.balance(other.pubkey)
    forged = bytes([chunk[0] ^ 1]) + chunk[1:]
    with leads_elsewhere(shown.prover.tree.header_fields.root):
        watched.exiting.exits.noteBalance.send(
            watched.root, block, forged, branch, sender=watched.exiting.anyone
        )
    unknown = bytes(32)
    with fails("WrongStage", pubkeyRoot=unknown, stage=0, expected=3):
        watched.exiting.exits.noteBalance.send(
            unknown, block, chunk, branch, sender=watched.exiting.anyone
        )


def test_the_cost_of_absence_is_the_specifications() -> None:
    """One epoch of missed source and target of a validator of 32 ETH, for each profile."""
    for profile, validators in ((MAINNET, 1_000_000), (LOCAL, 64)):
        spec = spec_of("fulu")
        increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
        root = int(spec.integer_squareroot(validators * 32 * increment))
        base_gwei = 32 * (increment * int(spec.BASE_REWARD_FACTOR) // root)
        weights = (int(spec.TIMELY_SOURCE_WEIGHT), int(spec.TIMELY_TARGET_WEIGHT))
        epoch_gwei = sum(base_gwei * w // int(spec.WEIGHT_DENOMINATOR) for w in weights)
        expected = epoch_gwei * DAY // profile.epoch_seconds
        assert profile.absence_gwei_per_day == expected
    assert MAINNET.absence_gwei_per_day == 1_606_500
