"""The whole protocol as one frozen value.

SHR-5: wkETH is a holder like any other, and its supply is what it holds.
SHR-7: the vault holds the first deposit permanently.
STA-3: deposits open again 7 frames after a loss beyond the bucket.
STA-4: a pause ends by itself.
STA-7: doors are closed while much is proven slashed that no report counts yet.
LIM-4: no deposit while more is unvested than newcomers may share.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keel.model.accounts import Accounts
from keel.model.bonds import Bond, Leaving
from keel.model.constants import (
    BPS,
    DEAD_FRAMES,
    FIRST_DEPOSIT_WEI,
    SHARES_PER_UNIT,
    SHARES_PER_WEI,
    SLASHED_LIMIT_BPS,
    UNVESTED_FLOOR_WEI,
    UNVESTED_LIMIT_BPS,
    ZERO_ADDRESS,
)
from keel.model.errors import (
    ActionClosed,
    ActionPaused,
    DepositsClosed,
    ERC20InsufficientBalance,
    ERC20InvalidReceiver,
    Insolvent,
    InsufficientShares,
    UnvestedAboveLimit,
)
from keel.model.frames import Action, Deed, State, is_open, state_at
from keel.model.insurance import Fund
from keel.model.keys import Registry
from keel.model.parameters import Parameters
from keel.model.queue import Queue
from keel.model.redemption import FeeCurve
from keel.model.rewards import RewardPool
from keel.model.staking_record import StakingRecord
from keel.model.stream import empty_stream

VAULT = "vault"
WKETH = "wketh"
FUND = "fund"
REGISTRY = "registry"
BONDS = "bonds"
TREASURY = "treasury"

_DEED_OF = {
    Action.DEPOSIT: Deed.DEPOSIT,
    Action.INSTANT_REDEMPTION: Deed.INSTANT_REDEMPTION,
    Action.STAKING: Deed.STAKE,
}


@dataclass(frozen=True)
class Protocol:
    """State between two transactions; transitions return a new one or raise Refused.

    `shares_of` and `units_of` are kETH shares and wkETH units by holder, wkETH and the fund being
    holders under the names above. `withdrawal_vault_wei` and `rewards_vault_wei` are real balances.
    `pauses` are begin and end of each action's last pause (STA-4), `slashings` wei by frame, and
    `slashed` whether they close doors (STA-7).
    """

    parameters: Parameters
    accounts: Accounts
    queue: Queue = field(default_factory=Queue)
    shares_of: Mapping[str, int] = field(default_factory=dict)
    units_of: Mapping[str, int] = field(default_factory=dict)
    ticket_owners: Mapping[int, str] = field(default_factory=dict)
    fund: Fund = field(default_factory=Fund)
    registry: Registry = field(default_factory=Registry)
    bonds: Mapping[int, Bond] = field(default_factory=dict)
    leaving_bonds: Mapping[bytes, Leaving] = field(default_factory=dict)
    forfeit_units: int = 0
    slashings: Mapping[int, int] = field(default_factory=dict)
    slashed: bool = False
    operator_rewards: RewardPool = field(default_factory=RewardPool)
    staked: StakingRecord = ()
    deposits_full_at: int = 0
    instant_full_at: int = 0
    losses_full_at: int = 0
    stakes_full_at: int = 0
    announced_at: int = 0
    announced_wei: int = 0
    deposits_open_from: int = 0
    ether_moved_at: int = 0
    pauses: Mapping[Action, tuple[int, int]] = field(default_factory=dict)
    paused_until: Mapping[Action, int] = field(default_factory=dict)
    withdrawal_vault_wei: int = 0
    rewards_vault_wei: int = 0

    @property
    def buffered_wei(self) -> int:
        """B."""
        return self.accounts.buffered_wei(self.queue.owed_wei)

    @property
    def free_wei(self) -> int:
        """Buffered ether that the queue does not need: max(0, B - Q)."""
        return max(0, self.buffered_wei - self.queue.owed_wei)

    @property
    def wketh_supply(self) -> int:
        """Units of wkETH (SHR-5)."""
        return self.shares_of.get(WKETH, 0) // SHARES_PER_UNIT

    @property
    def fund_units(self) -> int:
        """Units of wkETH that the fund holds."""
        return self.units_of.get(FUND, 0)

    @property
    def fee_curve(self) -> FeeCurve:
        """INS-1."""
        terms = self.parameters
        return FeeCurve(
            terms.instant_min_fee_bps, terms.instant_max_fee_bps, terms.instant_target_wei
        )

    def state(self, now: int) -> State:
        """STA-2."""
        return state_at(
            now,
            self.accounts.ref_time,
            self.parameters.geometry.frame_seconds,
            announced=self.announced_at != 0,
            slashed=self.slashed,
        )

    def bearing_wei(self, now: int) -> int:
        """V + Q: what bears a loss that the stream does not."""
        return self.accounts.visible_wei(now) + self.queue.owed_wei

    def slashed_wei(self, from_time: int, to_time: int) -> int:
        """Wei proven slashed in the frames after `from_time`, up to that of `to_time` (STA-7)."""
        frame_of = self.parameters.geometry.frame_of
        last = frame_of(to_time)
        first = max(frame_of(from_time), last - DEAD_FRAMES) + 1
        return sum(wei for frame, wei in self.slashings.items() if first <= frame <= last)

    def is_much_slashed(self, from_time: int, to_time: int) -> bool:
        """Whether that is more than STA-7 allows with the doors open."""
        bearing_wei = self.accounts.backing_wei + self.queue.owed_wei
        return self.slashed_wei(from_time, to_time) * BPS > bearing_wei * SLASHED_LIMIT_BPS

    def balance_wei(self, holder: str, now: int) -> int:
        """What kETH's balanceOf reads (SHR-2)."""
        return self.accounts.to_assets_down(self.shares_of.get(holder, 0), now)

    def require_open(self, action: Action, now: int) -> None:
        """Raise ActionClosed (STA-3) or ActionPaused (STA-4)."""
        self._require_state(action, now)
        self._require_unpaused(action, now)

    def require_entry(self, action: Action, now: int) -> None:
        """Raise ActionClosed (STA-3), Insolvent (ACC-4) or ActionPaused (STA-4)."""
        self._require_going_on(action, now)
        self._require_unpaused(action, now)

    def require_deposits(self, now: int) -> None:
        """Raise the reason why nobody can deposit now (ACC-4, STA-3, STA-4, LIM-4)."""
        self._require_going_on(Action.DEPOSIT, now)
        paused_until = self.paused_until.get(Action.DEPOSIT, 0)
        if max(now, paused_until - 1) < self.deposits_open_from:
            raise DepositsClosed(self.deposits_open_from)
        self._require_unpaused(Action.DEPOSIT, now)
        unvested = self.accounts.unvested_wei(now)
        limit = unvested_limit_wei(self.accounts.visible_wei(now))
        if unvested > limit:
            raise UnvestedAboveLimit(unvested, limit)

    def move_shares(self, sender: str, receiver: str, shares: int) -> "Protocol":
        """Move kETH shares; raises InsufficientShares."""
        less = self._debit(sender, shares)
        return less._credit(receiver, shares)

    def mint_shares(self, receiver: str, shares: int) -> "Protocol":
        """S grows; who owns the shares does too."""
        grown = replace(self.accounts, shares=self.accounts.shares + shares)
        return replace(self, accounts=grown)._credit(receiver, shares)

    def burn_shares(self, holder: str, shares: int) -> "Protocol":
        """S falls; raises InsufficientShares."""
        less = self._debit(holder, shares)
        fallen = replace(self.accounts, shares=self.accounts.shares - shares)
        return replace(less, accounts=fallen)

    def credit_units(self, receiver: str, units: int) -> "Protocol":
        """Mint wkETH whose shares are already with wkETH; raises ERC20InvalidReceiver."""
        check_receiver(receiver)
        held = self.units_of.get(receiver, 0)
        return replace(self, units_of={**self.units_of, receiver: held + units})

    def debit_units(self, holder: str, units: int) -> "Protocol":
        """Burn wkETH whose shares move next; raises ERC20InsufficientBalance."""
        held = self.units_of.get(holder, 0)
        if units > held:
            raise ERC20InsufficientBalance(holder, held, units)
        return replace(self, units_of={**self.units_of, holder: held - units})

    def move_backing(self, wei: int) -> "Protocol":
        """A grows by `wei`, or falls."""
        backing = self.accounts.backing_wei + wei
        return replace(self, accounts=replace(self.accounts, backing_wei=backing))

    def _require_state(self, action: Action, now: int) -> None:
        state = self.state(now)
        if not is_open(_DEED_OF[action], state):
            raise ActionClosed(action, state)

    def _require_going_on(self, action: Action, now: int) -> None:
        self._require_state(action, now)
        if self.accounts.insolvent:
            raise Insolvent(self.accounts.visible_wei(now), self.accounts.shares)

    def _require_unpaused(self, action: Action, now: int) -> None:
        until = self.paused_until.get(action, 0)
        if now < until:
            raise ActionPaused(action, until)

    def _credit(self, holder: str, shares: int) -> "Protocol":
        held = self.shares_of.get(holder, 0)
        return replace(self, shares_of={**self.shares_of, holder: held + shares})

    def _debit(self, holder: str, shares: int) -> "Protocol":
        held = self.shares_of.get(holder, 0)
        if shares > held:
            raise InsufficientShares(holder, held, shares)
        return replace(self, shares_of={**self.shares_of, holder: held - shares})


def unvested_limit_wei(visible_wei: int) -> int:
    """U above which deposits wait (LIM-4)."""
    return max(UNVESTED_LIMIT_BPS * visible_wei // BPS, UNVESTED_FLOOR_WEI)


def check_receiver(receiver: str) -> None:
    """Raise ERC20InvalidReceiver for those that neither token must be sent to (SHR-6)."""
    if receiver in (WKETH, VAULT, ZERO_ADDRESS):
        raise ERC20InvalidReceiver(receiver)


def launch(parameters: Parameters, now: int) -> Protocol:
    """Return the protocol as its constructors leave it, its reference the newest slot of STA-1."""
    geometry = parameters.geometry
    shares = FIRST_DEPOSIT_WEI * SHARES_PER_WEI
    accounts = Accounts(
        shares=shares,
        backing_wei=FIRST_DEPOSIT_WEI,
        stream=empty_stream(now),
        consensus_wei=0,
        pending_wei=0,
        ref_time=geometry.time_of(geometry.newest_reference_slot(now)),
        loss_carry_wei=0,
    )
    return Protocol(parameters, accounts, shares_of={VAULT: shares})
