"""Attacks with random figures, each a function of a seed and the rules it is tried on.

Each returns the attacker's gain and what its victims lose, in wei. Fair income is no gain: what
validators earn belongs to whoever holds shares in that frame, less the ordinary fee. The victims'
loss is what they would have at that, less what they would have if the truth came to light.
"""

from random import Random

from keel.measure.attacks.books import ATTACKER, FRAME, FUND, VICTIMS
from keel.measure.attacks.history import HOLDERS_WEI, LONG, History, Result, Rules, newly, size_wei
from keel.model.constants import BPS, DEAD_FRAMES, ETHER
from keel.model.queue import owed_up


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
    claims = frozen = 0
    if pool.age_frames() < DEAD_FRAMES:
        return 0, 0
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
        pool.report(seen + (-lost if frame % 2 else lost))
    gain, _ = history.leave()
    return gain, before - pool.worth_wei(FUND)


def underwriter(rules: Rules, random: Random, frames: int) -> Result:
    """A late underwriter and a quorum that sees growth: the fee's part for the fund is theirs."""
    history = newly(rules, random, frames, fund_bps=random.randrange(1, 200))
    pool = history.pool
    part_ppm = random.randrange(1, 10**6)
    before, fund = pool.worth_wei(VICTIMS), pool.shares[FUND]
    while history.lasts:
        history.frame()
        seen = pool.consensus_wei + pool.pending_wei + size_wei(random, 0.001, 10, HOLDERS_WEI)
        pool.report(seen)
    minted = (pool.shares[FUND] - fund) * part_ppm // 10**6
    earned = history.victims_wei - before - pool.shares[FUND]
    lost = before + max(0, earned) - pool.worth_wei(VICTIMS)
    return minted * pool.visible_wei() // pool.total_shares, max(0, lost)


def among_holders(rules: Rules, random: Random, frames: int) -> History:
    """All is staked, and a part of the shares was always the attacker's."""
    extra = size_wei(random, 0.1, 9, HOLDERS_WEI)
    pool = rules(HOLDERS_WEI + extra, 0)
    pool.shares[ATTACKER] = pool.total_shares * extra // (HOLDERS_WEI + extra)
    pool.shares[VICTIMS] -= pool.shares[ATTACKER]
    history = History(pool, random, random.randrange(60_000), frames, pool.worth_wei(ATTACKER))
    return history.start()


def against_tickets(rules: Rules, random: Random, frames: int, signers: int) -> Result:
    """A loss shrinks the tickets, its return is the holders': the attacker holds, victims wait."""
    history = among_holders(rules, random, frames)
    pool = history.pool
    for _ in range(random.randrange(1, 30)):
        pool.request(VICTIMS, HOLDERS_WEI * random.randrange(10, 50) // 1_000)
    while history.lasts:
        history.frame()
        pool.withdraw(random.randrange(200) * ETHER)
        expected = pool.consensus_wei + pool.pending_wei - pool.arrived_wei
        pool.report(expected - size_wei(random, 0.01, 0.5, expected), signers)
        pool.report(expected - size_wei(random, 10**-5, 0.01, expected), signers)
    pool.end_frame()
    pool.honest()
    return history.result()


def after_insolvency(rules: Rules, random: Random, frames: int, signers: int) -> Result:
    """A total loss is announced and applied, then growth without end is seen."""
    history = among_holders(rules, random, frames)
    pool = history.pool
    history.yield_ppm = 0
    while history.lasts:
        history.frame()
        seen = 0
        if pool.consensus_wei == 0:
            pool.withdraw(size_wei(random, 0.001, 0.3, HOLDERS_WEI))
            seen = size_wei(random, 0.1, 1_000, HOLDERS_WEI)
        pool.report(seen, signers)
    return history.leave()


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
