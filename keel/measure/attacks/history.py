"""One history of a vault: what happens in it besides the attack, and what is fair."""

from dataclasses import dataclass
from random import Random

from keel.measure.attacks.books import ATTACKER, FINALITY, FRAME, FUND, VICTIMS
from keel.measure.attacks.pool import FEE_BPS, Pool
from keel.model.constants import BPS, ETHER

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
                visible = pool.shares[VICTIMS] * pool.visible_wei() // pool.total_shares
                pool.request(VICTIMS, min(self.random.randrange(1, 20) * ETHER, visible // 100))
        earned = pool.true_wei * self.yield_ppm * frames // (365 * 10**6)
        net = earned * (BPS - FEE_BPS) // BPS
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
