"""Worlds for tests of the model: parameters, actors and Hypothesis strategies."""

from dataclasses import replace

from hypothesis import strategies as st

from keel.model.constants import DAY, ETHER, RAY
from keel.model.frames import FrameGeometry
from keel.model.parameters import Parameters
from keel.model.protocol import Protocol, deposit, launch, stake
from keel.model.report import Report

GENESIS_TIME = 1_700_000_000
FRAME_SLOTS = 7_200
FRAME = FRAME_SLOTS * 12
GEOMETRY = FrameGeometry(GENESIS_TIME, 12, FRAME_SLOTS)
LAUNCH_SLOT = 10 * FRAME_SLOTS - 1
LAUNCH_TIME = GEOMETRY.time_of(LAUNCH_SLOT) + 12

PARAMETERS = Parameters(
    geometry=GEOMETRY,
    finality_seconds=900,
    members=5,
    quorum=3,
    deposit_limit_wei=50_000 * ETHER,
    instant_limit_wei=500 * ETHER,
    loss_limit_bps=100,
    loss_period_seconds=36 * DAY,
    stake_limit_bps=100,
    stake_floor_wei=1_024 * ETHER,
    fee_bps=500,
    max_fee_ray_per_day=RAY * 2 // 10_000,
    insurance_bps=3_334,
    stream_cap_ray_per_day=RAY * 75 // 100_000,
    min_ticket_wei=1_000,
    max_ticket_wei=1_000 * ETHER,
    instant_min_fee_bps=10,
    instant_max_fee_bps=500,
    instant_target_wei=300 * ETHER,
    cooldown_seconds=37 * DAY,
    bond_cooldown_seconds=38 * DAY,
    window_seconds=2 * DAY,
    max_pause_seconds=14 * DAY,
)

wei = st.integers(1, 10**24) | st.integers(1, 10**6)
users = st.sampled_from(["depositor", "holder", "underwriter", "attacker"])


@st.composite
def up_to(draw: st.DrawFn, most: int, least: int = 0) -> int:
    """Any size from `least` to `most`: tiny, all, or a part, which plain integers rarely are."""
    part = most * draw(st.integers(0, 1_000)) // 1_000
    return max(least, min(most, part + draw(st.integers(-1_000, 1_000))))


@st.composite
def rates(draw: st.DrawFn) -> tuple[int, int]:
    """S and V with a share worth between a millionth of par and just under a wei."""
    visible = draw(st.integers(10**18, 10**26))
    per_wei = draw(st.integers(10**8, 10**14))
    return visible * per_wei // draw(st.integers(1, 10)), visible


def odd_world(owed: int = 0) -> Protocol:
    """A world two days on whose rate and index are no round numbers."""
    world = launch(PARAMETERS, LAUNCH_TIME)
    world, _ = deposit(world, LAUNCH_TIME, "depositor", 700 * ETHER + owed)
    accounts = replace(world.accounts, backing_wei=world.accounts.backing_wei + ETHER // 7)
    queue = replace(world.queue, index=RAY * 6 // 7)
    return replace(world, accounts=accounts, queue=queue)


NOW = LAUNCH_TIME + 100
SLOT = LAUNCH_SLOT + FRAME_SLOTS
REPORTED = GEOMETRY.time_of(SLOT) + 900


def staked_world(validators: int = 10) -> Protocol:
    """401 ETH, of which so many validators are staked at `NOW`; 1 ETH each is operators' bonds."""
    world = launch(PARAMETERS, LAUNCH_TIME)
    world, _ = deposit(world, LAUNCH_TIME, "depositor", (400 - validators) * ETHER)
    return stake(world, NOW, validators)


def report(change_wei: int, frames: int = 1) -> Report:
    """What ten validators are worth, so many frames on, 320 ETH and this change."""
    balance = 320 * ETHER + change_wei
    slot = LAUNCH_SLOT + frames * FRAME_SLOTS
    return Report(slot, balance // 10**9, active_validators=10, operators_bps=500)
