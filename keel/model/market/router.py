"""A pool of several liquid-staking tokens whose value in ether a share never falls by a call.

RTR-2: what the pool counts is what came by its own calls.
RTR-3: one fee for all that is deposited, withdrawn or swapped; it stays in the pool.
RTR-4: an asset trades while its source is open.
RTR-5: a closed one counts for nothing to who withdraws, and for its ceiling to who deposits.
RTR-6: what moves of an asset in a day is bounded.
RTR-7: whoever leaves with a part of everything asks no source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keel.model.constants import BPS, DAY, ETHER
from keel.model.errors import InsufficientLiquidity, Refused
from keel.model.limits import take
from keel.model.rounding import ceil_div

LOCKED_SHARES = 10**15
MOST_RATE_WEI = 2**96 - 1


@dataclass(eq=False)
class SourceClosed(Refused):
    """RTR-4."""

    asset: int


@dataclass(eq=False)
class SameAsset(Refused):
    """A swap of an asset for itself."""

    asset: int


@dataclass(eq=False)
class FirstDepositTooSmall(Refused):
    """RTR-2: it is worth no more than the shares that nobody ever gets."""

    value_wei: int
    least: int


@dataclass(eq=False)
class NoSharesYet(Refused):
    """Nobody has deposited yet."""

    asked: int


@dataclass(eq=False)
class NothingOut(Refused):
    """The amount is worth nothing after the fee and the roundings."""

    amount_in: int


@dataclass(frozen=True)
class Listing:
    """What an asset was listed with; growth is a day's."""

    growth_bps: int
    max_age_seconds: int
    daily_wei: int


@dataclass(frozen=True)
class Answer:
    """What a source answers; None stands for one that reverts."""

    rate_wei: int
    updated_at: int


@dataclass
class Asset:
    """Units that the pool counts, the last open rate, since when its ceiling grows, its bucket.

    The bucket is in ticks.
    """

    listing: Listing
    rate_wei: int
    grows_from: int
    balance: int = 0
    full_at_ticks: int = 0

    def ceiling_wei(self, now: int) -> int:
        """What a whole token is worth at most (RTR-5)."""
        grown = self.rate_wei * self.listing.growth_bps * (now - self.grows_from)
        return self.rate_wei + grown // (BPS * DAY)

    def see(self, rate_wei: int, now: int) -> None:
        """Keep an open rate; its ceiling is a day's growth above it, or where it was (RTR-5)."""
        room_wei = self.ceiling_wei(now) - rate_wei
        grown_for = room_wei * BPS * DAY // (rate_wei * self.listing.growth_bps)
        self.rate_wei, self.grows_from = rate_wei, now - min(grown_for, DAY)

    def is_open(self, answer: Answer | None, now: int) -> bool:
        """RTR-4."""
        if answer is None or answer.updated_at == 0:
            return False
        if not 0 <= now - answer.updated_at <= self.listing.max_age_seconds:
            return False
        return 0 < answer.rate_wei <= min(self.ceiling_wei(now), MOST_RATE_WEI)


@dataclass
class Router:
    """The pool. A call that raises Refused leaves it as it was."""

    fee_bps: int
    assets: list[Asset]
    shares: int = 0
    now: int = 0
    answers: Sequence[Answer | None] = field(default_factory=list)

    def see(self, answers: Sequence[Answer | None], now: int) -> None:
        """What the sources answer from now on."""
        self.answers, self.now = answers, now

    def deposit(self, number: int, amount: int) -> int:
        """Shares for a token (RTR-3); raises Refused."""
        rate_wei, _, high_wei = self._seen(number)
        worth_wei = amount * rate_wei // ETHER
        taken = self._taken(number, worth_wei)
        credited_wei = self._less_fee(worth_wei)
        if self.shares == 0:
            if credited_wei <= LOCKED_SHARES:
                raise FirstDepositTooSmall(credited_wei, LOCKED_SHARES)
            shares, minted = credited_wei - LOCKED_SHARES, credited_wei
        else:
            shares = minted = credited_wei * self.shares // high_wei
        _require_out(amount, shares)
        self._remember(range(len(self.assets)))
        self._move(number, amount, taken)
        self.shares += minted
        return shares

    def withdraw(self, number: int, shares: int) -> int:
        """A token for shares (RTR-3); raises Refused."""
        self._require_some(shares)
        rate_wei, low_wei, _ = self._seen(number)
        worth_wei = shares * low_wei // self.shares
        taken = self._taken(number, worth_wei)
        amount = self._less_fee(worth_wei) * ETHER // rate_wei
        _require_out(shares, amount)
        self._require_held(number, amount)
        self._remember(range(len(self.assets)))
        self._move(number, -amount, taken)
        self.shares -= shares
        return amount

    def swap(self, number_in: int, number_out: int, amount: int) -> int:
        """A token for another (RTR-3); raises Refused."""
        if number_in == number_out:
            raise SameAsset(number_in)
        worth_wei = amount * self._open_rate(number_in) // ETHER
        out = self._less_fee(worth_wei) * ETHER // self._open_rate(number_out)
        taken_in, taken_out = (self._taken(n, worth_wei) for n in (number_in, number_out))
        _require_out(amount, out)
        self._require_held(number_out, out)
        self._remember((number_in, number_out))
        self._move(number_in, amount, taken_in)
        self._move(number_out, -out, taken_out)
        return out

    def withdraw_all(self, shares: int, skipped: int = 0) -> list[int]:
        """A part of each token whose bit is not set (RTR-7); raises NoSharesYet."""
        self._require_some(shares)
        amounts = [
            0 if skipped >> number & 1 else asset.balance * shares // self.shares
            for number, asset in enumerate(self.assets)
        ]
        for asset, amount in zip(self.assets, amounts, strict=True):
            asset.balance -= amount
        self.shares -= shares
        return amounts

    def value_wei(self) -> tuple[int, int]:
        """What all assets are worth at least, and at most (RTR-5)."""
        low_wei = high_wei = 0
        for number, asset in enumerate(self.assets):
            answer = self.answers[number]
            if answer is not None and asset.is_open(answer, self.now):
                low_wei += asset.balance * answer.rate_wei // ETHER
                high_wei += ceil_div(asset.balance * answer.rate_wei, ETHER)
            else:
                high_wei += ceil_div(asset.balance * asset.ceiling_wei(self.now), ETHER)
        return low_wei, high_wei

    def _require_some(self, shares: int) -> None:
        if self.shares == 0:
            raise NoSharesYet(shares)

    def _seen(self, number: int) -> tuple[int, int, int]:
        return self._open_rate(number), *self.value_wei()

    def _open_rate(self, number: int) -> int:
        answer = self.answers[number]
        if answer is None or not self.assets[number].is_open(answer, self.now):
            raise SourceClosed(number)
        return answer.rate_wei

    def _taken(self, number: int, worth_wei: int) -> int:
        asset = self.assets[number]
        return take(asset.full_at_ticks, self.now, worth_wei, asset.listing.daily_wei, DAY)

    def _remember(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            asset, answer = self.assets[number], self.answers[number]
            if answer is not None and asset.is_open(answer, self.now):
                asset.see(answer.rate_wei, self.now)

    def _move(self, number: int, amount: int, taken: int) -> None:
        self.assets[number].balance += amount
        self.assets[number].full_at_ticks = taken

    def _require_held(self, number: int, amount: int) -> None:
        held = self.assets[number].balance
        if amount > held:
            raise InsufficientLiquidity(amount, held)

    def _less_fee(self, worth_wei: int) -> int:
        return worth_wei - ceil_div(worth_wei * self.fee_bps, BPS)


def _require_out(amount_in: int, amount_out: int) -> None:
    if amount_out == 0:
        raise NothingOut(amount_in)
