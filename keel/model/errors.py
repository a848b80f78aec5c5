"""Refusals: what the contracts revert with, by the same names and values.

Fields are the custom error's arguments in its order; `arguments` names them as Solidity does.
"""

from dataclasses import dataclass, fields

from keel.errors import KeelError
from keel.model.frames import Action, State


@dataclass(eq=False)
class Refused(KeelError):  # noqa: N818 - custom errors of the contracts carry no such suffix
    """A rule forbids what was asked; the world is unchanged."""

    @property
    def arguments(self) -> dict[str, object]:
        """Arguments of the custom error by their Solidity names."""
        values = {_camel_case(field.name): getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def __str__(self) -> str:
        """Read as in Solidity: name and arguments."""
        inside = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{type(self).__name__}({inside})"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@dataclass(eq=False)
class Insolvent(Refused):
    """ACC-3: shares are worth too little to go on."""

    visible_wei: int
    shares: int


@dataclass(eq=False)
class ZeroShares(Refused):
    """SHR-1: the amount is worth no share, or no unit of wkETH; without a value in the fund."""

    assets_wei: int | None = None


@dataclass(eq=False)
class ERC20InsufficientBalance(Refused):
    """ERC-6093, of kETH by ether, of wkETH and of the fund's shares."""

    sender: str
    balance: int
    needed: int


@dataclass(eq=False)
class ERC20InvalidReceiver(Refused):
    """SHR-6: neither token can go there."""

    receiver: str


@dataclass(eq=False)
class InsufficientShares(Refused):
    """The holder has fewer shares."""

    holder: str
    shares: int
    needed: int


@dataclass(eq=False)
class LimitExceeded(Refused):
    """LIM-1."""

    amount: int
    available: int


@dataclass(eq=False)
class ActionClosed(Refused):
    """STA-3."""

    action: Action
    state: State


@dataclass(eq=False)
class ActionPaused(Refused):
    """STA-4."""

    action: Action
    until: int


@dataclass(eq=False)
class PauseTooLong(Refused):
    """STA-4, seconds."""

    asked: int
    max: int


@dataclass(eq=False)
class PauseTooSoon(Refused):
    """STA-4, Unix seconds."""

    possible_at: int
    now_time: int


@dataclass(eq=False)
class StateNotDead(Refused):
    """STA-3: only a report does this now."""

    state: State


@dataclass(eq=False)
class KeysLive(Refused):
    """STA-8: so many staked keys are not proven to be paid out."""

    live_keys: int


@dataclass(eq=False)
class NothingToDo(Refused):
    """The call would change nothing."""


@dataclass(eq=False)
class StateNotNormal(Refused):
    """STA-3, BND-3: instant redemption and payments of bonds need the normal state."""

    state: State


@dataclass(eq=False)
class RedemptionPaused(Refused):
    """STA-4."""

    until: int


@dataclass(eq=False)
class NothingToPay(Refused):
    """INS-2: the shares are worth no wei after the fee."""

    shares: int


@dataclass(eq=False)
class NothingToStake(Refused):
    """KEY-6: no key that was named can be staked now."""


@dataclass(eq=False)
class InsufficientLiquidity(Refused):
    """INS-2 and STA-6: the queue comes first."""

    needed_wei: int
    available_wei: int


@dataclass(eq=False)
class BelowMinimumOut(Refused):
    """The redemption pays less than its holder accepts."""

    out_wei: int
    min_out_wei: int


@dataclass(eq=False)
class RefSlotNotBoundary(Refused):
    """STA-1: the slot does not end a frame."""

    ref_slot: int


@dataclass(eq=False)
class RefSlotNotNewer(Refused):
    """REP-1."""

    ref_time: int
    last_ref_time: int


@dataclass(eq=False)
class RefSlotNotNewest(Refused):
    """REP-1."""

    ref_slot: int
    newest_ref_slot: int


@dataclass(eq=False)
class SweepTooEarly(Refused):
    """STA-5."""

    possible_at: int
    now_time: int


@dataclass(eq=False)
class WindDownTooEarly(Refused):
    """STA-8: what is missing may still be on its way."""

    possible_at: int
    now_time: int


@dataclass(eq=False)
class RefTimeTooEarly(Refused):
    """STA-5: the slot is not after the last pull or sweep."""

    ref_time: int
    later_than: int


@dataclass(eq=False)
class RefSlotNotFinal(Refused):
    """REP-1."""

    ref_slot: int
    earliest_time: int
    now_time: int


@dataclass(eq=False)
class ReportedAboveHeld(Refused):
    """REP-3."""

    holder: str
    reported_wei: int
    held_wei: int


@dataclass(eq=False)
class TooManyValidators(Refused):
    """REP-6."""

    reported: int
    staked: int


@dataclass(eq=False)
class SlashedAboveStaked(Refused):
    """REP-6."""

    slashed: int
    staked: int


@dataclass(eq=False)
class ActiveAboveConsensus(Refused):
    """REP-11."""

    active_gwei: int
    consensus_gwei: int


@dataclass(eq=False)
class ReservedNotZero(Refused):
    """REP-11, OPR-8."""

    field: str
    value: int


@dataclass(eq=False)
class QuorumNotReached(Refused):
    """REP-7 and REP-8."""

    signatures: int
    needed: int


@dataclass(eq=False)
class AnnouncementTooYoung(Refused):
    """REP-8."""

    applicable_at: int
    now_time: int


@dataclass(eq=False)
class AmountOutOfBounds(Refused):
    """QUE-4."""

    amount_wei: int
    min_wei: int
    max_wei: int


@dataclass(eq=False)
class NoSuchTicket(Refused):
    """The id was never issued."""

    ticket_id: int


@dataclass(eq=False)
class AlreadyClaimed(Refused):
    """QUE-3: a ticket pays once."""

    ticket_id: int


@dataclass(eq=False)
class NotFinalised(Refused):
    """QUE-3."""

    ticket_id: int
    last_finalised: int


@dataclass(eq=False)
class SharesLocked(Refused):
    """FND-1: the cooldown holds these shares."""

    underwriter: str
    locked: int
    until: int


@dataclass(eq=False)
class CooldownAboveBalance(Refused):
    """FND-1."""

    asked: int
    balance: int


@dataclass(eq=False)
class NoCooldown(Refused):
    """FND-1: there is nothing to cancel."""

    underwriter: str


@dataclass(eq=False)
class ERC4626ExceededMaxWithdraw(Refused):
    """FND-1: not in the window."""

    owner: str
    assets: int
    max: int


@dataclass(eq=False)
class ERC4626ExceededMaxRedeem(Refused):
    """FND-1: not in the window."""

    owner: str
    shares: int
    max: int


@dataclass(eq=False)
class NothingToClaim(Refused):
    """OPR-4: the leaf has been claimed."""

    operator_id: int


@dataclass(eq=False)
class RewardsAboveMinted(Refused):
    """OPR-4: the leaf takes more than is left of what reports minted."""

    operator_id: int
    shares: int
    held: int


@dataclass(eq=False)
class DepositsClosed(Refused):
    """STA-3: a loss beyond the bucket was applied lately."""

    until: int


@dataclass(eq=False)
class UnvestedAboveLimit(Refused):
    """LIM-4: newcomers would share too much that others have earned."""

    unvested_wei: int
    limit_wei: int


@dataclass(eq=False)
class OperatorsFeeTooHigh(Refused):
    """COM-2."""

    operators_bps: int
    most_bps: int


@dataclass(eq=False)
class ReportAboveSupply(Refused):
    """REP-4: there is not that much ether."""

    reported_wei: int
    most_wei: int
