"""docs/attacks.md: what the simulation finds, within its bounds; the simulation is the model."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.deploy.profiles import MAINNET, USUAL_COMMISSION_BPS
from keel.measure.attacks.books import (
    ATTACKER,
    BONDS,
    CAP,
    FRAME,
    FUND,
    MEMBERS,
    QUORUM,
    VICTIMS,
)
from keel.measure.attacks.page import PAGE, page, worst_of_all
from keel.measure.attacks.pool import Pool
from keel.measure.attacks.table import Attack
from keel.model import protocol as keel
from keel.model.constants import ETHER, GWEI, SHARES_PER_UNIT
from keel.model.errors import Refused
from keel.model.frames import FrameGeometry
from keel.model.parameters import Parameters
from keel.model.report import Report

type Results = dict[Attack, tuple[tuple[int, int], ...]]

SLOTS = FRAME // 12
TERMS = Parameters(
    geometry=FrameGeometry(12, 12, SLOTS),
    finality_seconds=MAINNET.finality_seconds,
    members=MEMBERS,
    quorum=QUORUM,
    deposit_limit_wei=2**100,
    instant_limit_wei=0,
    loss_limit_bps=MAINNET.loss_limit_bps,
    loss_period_seconds=MAINNET.loss_period_seconds,
    stake_limit_bps=MAINNET.stake_limit_bps,
    stake_floor_wei=MAINNET.stake_floor_wei,
    fee_bps=MAINNET.fee_bps,
    max_fee_ray_per_day=MAINNET.max_fee_ray_per_day,
    insurance_bps=MAINNET.insurance_bps,
    stream_cap_ray_per_day=CAP,
    min_ticket_wei=1,
    max_ticket_wei=2**100,
    instant_min_fee_bps=0,
    instant_max_fee_bps=0,
    instant_target_wei=1,
    cooldown_seconds=1,
    bond_cooldown_seconds=1,
    window_seconds=1,
    max_pause_seconds=1,
)


@pytest.fixture(scope="module")
def results() -> Results:
    return worst_of_all()


def test_no_attack_takes_more_than_its_bound(results: Results) -> None:
    for attack, (_, _, (gain, loss)) in results.items():
        assert max(gain, loss) <= attack.most_eth * ETHER, (attack.row, attack.what)


def test_the_rules_of_before_are_beyond_every_bound_of_the_audit(results: Results) -> None:
    for attack, (before, _, _) in results.items():
        if attack.row[0] in "HM":
            assert max(before) > attack.most_eth * ETHER, (attack.row, attack.what)


def test_ten_thousand_histories_are_lived(results: Results) -> None:
    assert sum(attack.runs for attack in results) >= 10_000


def test_the_page_is_what_the_simulation_finds(results: Results) -> None:
    assert PAGE.read_text() == page(results), "run `python -m keel.measure.attacks`"


@dataclass
class Pair:
    """A pool and the model, moved together; 960 ETH are staked, `buffer_wei` is not.

    The pool counts the bonds of the first 30 validators with the victims' shares.
    """

    buffer_wei: int
    pool: Pool = field(init=False)
    world: keel.Protocol = field(init=False)

    def __post_init__(self) -> None:
        start = 10**9 // FRAME * FRAME
        world = keel.launch(TERMS, start - FRAME)
        world, _ = keel.deposit(world, start - FRAME, "victims", 829 * ETHER + self.buffer_wei)
        world, _ = keel.deposit_wrapped(world, start - FRAME, keel.FUND, 100 * ETHER)
        world = keel.stake(world, start - FRAME, 30)
        now = start + MAINNET.finality_seconds
        report = Report(start // 12 - 1, 960 * 10**9, operators_bps=USUAL_COMMISSION_BPS)
        self.world, _ = keel.submit_report(world, now, report, MEMBERS)
        self.pool = Pool(960 * ETHER, self.buffer_wei, 100 * ETHER)
        self.pool.now = now
        self.pool.stakes_full_at = self.world.stakes_full_at
        self.pool.losses_full_at = self.world.losses_full_at

    def take(self, deed: str, size: int) -> None:
        """One step of both; a refusal of the model is none of the pool's."""
        pool, world = self.pool, self.world
        if deed == "end a frame":
            pool.end_frame(1 + (size % 40) // 37 * 14, TERMS.finality_seconds + size * 80)
        elif deed == "withdraw":
            pool.withdraw(pool.true_wei * size // 1_000)
        elif deed == "deposit":
            wei = 10 ** (size % 23) + size
            self.attempt(lambda: keel.deposit(world, pool.now, "attacker", wei))
            pool.deposit(ATTACKER, wei)
        elif deed == "request":
            wei = max(0, world.balance_wei("victims", pool.now) - 1) * size // 1_000
            self.attempt(lambda: keel.request(world, pool.now, "victims", "victims", wei))
            pool.request(VICTIMS, wei)
        elif deed == "stake":
            wanted = keel.stakeable_validators(world, pool.now)
            self.attempt(lambda: keel.stake(world, pool.now, wanted))
            pool.stake()
        else:
            self.attempt(lambda: keel.sweep(self.world, pool.now))
            self.attempt(lambda: keel.finalise_without_report(self.world, pool.now))
            pool.dead_exit()

    def report(self, gwei: int, signers: int) -> None:
        """A report of both."""
        pool = self.pool
        slot = pool.slot_time // 12 - 1
        report = Report(slot, gwei, pool.arrived_wei, operators_bps=USUAL_COMMISSION_BPS)
        self.attempt(lambda: keel.submit_report(self.world, pool.now, report, signers))
        pool.report(gwei * GWEI, signers)

    def attempt(self, transition) -> None:  # type: ignore[no-untyped-def]
        try:
            result = transition()
        except Refused:
            return
        self.world = result[0] if isinstance(result, tuple) else result

    def compare(self) -> None:
        """Every figure of the books."""
        pool, world = self.pool, self.world
        accounts, queue = world.accounts, world.queue
        assert {
            "S": pool.total_shares,
            "A": pool.backing_wei,
            "U": pool.unvested_wei(),
            "end": pool.stream_end if pool.stream_wei else 0,
            "C": pool.consensus_wei,
            "P": pool.pending_wei,
            "K": pool.record_wei,
            "N": pool.normalised,
            "index": pool.index,
            "carry": pool.loss_carry_wei,
            "insolvent": pool.insolvent,
            "ref time": pool.ref_time,
            "losses": pool.losses_full_at,
            "announced": (pool.announced_at, pool.announced_wei),
            "reopening": pool.deposits_open_from,
            "moved": pool.moved_at,
            "attacker": pool.shares[ATTACKER],
            "fund": pool.shares[FUND],
            "bonds": pool.shares[BONDS],
        } == {
            "S": accounts.shares,
            "A": accounts.backing_wei,
            "U": accounts.unvested_wei(pool.now),
            "end": accounts.stream.end if accounts.stream.unvested_wei else 0,
            "C": accounts.consensus_wei,
            "P": accounts.pending_wei,
            "K": accounts.record_wei,
            "N": queue.normalised,
            "index": queue.index,
            "carry": accounts.loss_carry_wei,
            "insolvent": accounts.insolvent,
            "ref time": accounts.ref_time,
            "losses": world.losses_full_at,
            "announced": (world.announced_at, world.announced_wei),
            "reopening": world.deposits_open_from,
            "moved": world.ether_moved_at,
            "attacker": world.shares_of.get("attacker", 0),
            "fund": world.fund_units * SHARES_PER_UNIT,
            "bonds": (world.units_of[keel.BONDS] - 30 * ETHER) * SHARES_PER_UNIT,
        }


def with_arrived(pair: Pair) -> keel.Protocol:
    """The model with the pool's ether in WithdrawalVault."""
    return replace(pair.world, withdrawal_vault_wei=pair.pool.arrived_wei)


steps = st.tuples(
    st.sampled_from(["deposit", "request", "stake", "withdraw", "dead exit", "dead exit"]),
    st.integers(0, 1_000),
)
reports = st.sampled_from([0, 950, 995, 999, 1_000, 1_001, 1_010, 5_000])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_simulation_is_the_model_to_the_wei(data: st.DataObject) -> None:
    pair = Pair(data.draw(st.sampled_from([0, 40 * ETHER])))
    pair.compare()
    for _ in range(data.draw(st.integers(1, 25))):
        for deed, size in data.draw(st.lists(steps, max_size=4)):
            pair.world = with_arrived(pair)
            pair.take(deed, size)
            pair.compare()
        pair.take("end a frame", data.draw(st.integers(0, 1_000)))
        pair.world = with_arrived(pair)
        pair.compare()
        if data.draw(st.integers(0, 9)):
            part = data.draw(reports)
            expected = pair.pool.consensus_wei + pair.pool.pending_wei - pair.pool.arrived_wei
            gwei = max(0, expected) * part // 1_000 // GWEI
            pair.report(gwei, data.draw(st.sampled_from([3, 3, 4, 5])))
            pair.compare()


def moved(pair: Pair, *deeds: tuple[str, int]) -> None:
    """Steps and comparisons."""
    for deed, size in deeds:
        pair.world = with_arrived(pair)
        if deed == "report":
            pair.report(size, MEMBERS)
        else:
            pair.take(deed, size)
        pair.world = with_arrived(pair)
        pair.compare()


def test_an_insolvent_vault_is_wound_down_as_in_the_model() -> None:
    pair = Pair(0)
    for _ in range(2):
        moved(pair, ("end a frame", 0), ("report", 0))
    assert pair.pool.insolvent
    moved(pair, ("withdraw", 100), ("end a frame", 0), ("report", 10**12), ("deposit", 18))
    assert pair.pool.backing_wei == 96 * ETHER
    moved(pair, ("end a frame", 37), ("request", 500), ("stake", 0))


def test_sweeps_are_apart_as_in_the_model() -> None:
    pair = Pair(40 * ETHER)
    moved(pair, ("request", 500), ("end a frame", 37), ("withdraw", 100), ("dead exit", 0))
    swept = pair.pool.moved_at
    assert swept == pair.pool.now
    moved(pair, ("withdraw", 100), ("end a frame", 0), ("dead exit", 0))
    assert pair.pool.moved_at == swept
    moved(pair, ("end a frame", 0), ("end a frame", 0), ("dead exit", 0))
    assert pair.pool.moved_at > swept
