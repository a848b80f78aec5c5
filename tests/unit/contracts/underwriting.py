"""What underwriters do before and beside the fund: wkETH, its deposit, gifts."""

from keel.chain.transaction import Receipt
from keel.deploy.contracts import InsuranceFund
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, report

UNITS = 100 * ETHER
SHARES = UNITS * 10**6
"""What the first underwriter's units buy."""


def fund_in_normal_state(keel: Keel) -> InsuranceFund:
    """A fund with one underwriter's units, while the newest report is applied."""
    report(keel)
    wrap(keel, keel.actors.underwriter.address, UNITS)
    buy(keel, keel.actors.underwriter.address, UNITS)
    return keel.quick.fund


def wrap(keel: Keel, holder: str, units: int) -> None:
    """Give an account units of wkETH."""
    wei = keel.quick.wrapped.previewMint(units)
    deposit(keel, holder, wei + 10)
    keel.quick.wrapped.mint.send(units, holder, sender=holder)


def buy(keel: Keel, underwriter: str, units: int) -> Receipt:
    """Deposit units into the fund."""
    keel.quick.wrapped.approve.send(keel.quick.fund.address, units, sender=underwriter)
    return keel.quick.fund.deposit.send(units, underwriter, sender=underwriter)


def give_units(keel: Keel, receiver: str, units: int) -> None:
    """Send units of wkETH that a stranger bought."""
    stranger = keel.actors.stranger.address
    if units:
        wrap(keel, stranger, units)
    keel.quick.wrapped.transfer.send(receiver, units, sender=stranger)
