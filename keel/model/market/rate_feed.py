"""What wkETH is worth by the protocol's own books.

FED-1: a whole wkETH is worth `10^18 * SHARES_PER_UNIT` shares.
FED-2: an announced loss is taken off as if nobody but the stream covered any of it.
FED-3: only the states normal and awaiting are fresh.
FED-4: a round is a frame that a report covered.
FED-6: the lesser of a rate and a market's price.
"""

from keel.model.accounts import Accounts
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.model.frames import State


def answer_wei(accounts: Accounts, owed_wei: int, announced_wei: int, now: int) -> int:
    """Answer in wei a whole wkETH (FED-1, FED-2); `owed_wei` is Q."""
    rate_wei = accounts.to_assets_down(ETHER * SHARES_PER_UNIT, now)
    if announced_wei == 0:
        return rate_wei
    bearing_wei = accounts.visible_wei(now) + owed_wei
    left_wei = min(bearing_wei, max(0, accounts.backing_wei + owed_wei - announced_wei))
    return rate_wei * left_wei // bearing_wei if bearing_wei else 0


def updated_at(state: State, last_ref_time: int) -> int:
    """Time of the last reference slot, or 0 where the rate is not fresh (FED-3)."""
    return last_ref_time if state in (State.NORMAL, State.AWAITING) else 0


def round_id(last_ref_time: int, frame_origin: int, frame_seconds: int) -> int:
    """Number of the frame that ends at this reference time, from 1 (FED-4)."""
    return (last_ref_time - frame_origin) // frame_seconds + 1
