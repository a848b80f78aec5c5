"""Those who hold 10,000 ETH on the mainnet profile, and what is missing of it after an attack."""

from collections.abc import Callable
from dataclasses import dataclass

from keel.chain.clock import jump_to, now, reverting
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei
from keel.model.constants import DAY, ETHER
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.vaults import TOP_UP_WEI, VALIDATOR_WEI, stake

VICTIMS_WEI = 10_000 * ETHER
KEYS_AT_ONCE = 100
JUST_BEFORE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """Wei missing at once, within a day, and before the delay ends (None: there is no delay).

    `why` says what makes more than the bounds necessary, and what stops it.
    """

    actor: str
    at_once_wei: int
    day_wei: int
    delay_wei: int | None
    means: str
    why: str = ""


@dataclass(frozen=True)
class Victims:
    """One holder in their place. What was staked before the attack is still theirs."""

    keel: Keel
    holder: str
    staked_wei: int

    @classmethod
    def of_liquid_ether(cls, keel: Keel) -> "Victims":
        """All of it is in the vault."""
        deposit(keel, str(keel.actors.depositor.address), VICTIMS_WEI)
        return cls.as_they_are(keel)

    @classmethod
    def of_staked_ether(cls, keel: Keel) -> "Victims":
        """All of it that makes whole validators is staked, frame by frame if it must."""
        cls.of_liquid_ether(keel)
        vault, keys = keel.quick.vault, 0
        while vault.freeWei() >= TOP_UP_WEI:
            count = min(KEYS_AT_ONCE, vault.stakeableValidators())
            if count:
                stake(keel, count, first=keys)
            else:
                report(keel)
            keys += count
        return cls.as_they_are(keel)

    @classmethod
    def as_they_are(cls, keel: Keel) -> "Victims":
        """What the pool has staked by now was staked honestly; 1 ETH of each is the operator's."""
        consensus = keel.quick.vault.consensus()
        validators = (consensus.balanceWei + consensus.pendingWei) // VALIDATOR_WEI
        staked_wei = validators * TOP_UP_WEI
        return cls(keel, str(keel.actors.depositor.address), staked_wei)

    def missing_wei(self) -> int:
        """What tickets for all that they hold do not promise, or what is not there to pay them."""
        with reverting(self.keel.rpc):
            promised_wei = self.request_all()
        quick = self.keel.quick
        places = (quick.vault, quick.withdrawal_vault, quick.rewards_vault, quick.queue)
        there_wei = sum(balance_wei(self.keel.rpc, place.address) for place in places)
        return VICTIMS_WEI - min(VICTIMS_WEI, promised_wei, there_wei + self.staked_wei)

    def request_all(self) -> int:
        """Ask for tickets for the whole balance; return what the queue promises, 0 if refused."""
        vault, queue = self.keel.quick.vault, self.keel.quick.queue
        whole_wei, most_wei = vault.balanceOf(self.holder), queue.MAX_TICKET_WEI()
        amounts = [most_wei] * (whole_wei // most_wei) + [whole_wei % most_wei]
        try:
            queue.requestMany.send([wei for wei in amounts if wei], self.holder, sender=self.holder)
        except Reverted:
            return 0
        return int(queue.owedWei())

    def missing_over_time(
        self, attempt: Callable[[], None], delay_seconds: int
    ) -> tuple[int, int, int]:
        """Let an attempt be made at once, after a day, and just before the delay ends."""
        start = now(self.keel.rpc)

        def missing_after(seconds: int) -> int:
            moment = max(now(self.keel.rpc), start + seconds - JUST_BEFORE_SECONDS)
            jump_to(self.keel.rpc, moment + 1)
            attempt()
            return self.missing_wei()

        return missing_after(0), missing_after(DAY), missing_after(delay_seconds)


def shown(wei: int) -> str:
    """Ether with two digits behind the point."""
    return f"{wei / ETHER:,.2f}"
