"""The queue and its model, moved in step: whatever a test does to one is done to both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from keel.chain.transaction import Receipt
from keel.deploy.contracts import WithdrawalQueue
from keel.model import queue as rules
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit

DEPOSIT_WEI = 5_000 * ETHER


@dataclass
class Tickets:
    """WithdrawalQueue under the hand of its vault, beside `keel.model.queue`."""

    keel: Keel
    model: rules.Queue = field(default_factory=rules.Queue)

    @classmethod
    def of_depositor(cls, keel: Keel) -> "Tickets":
        """An empty queue, and a depositor with kETH for some tickets."""
        deposit(keel, keel.actors.depositor.address, DEPOSIT_WEI)
        return cls(keel)

    @property
    def queue(self) -> WithdrawalQueue:
        """The contract."""
        return self.keel.quick.queue

    @property
    def depositor(self) -> str:
        """Who requests all tickets."""
        return str(self.keel.actors.depositor.address)

    def request(self, amount_wei: int, owner: str | None = None) -> int:
        """Request a ticket and return its id."""
        receipt = self.queue.request.send(
            amount_wei, owner or self.depositor, sender=self.depositor
        )
        self.model = rules.add_ticket(self.model, amount_wei, receipt.timestamp)
        return len(self.model.tickets)

    def request_all(self, amounts_wei: Sequence[int], owner: str | None = None) -> list[int]:
        """Request several tickets one by one."""
        return [self.request(amount_wei, owner) for amount_wei in amounts_wei]

    def settle(self, last_ticket: int, index: int | None = None) -> Receipt:
        """Lower the index, if one is named, and finalise up to a ticket, as the vault does."""
        if index is not None:
            self.model = replace(self.model, index=index)
        self.model, cost_wei = rules.finalise(self.model, last_ticket)
        arguments = (self.model.index, last_ticket)
        sender = as_contract(self.keel.quick.vault)
        return self.queue.settle.send(*arguments, sender=sender, value_wei=cost_wei)

    def claim(self, ticket_id: int) -> Receipt:
        """Claim for the owner, by someone whose balance no test looks at."""
        return self.queue.claim.send(ticket_id, sender=self.keel.actors.stranger.address)

    def claim_many(self, ticket_ids: Sequence[int]) -> Receipt:
        """Like claim, for several in one call."""
        stranger = self.keel.actors.stranger.address
        return self.queue.claimMany.send(list(ticket_ids), sender=stranger)

    def worth_wei(self, ticket_id: int) -> int:
        """QUE-3, from the model."""
        return rules.claim_wei(self.model, ticket_id)
