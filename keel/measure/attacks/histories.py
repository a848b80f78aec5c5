"""Attacks with random figures, each a function of a seed and the rules it is tried on.

Each returns the attacker's gain and what its victims lose, in wei. Fair income is no gain: what
validators earn belongs to whoever holds shares in that frame, less the ordinary fee. The victims'
loss is what they would have at that, less what they would have if the truth came to light.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from keel.deploy.profiles import MAINNET
from keel.measure.attacks.pool import ATTACKER, FINALITY, FRAME, FUND, MEMBERS, VICTIMS, Pool
from keel.model.constants import BPS, ETHER
from keel.model.queue import owed_up

type Rules = type[Pool]
type Result = tuple[int, int]

START = 10**9 // FRAME * FRAME
LONG = 365
"""Frames of a history in which victims wait."""
HOLDERS_WEI = 10_000 * ETHER
"""What the victims hold, unless an attack says otherwise."""


@dataclass
class History:
    """A pool that lives on, with what is fair beside it; amounts in wei."""

    pool: Pool
    random: Random
    yield_ppm: int
    frames: int
    spent_wei: int = 0
    fair_wei: int = 0
    victims_wei: int = 0

    def start(self) -> "History":
        """Remember what the victims have."""
        self.victims_wei = self.pool.worth_wei(VICTIMS) + self.pool.worth_wei(FUND)
        return self

    @property
    def lasts(self) -> bool:
        """Whether frames are left."""
        return self.pool.slot_time < START + self.frames * FRAME

    def frame(self) -> None:
        """Validators earn, victims come and go, the next reference slot ends, at times late."""
        pool, chance = self.pool, self.random.random()
        left = (START - pool.slot_time) // FRAME + self.frames
        frames = max(1, min(left, self.random.choice((2, 3, 5)))) if chance < 0.03 else 1
        delay = FINALITY
        if chance > 0.9:
            delay = self.random.randrange(FINALITY, FRAME * 9 // 10)
            if chance > 0.97 and self.frames < LONG:
                pool.request(VICTIMS, self.random.randrange(1, 20) * ETHER)
        earned = pool.true_wei * self.yield_ppm * frames // (365 * 10**6)
        net = earned * (BPS - MAINNET.fee_bps) // BPS
        attackers = net * pool.shares[ATTACKER] // pool.total_shares
        self.fair_wei += attackers
        self.victims_wei += net - attackers
        pool.true_wei += earned
        pool.withdraw(earned if chance < 0.5 else 0)
        pool.end_frame(frames, delay)

    def deposit(self, wei: int) -> bool:
        """The attacker pays in, if it can."""
        done = self.pool.deposit(ATTACKER, wei)
        self.spent_wei += wei if done else 0
        return done

    def leave(self) -> Result:
        """The attacker asks for all just before the next report."""
        pool = self.pool
        pool.now = max(pool.now, pool.slot_time + FRAME - 1)
        pool.leave(ATTACKER)
        return self.result()

    def result(self) -> Result:
        """Gain and loss as they stand."""
        pool = self.pool
        gain = pool.worth_wei(ATTACKER) - self.spent_wei - self.fair_wei
        kept = pool.worth_wei(VICTIMS) + pool.worth_wei(FUND)
        return gain, self.victims_wei - kept


def newly(
    rules: Rules, random: Random, frames: int, total_wei: int = HOLDERS_WEI, fund_bps: int = 0
) -> History:
    """A vault of victims, most of it staked, for so many frames."""
    staked = total_wei * random.randrange(80, 100) // 100 // (32 * ETHER) * 32 * ETHER
    pool = rules(staked, total_wei - staked, total_wei * fund_bps // BPS)
    return History(pool, random, random.randrange(60_000), frames).start()


def size_wei(random: Random, least: float, most: float, of_wei: int) -> int:
    """An amount between two multiples, small ones as likely as large ones."""
    return int(of_wei * least * (most / least) ** random.random()) // 10**9 * 10**9


def false_growth(rules: Rules, random: Random, frames: int, signers: int) -> Result:
    """H1: a quorum sees whatever growth it likes, in each frame, and leaves before the truth."""
    history = newly(rules, random, frames)
    pool = history.pool
    stake = size_wei(random, 0.1, 15, HOLDERS_WEI)
    enters_in, modest = random.choice((0, 0, 0, 1, 2)), random.random() < 0.5
    frame = 0
    while history.lasts:
        if frame >= enters_in and not pool.shares[ATTACKER]:
            history.deposit(stake)
        frame += 1
        if random.random() < 0.7:
            pool.stake()
        history.frame()
        room = (pool.backing_wei + pool.owed_wei()) * 499 // BPS
        wanted = room if modest else size_wei(random, 0.01, 1_000, HOLDERS_WEI)
        seen = pool.consensus_wei + pool.pending_wei + wanted
        pool.report(min(seen, 2**86), signers)
    return history.leave()


def newcomer(rules: Rules, random: Random, frames: int) -> Result:
    """M1: a large deposit while rewards stream, of honest reports all."""
    total = size_wei(random, 0.1, 1, HOLDERS_WEI)
    history = newly(rules, random, frames, total)
    pool = history.pool
    pool.end_frame()
    bonus = size_wei(random, 0.001, 0.03, total)
    pool.arrived_wei += bonus
    history.victims_wei += bonus
    pool.honest()
    history.deposit(size_wei(random, 0.1, 50, total))
    while history.lasts:
        pool.stake()
        history.frame()
        pool.honest()
    return history.leave()


def false_loss(rules: Rules, random: Random, frames: int, signers: int) -> Result:
    """M2, M6: a loss is announced and applied, the attacker buys, the ether is seen again."""
    history = newly(rules, random, frames)
    pool = history.pool
    part = 1 - size_wei(random, 10**-6, 0.9, 10**18) / 10**18
    stake = size_wei(random, 0.001, 9, HOLDERS_WEI)
    grows = random.random() < 0.3
    frame = 0
    while history.lasts:
        frame += 1
        history.frame()
        seen = pool.true_wei
        if frame <= 2:
            seen = int(pool.true_wei * (1 - part)) // 10**9 * 10**9
        elif grows:
            seen = min(2**86, pool.consensus_wei + size_wei(random, 0.01, 100, HOLDERS_WEI))
        pool.report(seen, signers)
        if frame > 1 and not pool.shares[ATTACKER]:
            history.deposit(stake)
        pool.stake()
    return history.leave()


def whatever(rules: Rules, random: Random, frames: int, signers: int) -> Result:
    """Growth, losses, truth, deposits, exits and gifts in any order."""
    history = newly(rules, random, frames, fund_bps=200)
    pool = history.pool
    while history.lasts:
        deed = random.random()
        if deed < 0.35:
            history.deposit(size_wei(random, 0.01, 10, HOLDERS_WEI))
        elif deed < 0.45:
            pool.leave(ATTACKER)
        elif deed < 0.5:
            gift = size_wei(random, 0.0001, 0.05, HOLDERS_WEI)
            pool.arrived_wei += gift
            history.spent_wei += gift
        if random.random() < 0.5:
            pool.stake()
        history.frame()
        change = size_wei(random, 10**-5, 10, HOLDERS_WEI)
        expected = pool.consensus_wei + pool.pending_wei
        lie = random.random()
        if lie < 0.3:
            pool.report(min(2**86, expected + change), signers)
        elif lie < 0.6:
            pool.report(max(0, expected - change % (2 * HOLDERS_WEI)), signers)
        elif lie < 0.9:
            pool.honest(signers)
    return history.leave()


def silence(rules: Rules, random: Random) -> Result:
    """M4: an announcement, then no report; lost is what the queue could be paid and is not."""
    history = newly(rules, random, 30)
    pool = history.pool
    announced_at = random.randrange(14)
    for frame in range(30):
        history.frame()
        if frame == announced_at or (frame > announced_at and random.random() < 0.1):
            pool.report(pool.true_wei * random.randrange(900, 988) // 1_000)
        if frame == 1:
            for _ in range(10):
                pool.request(VICTIMS, random.randrange(1, 90) * ETHER)
        if frame == 5:
            pool.withdraw(random.randrange(0, 900) * ETHER)
        pool.dead_exit()
    pool.now = max(pool.now, pool.moved_at + 2 * FRAME)
    pool.dead_exit()
    claims, frozen = 0, 0
    for _, _, ticket_claims, _ in pool.tickets:
        claims += ticket_claims
        owed = owed_up(claims, pool.index)
        frozen = owed if owed <= pool.buffer_wei() + pool.arrived_wei else frozen
    return 0, frozen


def insurance(rules: Rules, random: Random, frames: int) -> Result:
    """M5: losses and their return in turn, of an attacker who holds most shares."""
    history = newly(rules, random, frames, fund_bps=random.randrange(10, 500))
    pool = history.pool
    history.deposit(size_wei(random, 0.1, 9, HOLDERS_WEI))
    before = pool.worth_wei(FUND)
    frame = 0
    while history.lasts:
        frame += 1
        pool.stake()
        history.frame()
        seen = pool.consensus_wei + pool.pending_wei
        lost = size_wei(random, 0.0001, 0.0099, HOLDERS_WEI)
        if random.random() < 0.2:
            lost = size_wei(random, 0.01, 0.5, HOLDERS_WEI)
        pool.report(seen + (-lost if frame % 2 else lost), MEMBERS)
    gain, _ = history.leave()
    return gain, before - pool.worth_wei(FUND)


def small_announcement(rules: Rules, random: Random) -> Result:
    """M6: 1.1 % is announced, more is applied; lost is what leaves V at once."""
    history = newly(rules, random, 5)
    pool = history.pool
    history.deposit(size_wei(random, 0.01, 9, HOLDERS_WEI))
    history.frame()
    pool.report(pool.consensus_wei + pool.pending_wei - pool.visible_wei() * 11 // 1_000)
    beyond = 0
    for _ in range(4):
        history.frame()
        announced, before = pool.announced_wei, pool.visible_wei()
        seen = pool.consensus_wei * random.randrange(0, 1_000) // 1_000
        if random.random() < 0.3:
            seen = pool.visible_wei() * 4
        pool.report(seen, pool.announced_quorum)
        lost = before - pool.visible_wei() - announced
        beyond = max(beyond, lost * pool.shares[VICTIMS] // pool.total_shares)
    gain, _ = history.leave()
    return gain, beyond


def hidden_loss(rules: Rules, random: Random) -> Result:
    """LIM-3: a quorum sees growth, then the loss of it and of more; lost is what leaves V."""
    history = newly(rules, random, 4)
    pool = history.pool
    history.deposit(size_wei(random, 0.01, 9, HOLDERS_WEI))
    history.frame()
    pool.report(pool.consensus_wei + pool.pending_wei + size_wei(random, 0.1, 200, HOLDERS_WEI))
    history.frame()
    before = pool.visible_wei()
    more = size_wei(random, 0.001, 0.5, before)
    pool.report(max(0, pool.consensus_wei + pool.pending_wei - pool.unvested_wei() - more))
    lost = (before - pool.visible_wei()) * pool.shares[VICTIMS] // pool.total_shares
    gain, _ = history.leave()
    return gain, lost


def returned(rules: Rules, random: Random) -> Result:
    """M8: a loss is written off and comes back; lost is what victims do not see a year later."""
    total = 1_000 * ETHER
    history = newly(rules, random, LONG, total)
    history.yield_ppm = 0
    pool = history.pool
    lost = size_wei(random, 0.011, 0.3, total)
    pool.true_wei -= min(lost, pool.true_wei)
    for _ in range(3):
        history.frame()
        pool.honest()
    pool.arrived_wei += lost
    stake = size_wei(random, 0.01, 10, total)
    frame = 0
    while history.lasts:
        frame += 1
        history.frame()
        if frame < 4 or frame % 5 == 0 or random.random() < 0.1:
            pool.honest()
        if frame > 3 and not pool.shares[ATTACKER]:
            history.deposit(stake)
        pool.stake()
    seen = pool.visible_wei() * pool.shares[VICTIMS] // pool.total_shares + pool.paid_wei[VICTIMS]
    gain = pool.visible_wei() * pool.shares[ATTACKER] // pool.total_shares
    return gain - history.spent_wei - history.fair_wei, history.victims_wei - seen


@dataclass(frozen=True)
class Attack:
    """A row of the table: what is tried, by whom, and how often."""

    row: str
    what: str
    attempt: Callable[[Rules, Random], Result]
    runs: int


ATTACKS = (
    Attack("H1", "quorum, 1 frame", lambda r, x: false_growth(r, x, 1, 3), 1_500),
    Attack("H1", "quorum, 7 frames", lambda r, x: false_growth(r, x, 7, 3), 1_200),
    Attack("H1", "quorum, 30 frames", lambda r, x: false_growth(r, x, 30, 3), 500),
    Attack("M1", "newcomer, 2 frames", lambda r, x: newcomer(r, x, 2), 1_000),
    Attack("M1", "newcomer, 7 frames", lambda r, x: newcomer(r, x, 7), 800),
    Attack("M1", "newcomer, 30 frames", lambda r, x: newcomer(r, x, 30), 400),
    Attack("M2", "module, growth, 7 frames", lambda r, x: false_growth(r, x, 7, 5), 800),
    Attack("M2", "module, loss and back, 30 frames", lambda r, x: false_loss(r, x, 30, 5), 500),
    Attack("M4", "announcement, then silence", silence, 500),
    Attack("M5", "losses and returns, 7 frames", lambda r, x: insurance(r, x, 7), 1_000),
    Attack("M6", "more than announced, 4 frames", small_announcement, 1_000),
    Attack("M8", "written off and back, a year", returned, 300),
    Attack("LIM-3", "loss hidden behind growth", hidden_loss, 500),
    Attack("any", "quorum, 7 frames", lambda r, x: whatever(r, x, 7, 3), 1_000),
    Attack("any", "quorum + 1, 14 frames", lambda r, x: whatever(r, x, 14, 4), 500),
)


def worst(attack: Attack, rules: Rules, runs: int | None = None) -> Result:
    """Largest gain and largest loss of all runs."""
    results = [
        attack.attempt(rules, Random(f"{attack.row} {attack.what} {seed}"))  # noqa: S311
        for seed in range(attack.runs if runs is None else runs)
    ]
    return max(gain for gain, _ in results), max(loss for _, loss in results)
