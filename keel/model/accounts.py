"""The books: ether under the protocol's control equals what is owed.

ACC-1: B + C + P = A + Q; B is derived from the others.
ACC-2: nothing here follows a balance, so ether forced in from outside changes no term.
ACC-3: a share worth under a millionth of par means insolvent; a ticket index that low stops
requests too.
ACC-4: a vault that a loss made insolvent is wound down: it takes no deposit and stakes nothing ever
again, and only ether that arrives is income.
"""

from dataclasses import dataclass

from keel.model import shares as share_rules
from keel.model.constants import INSOLVENT_SHARES_PER_WEI
from keel.model.errors import Insolvent
from keel.model.stream import Stream, unvested_wei


@dataclass(frozen=True)
class Accounts:
    """S, A, the stream, C, P, K and the last reference slot's time.

    `loss_carry_wei` is losses not yet made good, or, below 0, profit that has borne no fee (REP-5).
    `insolvent` once was, and stays.
    """

    shares: int
    backing_wei: int
    stream: Stream
    consensus_wei: int
    pending_wei: int
    ref_time: int
    loss_carry_wei: int
    record_wei: int = 0
    insolvent: bool = False

    def unvested_wei(self, now: int) -> int:
        """U."""
        return unvested_wei(self.stream, now)

    def visible_wei(self, now: int) -> int:
        """V, the worth of all shares."""
        return self.backing_wei - self.unvested_wei(now)

    def buffered_wei(self, owed_wei: int) -> int:
        """B by ACC-1, `owed_wei` being Q."""
        return self.backing_wei + owed_wei - self.consensus_wei - self.pending_wei

    def require_solvent(self, now: int) -> None:
        """Raise Insolvent as ACC-3 says."""
        visible = self.visible_wei(now)
        if visible * INSOLVENT_SHARES_PER_WEI < self.shares:
            raise Insolvent(visible, self.shares)

    def to_shares_down(self, assets_wei: int, now: int) -> int:
        """SHR-1 at this moment."""
        return share_rules.to_shares_down(assets_wei, self.shares, self.visible_wei(now))

    def to_shares_up(self, assets_wei: int, now: int) -> int:
        """SHR-2 at this moment."""
        return share_rules.to_shares_up(assets_wei, self.shares, self.visible_wei(now))

    def to_assets_down(self, shares: int, now: int) -> int:
        """SHR-2 at this moment."""
        return share_rules.to_assets_down(shares, self.shares, self.visible_wei(now))

    def to_assets_up(self, shares: int, now: int) -> int:
        """SHR-4 at this moment."""
        return share_rules.to_assets_up(shares, self.shares, self.visible_wei(now))
