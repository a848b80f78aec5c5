"""Do chores: one at a time, tried right before it is sent, watched until it is mined."""

from collections.abc import Iterator, Mapping, Sequence

from keel.chain.abi import Abi
from keel.chain.contract import Contract
from keel.chain.revert import Cause, Reverted, decode_revert
from keel.deploy.bindings import Bindings
from keel.keeper.chores import Chore
from keel.keeper.figures import Figures
from keel.keeper.refusals import Refusals
from keel.keeper.turns import Turns
from keel.keeper.view import Head
from keel.service.loop import NODES
from keel.service.service import Service
from keel.wallet.errors import (
    InsufficientFundsError,
    SenderBusyError,
    TooExpensiveError,
    TransactionRefusedError,
)
from keel.wallet.outcomes import Outcome
from keel.wallet.sender import Sender

GAS_PRICE, LOW_BALANCE, REFUSED = "gas_price", "low_balance", "refused"


class Doer:
    """Sends for one account. `alarms` says, after `do`, what keeps it from sending."""

    def __init__(
        self, contracts: Bindings, sender: Sender, turns: Turns, service: Service, figures: Figures
    ) -> None:
        self.alarms: dict[str, str] = {}
        self._contracts = contracts
        self._sender = sender
        self._turns = turns
        self._log = service.log
        self._figures = figures
        self._refusals = Refusals()
        self._slot = 0
        self._unaffordable: dict[str, str] = {}

    @property
    def aside(self) -> Mapping[str, str]:
        """Keys of refused candidates that wait, with the reason."""
        return self._refusals.aside(self._slot)

    def tend(self, head_slot: int) -> None:
        """See after what was sent before; begins a head."""
        self._slot = head_slot
        self._unaffordable = {}
        for news in self._sender.tend(head_slot):
            kind = news.sent.what.partition(" ")[0]
            sent = news.sent.transaction_hash
            if news.outcome is Outcome.MINED:
                self._figures.done.labels(kind).inc()
                self._log.info("chore.done", chore=news.sent.what, transaction=sent)
            elif not news.outcome.waits_on:
                self._figures.lost.labels(kind).inc()
                self._log.info("chore.lost", chore=news.sent.what, reason=news.outcome.value)

    def do(self, chores: Sequence[Chore], head: Head) -> bool:
        """Send the first chore whose turn it is and that the chain would take now.

        What the account cannot pay holds nothing else back. Returns whether a candidate was set
        aside instead: then a new plan names another.
        """
        self._refusals.keep({chore.key for chore in chores}, self._slot)
        is_aside = False
        for chore in self._turns.due(chores, head, self._sender.address):
            if self._refusals.is_tried(chore.key, self._slot):
                continue
            if self._sender.waiting or self._send(chore):
                break
            is_aside = chore.key in self.aside
            if is_aside:
                break
        self.alarms = dict(self._reasons())
        return is_aside

    def _is_possible(self, chore: Chore) -> bool:
        """Whether the chain would take it now and the account can pay; notes why not."""
        contract: Contract = getattr(self._contracts, chore.contract)
        data = contract.function(chore.function).encode(*chore.arguments)
        try:
            self._sender.check_affordable(contract.address, data, chore.value_wei, chore.key)
        except TransactionRefusedError as error:
            return self._note_refusal(chore, _cause(error, contract.errors))
        except (TooExpensiveError, InsufficientFundsError) as error:
            return self._note_cost(error)
        return True

    def _send(self, chore: Chore) -> bool:
        """Whether it is on its way, or nothing can be sent at all."""
        if not self._is_possible(chore):
            return False
        contract: Contract = getattr(self._contracts, chore.contract)
        try:
            contract.function(chore.function)(
                *chore.arguments,
                sender=self._sender.address,
                value_wei=chore.value_wei,
            )
            data = contract.function(chore.function).encode(*chore.arguments)
            sent = self._sender.submit(contract.address, data, chore.value_wei, chore.key)
        except Reverted as error:
            return self._note_refusal(chore, error.cause)
        except TransactionRefusedError as error:
            return self._note_refusal(chore, _cause(error, contract.errors))
        except (TooExpensiveError, InsufficientFundsError) as error:
            return self._note_cost(error)
        except SenderBusyError:
            return True
        self._figures.sent.labels(chore.kind).inc()
        self._log.info(
            "chore.sent", chore=chore.key, why=chore.why, transaction=sent.transaction_hash
        )
        return True

    def _note_cost(self, error: TooExpensiveError | InsufficientFundsError) -> bool:
        """Remember it over the chores that follow: the sender knows of the last one only."""
        name = GAS_PRICE if isinstance(error, TooExpensiveError) else LOW_BALANCE
        self._unaffordable.setdefault(name, str(error))
        return False

    def _note_refusal(self, chore: Chore, cause: Cause | str) -> bool:
        """Somebody was faster, as a rule; what is refused again and again is an alarm."""
        if self._refusals.note(chore, cause, self._slot):
            self._figures.lost.labels(chore.kind).inc()
            self._log.info("chore.refused", chore=chore.key, reason=str(cause))
        return False

    def _reasons(self) -> Iterator[tuple[str, str]]:
        waits = {
            GAS_PRICE: self._sender.too_expensive,
            LOW_BALANCE: self._sender.lacking,
            NODES: self._sender.unclear,
        }
        yield from ((name, str(error)) for name, error in waits.items() if error is not None)
        yield from self._unaffordable.items()
        refused = self._refusals.lasting()
        if refused is not None:
            yield REFUSED, refused


def _cause(error: TransactionRefusedError, errors: Abi) -> Cause | str:
    return str(error) if error.data is None else decode_revert(error.data, errors)
