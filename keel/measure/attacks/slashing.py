"""A slashing in the model's vault: who sees it when, who acts, and what reports make of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from random import Random

from keel.deploy.profiles import MAINNET
from keel.measure.attacks.books import FINALITY, FRAME, MEMBERS, QUORUM
from keel.measure.attacks.history import HOLDERS_WEI, START, size_wei
from keel.model import protocol as keel
from keel.model.constants import (
    BPS,
    ETHER,
    GWEI,
    SHARES_PER_UNIT,
    SLASHED_LIMIT_BPS,
    VALIDATOR_DEPOSIT_WEI,
)
from keel.model.errors import Refused
from keel.model.frames import FrameGeometry
from keel.model.insurance import to_fund_units_down
from keel.model.parameters import Parameters
from keel.model.queue import claim_wei
from keel.model.report import Report
from keel.model.stream import start_stream

SLOT = MAINNET.seconds_per_slot
EPOCH = MAINNET.epoch_seconds
REPORTS = 6
"""Frames in which a loss is applied at the latest: announced, and applied a frame later."""
ATTACKER, VICTIM, INSURER = "attacker", "victim", "insurer"

type Act = Callable[[keel.Protocol, int], tuple[keel.Protocol, int]]
"""What the attacker does at a moment; also returns the wei that it is paid, less what it pays."""

_OWN = {"geometry", "members", "quorum"}
TERMS = Parameters(
    geometry=FrameGeometry(0, SLOT, FRAME // SLOT),
    members=MEMBERS,
    quorum=QUORUM,
    **{f.name: getattr(MAINNET, f.name) for f in fields(Parameters) if f.name not in _OWN},
)


@dataclass(frozen=True)
class Slashing:
    """A vault just after a report, and what is slashed in it; times in seconds, amounts in wei.

    `proven_at` None: as if nothing could be proven. `late` is how long after it
    could be each report comes.
    """

    world: keel.Protocol
    slashed_at: int
    proven_at: int | None
    validators: int
    lost_wei: int
    late: int

    @property
    def ref_time(self) -> int:
        """Of the report that the vault begins with."""
        return self.world.accounts.ref_time

    def reported_at(self, frame: int) -> int:
        """When so many frames later a report comes."""
        return self.ref_time + frame * FRAME + FINALITY + self.late


@dataclass(frozen=True)
class Ending:
    """Once the loss is applied: the attacker's ether, when, and how long the doors were closed."""

    attacker_wei: int
    at: int
    closed_seconds: int


def slash(
    random: Random, each_wei: int, race_slots: int | None, *, much: bool, streams: bool
) -> Slashing:
    """Validators lose so much each, proven so many slots later; None: nobody can prove it.

    Much is more than closes doors, up to all; little does not, of a vault that is large enough.
    `streams`: in half of them rewards do.
    """
    begins_at = START - SLOT + FINALITY
    world = _vault(random, begins_at, 0.01 if much else 3)
    if streams and random.random() < 0.5:
        world = _streaming(world, random, begins_at)
    staked = world.accounts.consensus_wei // VALIDATOR_DEPOSIT_WEI
    bearing_wei = world.bearing_wei(begins_at)
    most_open = bearing_wei * SLASHED_LIMIT_BPS // BPS // VALIDATOR_DEPOSIT_WEI
    drawn = int(staked * 10 ** random.choice((0, random.uniform(-3, 0))))
    validators = max(most_open + 1, min(staked, drawn)) if much else max(1, min(most_open, drawn))
    slashed_at = begins_at + random.randrange(SLOT, FRAME + 2 * FINALITY) // SLOT * SLOT
    late = random.choice((0, random.randrange(FRAME // 2)))
    proven_at = None if race_slots is None else slashed_at + race_slots * SLOT
    return Slashing(world, slashed_at, proven_at, validators, validators * each_wei, late)


def live(slashing: Slashing, acts: Sequence[tuple[int, Act]] = ()) -> Ending:
    """Until a report has applied the loss; acts that are refused change nothing."""
    world, paid_wei, closed_from, closed_seconds = slashing.world, 0, 0, 0
    left = sorted(acts, key=lambda act: act[0])
    proven_at = slashing.proven_at
    for frame in range(1, REPORTS + 1):
        now = slashing.reported_at(frame)
        while (left and left[0][0] < now) or (proven_at is not None and proven_at <= now):
            if proven_at is not None and (not left or proven_at <= left[0][0]):
                world, closed_from, proven_at = _prove(slashing, world, proven_at), proven_at, None
                continue
            act_at, act = left.pop(0)
            world, got_wei = attempt(act, world, act_at)
            paid_wei += got_wei
        was_closed = world.slashed
        world, is_lost = _report(slashing, world, now, frame)
        if was_closed and not world.slashed:
            closed_seconds = now - closed_from
        if is_lost:
            return Ending(paid_wei + worth_wei(world, now), now, closed_seconds)
    raise ValueError(f"no report applied a loss of {slashing.lost_wei} wei in {REPORTS} frames")


def attempt(act: Act, world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """Do it if no rule forbids it."""
    try:
        return act(world, now)
    except Refused:
        return world, 0


def worth_wei(world: keel.Protocol, now: int) -> int:
    """The attacker's kETH, wkETH, part of the fund and tickets."""
    fund_shares = world.fund.shares_of.get(ATTACKER, 0)
    units = world.units_of.get(ATTACKER, 0)
    units += to_fund_units_down(fund_shares, world.fund.supply, world.fund_units)
    shares = world.shares_of.get(ATTACKER, 0) + units * SHARES_PER_UNIT
    tickets = [number for number, owner in world.ticket_owners.items() if owner == ATTACKER]
    waiting = sum(claim_wei(world.queue, number) for number in tickets)
    return world.accounts.to_assets_down(shares, now) + waiting


def _vault(random: Random, now: int, least: float) -> keel.Protocol:
    """Victims, an attacker, a fund that both insured, tickets that wait; most of it staked."""
    world = keel.launch(TERMS, START - SLOT)
    early = START - SLOT
    world, _ = keel.deposit(world, early, VICTIM, HOLDERS_WEI - ETHER)
    usual_wei = size_wei(random, least, 9, HOLDERS_WEI)
    stake_wei = random.choice((max(HOLDERS_WEI // 2, int(least) * HOLDERS_WEI), usual_wei))
    world, _ = keel.deposit(world, early, ATTACKER, stake_wei)
    insured = {who: size_wei(random, 0.001, 0.05, HOLDERS_WEI) for who in (ATTACKER, INSURER)}
    for who, wei in insured.items():
        world, units = keel.deposit_wrapped(world, early, who, wei)
        world, shares = keel.underwrite(world, who, who, units)
        cooling_since = now - TERMS.cooldown_seconds - random.randrange(FRAME // 2)
        world = keel.start_cooldown(world, cooling_since, who, shares)
    total_wei = world.accounts.backing_wei
    part = random.choice((random.uniform(0.3, 1), random.uniform(0.6, 0.7), random.uniform(0.9, 1)))
    validators = int(total_wei * part) // VALIDATOR_DEPOSIT_WEI
    world, _ = keel.deposit_wrapped(world, early, keel.BONDS, validators * ETHER)
    staked_wei = validators * VALIDATOR_DEPOSIT_WEI
    accounts = replace(world.accounts, consensus_wei=staked_wei, record_wei=staked_wei)
    world = replace(world, accounts=accounts)
    if random.random() < 0.5:
        for _ in range(random.randrange(1, 4)):
            wei = size_wei(random, 0.0001, 0.1, HOLDERS_WEI)
            world, _ = keel.request(world, now, VICTIM, VICTIM, wei)
    return world


def _streaming(world: keel.Protocol, random: Random, now: int) -> keel.Protocol:
    """With rewards that vest."""
    income_wei = size_wei(random, 10**-5, 0.003, HOLDERS_WEI)
    stream = start_stream(income_wei, now, random.randrange(FRAME, 30 * FRAME))
    backing_wei = world.accounts.backing_wei + income_wei
    accounts = replace(world.accounts, stream=stream, backing_wei=backing_wei)
    return replace(world, accounts=accounts)


def _report(
    slashing: Slashing, world: keel.Protocol, now: int, frame: int
) -> tuple[keel.Protocol, bool]:
    """What is true at the reference slot; also whether its loss was applied."""
    ref_time = slashing.ref_time + frame * FRAME
    is_seen = slashing.slashed_at <= ref_time
    seen_wei = slashing.world.accounts.consensus_wei - (slashing.lost_wei if is_seen else 0)
    report = Report(TERMS.geometry.newest_reference_slot(ref_time), seen_wei // GWEI)
    world, submission = keel.submit_report(world, now, report, MEMBERS)
    return world, is_seen and submission.outcome is not None


def _prove(slashing: Slashing, world: keel.Protocol, now: int) -> keel.Protocol:
    """STA-7, and what the operators' bonds had for these validators (BND-4)."""
    forfeit = replace(world, forfeit_units=slashing.validators * ETHER)
    slashed_gwei = slashing.validators * VALIDATOR_DEPOSIT_WEI // GWEI
    by = (slashing.slashed_at // EPOCH + 1) * EPOCH - SLOT
    return keel.note_slashing(forfeit, now, slashed_gwei, by)
