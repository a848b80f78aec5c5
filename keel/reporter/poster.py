"""Post a report that has its quorum: simulated first, sent once, watched until settled."""

from dataclasses import dataclass
from typing import Any

from keel.chain.abi import CustomError
from keel.chain.revert import Cause, Reverted, decode_revert
from keel.deploy.bindings import Bindings
from keel.errors import KeelError
from keel.reporter.figures import Figures
from keel.service.alarms import Alarms
from keel.service.logs import Log
from keel.service.loop import NODES
from keel.wallet.errors import (
    InsufficientFundsError,
    SenderBusyError,
    TooExpensiveError,
    TransactionRefusedError,
)
from keel.wallet.sender import Sender

GAS_PRICE, LOW_BALANCE, REFUSED = "gas_price", "low_balance", "refused"

NO_FAULTS = frozenset(
    {
        "RefSlotNotNewer",  # somebody else's report was applied
        "RefSlotNotNewest",  # the next slot is reportable
        "AnnouncementTooYoung",  # somebody else announced it
        "RefTimeTooEarly",  # ether moved after the slot (STA-5): the next slot is reported
    }
)
"""Refusals that need nobody's attention: the chain has moved on."""


def is_fault(cause: Cause) -> bool:
    """Whether a refusal by the oracle means more than that somebody was faster."""
    return not (isinstance(cause, CustomError) and cause.name in NO_FAULTS)


class SignatureRefusedError(KeelError):
    """The oracle does not take a signature: of a member with code that changed its mind."""

    def __init__(self, signer: str) -> None:
        super().__init__(f"{signer} signed, and its code refuses the signature now")
        self.signer = signer


@dataclass
class Poster:
    """Sends for one account; the chain's state and not a hash says whether a report is in."""

    bindings: Bindings
    sender: Sender
    account: str
    alarms: Alarms
    log: Log
    figures: Figures
    _is_unclear: bool = False

    def tend(self, head_slot: int) -> None:
        """See after what was sent before, at every head."""
        self.sender.tend(head_slot)
        self._show()

    @property
    def is_waiting(self) -> bool:
        """Whether something that was sent is not mined yet."""
        return bool(self.sender.waiting)

    def post(self, ref_slot: int, arguments: tuple[Any, ...], block: int) -> bool:
        """Send `submit` unless it would fail; returns whether it is on its way.

        Raises SignatureRefusedError; the other signatures may then be enough.
        """
        oracle = self.bindings.oracle
        try:
            oracle.submit(*arguments, sender=self.account, block=block)
        except Reverted as error:
            cause = error.cause
            if isinstance(cause, CustomError) and cause.name == "SignatureInvalid":
                raise SignatureRefusedError(cause.inputs["signer"]) from error
            if is_fault(error.cause):
                self.alarms.raise_(REFUSED, f"slot {ref_slot}: {error.cause}")
            return False
        data = oracle.submit.encode(*arguments)
        try:
            sent = self.sender.submit(oracle.address, data, what=f"report {ref_slot}")
        except SenderBusyError:
            return True
        except (TooExpensiveError, InsufficientFundsError):
            return False
        except TransactionRefusedError as error:
            self._explain(ref_slot, error)
            return False
        finally:
            self._show()
        self.figures.posts.inc()
        self.log.info("report.posted", ref_slot=ref_slot, transaction=sent.transaction_hash)
        return True

    def _show(self) -> None:
        expensive, lacking = self.sender.too_expensive, self.sender.lacking
        self.alarms.set(GAS_PRICE, None if expensive is None else str(expensive))
        if lacking is not None:
            self.alarms.raise_(LOW_BALANCE, str(lacking))
        unclear = self.sender.unclear
        if unclear is not None:
            self.alarms.raise_(NODES, unclear)
        elif self._is_unclear:
            self.alarms.clear(NODES)
        self._is_unclear = unclear is not None

    def _explain(self, ref_slot: int, error: TransactionRefusedError) -> None:
        cause = (
            None if error.data is None else decode_revert(error.data, self.bindings.oracle.errors)
        )
        if cause is None or is_fault(cause):
            text = str(error) if cause is None else str(cause)
            self.alarms.raise_(REFUSED, f"slot {ref_slot}: {text}")
