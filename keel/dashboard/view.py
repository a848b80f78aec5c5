"""One moment of Keel, all of it read at one block. Amounts are wei, times Unix seconds."""

from dataclasses import dataclass

from keel.chain.state import BlockHead
from keel.model.constants import BPS, ETHER, SLASHED_LIMIT_BPS
from keel.model.frames import State
from keel.model.protocol.state import unvested_limit_wei
from keel.model.yields import stream_apr_bps


@dataclass(frozen=True, slots=True)
class Accounts:
    """The letters of docs/design.md; `shares` is S, `visible_wei` V, the supply of kETH.

    `loss_carry_wei` is H: below 0 it is profit that has borne no fee.
    """

    shares: int
    backing_wei: int
    unvested_wei: int
    visible_wei: int
    buffered_wei: int
    consensus_wei: int
    pending_wei: int
    owed_wei: int
    stream_end: int
    loss_carry_wei: int
    is_insolvent: bool

    @property
    def controlled_wei(self) -> int:
        """B + C + P."""
        return self.buffered_wei + self.consensus_wei + self.pending_wei

    @property
    def accounted_wei(self) -> int:
        """A + Q."""
        return self.backing_wei + self.owed_wei

    @property
    def slashed_limit_wei(self) -> int:
        """Proven slashed ether beyond which doors close (STA-7)."""
        return self.accounted_wei * SLASHED_LIMIT_BPS // BPS

    def worth_wei(self, shares: int) -> int:
        """What some shares of kETH are worth, rounded down."""
        return shares * self.visible_wei // max(self.shares, 1)

    @property
    def unvested_limit_wei(self) -> int:
        """U above which deposits wait (LIM-4)."""
        return unvested_limit_wei(self.visible_wei)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that was not claimed. `worth_wei` is what it pays, or would at today's index."""

    number: int
    owner: str
    is_finalised: bool
    amount_wei: int
    worth_wei: int
    requested_at: int
    likely_paid_at: int


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` are the first tickets not finalised, `claimable` the first finalised ones."""

    last_ticket: int
    last_finalised: int
    index_ray: int
    min_ticket_wei: int
    max_ticket_wei: int
    waiting: tuple[Ticket, ...]
    claimable: tuple[Ticket, ...]

    @property
    def waiting_count(self) -> int:
        """All tickets that are not finalised."""
        return self.last_ticket - self.last_finalised


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """An operator as the registry has it; claimed rewards are kETH shares, a bond is in wkETH.

    `predeposited` and `proven` keys are those that came no further, and `leaving_units` the part of
    the bond that cools down or waits to be paid, as far as the log was read. `staked` and
    `paid_out` count parts of 32 ETH. The next commission is one that is not in force yet, its time
    0 when there is none.
    """

    operator_id: int
    name: str
    is_active: bool
    is_frozen: bool
    predeposited: int
    proven: int
    staked: int
    paid_out: int
    limit: int
    target_bps: int
    commission_bps: int
    next_commission_bps: int
    next_commission_at: int
    may_stake_next: bool
    claimed_shares: int
    claimed_wei: int
    bond_units: int
    bond_wei: int
    leaving_units: int
    leaving_wei: int


@dataclass(frozen=True, slots=True)
class Oracle:
    """The committee and its reports; `ref_slot` 0 before the first one."""

    ref_slot: int
    active: int
    exited: int
    slashed: int
    reportable_slot: int
    next_reportable_at: int
    members: tuple[str, ...]
    quorum: int
    announced_quorum: int
    last_ref_time: int
    announced_at: int
    announced_wei: int
    loss_allowance_wei: int


@dataclass(frozen=True, slots=True)
class Cooldown:
    """An underwriter's shares on their way out."""

    underwriter: str
    shares: int
    window_start: int
    window_end: int


@dataclass(frozen=True, slots=True)
class Fund:
    """The insurance fund: units are wkETH, `share_price_units` those of one whole fund share.

    Before it, `forfeit_units` of slashed validators' bonds cover a loss.
    """

    units: int
    worth_wei: int
    cover_units: int
    cover_wei: int
    forfeit_units: int
    forfeit_wei: int
    shares: int
    share_price_units: int
    cooldowns: tuple[Cooldown, ...]


@dataclass(frozen=True, slots=True)
class InstantPrice:
    """What redeeming kETH worth `value_wei` pays at once; the terms' fee is at most `bound_bps`."""

    value_wei: int
    paid_wei: int
    bound_bps: int

    @property
    def discount_bps(self) -> int:
        """Below par, rounded up."""
        return -(-(self.value_wei - self.paid_wei) * BPS // max(self.value_wei, 1))


@dataclass(frozen=True, slots=True)
class Doors:
    """What is possible now, and until when what is paused; 0: not paused.

    Deposits open at the later of a pause's end and of `deposits_reopen_at`, which a loss sets.
    `slashed_wei` is what is proven slashed since the last report, and closes doors (STA-7).
    """

    depositable_wei: int
    stakeable_validators: int
    redeemable_wei: int
    deposits_paused_until: int
    deposits_reopen_at: int
    staking_paused_until: int
    instant_paused_until: int
    slashed_wei: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one block."""

    head: BlockHead
    state: State
    accounts: Accounts
    rate_wei: int
    wrapped_units: int
    queue: Queue
    operators: tuple[OperatorRow, ...]
    oracle: Oracle
    fund: Fund
    price: InstantPrice | None
    doors: Doors
    indexed_block: int

    @property
    def apr_bps(self) -> int:
        """What the stream pays a year on V."""
        accounts = self.accounts
        left = accounts.stream_end - self.head.timestamp
        return stream_apr_bps(accounts.unvested_wei, left, accounts.visible_wei)


ONE_UNIT = ETHER
"""One whole wkETH, whose worth in ether is the rate."""
ONE_FUND_SHARE = 10**24
"""One whole share of the fund, which has 24 decimals (FND-2)."""
