"""What happens on a chain with Keel, a line for each fact, from its blocks and states alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keel.chain.abi import Event
from keel.chain.state import block_head
from keel.circle.reports import read_report
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.bindings import Bindings
from keel.formatting.amounts import shown_ether
from keel.formatting.names import printable
from keel.scenarios.narration import report_lines
from keel.sight.recorded_keys import staked_pubkeys

_REPORTED = ("ReportApplied", "LossAnnounced")
_KEYS = {
    "KeyPredeposited": "Keys were predeposited, 1 ETH of their operators each",
    "KeyProven": "Validators were proven to pay to Keel",
    "KeyForeign": "Validators were proven to pay to somebody else, their operators are frozen",
    "KeyDropped": "Operators dropped keys, for good",
    "ExitRequested": "Validators were asked to exit (EIP-7002)",
    "KeySlashed": "Validators were proven slashed, their bonds are forfeit",
    "KeyWithdrawn": "Validators were proven to be paid out, their bonds leave after a cooldown",
    "KeyStaked": "{ether} ETH of the pool followed proven keys",
}
"""What happened to the keys of one transaction."""


class Story:
    """Reads on from the block and state it saw last; `names` has people by address."""

    def __init__(
        self, chain: BeaconChain, contracts: Bindings, first_block: int, names: Mapping[str, str]
    ) -> None:
        self._chain = chain
        self._contracts = contracts
        self._first_block = first_block
        self._next_block = block_head(contracts.rpc).number + 1
        self._names = names
        self._stages: dict[bytes, str] = {}

    def news(self) -> Iterator[str]:
        """What has happened since the last call."""
        last_block = block_head(self._contracts.rpc).number
        # Lower than what was seen when a snapshot was restored.
        self._next_block = min(self._next_block, last_block + 1)
        if last_block >= self._next_block:
            for transaction in self._transactions(self._next_block, last_block):
                yield from self._told(transaction)
            self._next_block = last_block + 1
        yield from self._validators()

    def _transactions(self, first_block: int, last_block: int) -> list[list[Event]]:
        """Keel's events by transaction, in the order of the chain."""
        c = self._contracts
        emitters = (c.oracle, c.vault, c.queue, c.registry, c.bonds, c.exits)
        events = [
            event for each in emitters for event in each.events_between(first_block, last_block)
        ]
        events.sort(key=lambda event: (event.log.block_number, event.log.log_index))
        grouped: dict[str, list[Event]] = {}
        for event in events:
            grouped.setdefault(event.log.transaction_hash, []).append(event)
        return list(grouped.values())

    def _told(self, events: list[Event]) -> Iterator[str]:
        names = {event.name for event in events}
        if names & set(_REPORTED):
            reported = read_report(self._contracts, events[0].log.transaction_hash)
            lines = " ".join(report_lines(reported))
            yield f"{lines} ({self._name(reported.receipt.sender)} posted it)"
        for name in sorted(names & set(_KEYS)):
            counts = Counter(event.inputs["operatorId"] for event in _of(events, name))
            parts = ", ".join(f"{n} of {self._operator(each)}" for each, n in counts.items())
            yield f"{_KEYS[name].format(ether=31 * sum(counts.values()))}: {parts}."
        for event in events:
            yield from self._plain(event.name, event.inputs)

    def _plain(self, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
        """Events that need no other ones to be told."""
        if name == "Deposited":
            who = self._name(inputs["sender"])
            yield f"{who} deposited {shown_ether(inputs['assetsWei'])} ETH."
        elif name == "RedeemedInstantly":
            who = self._name(inputs["holder"])
            yield f"{who} redeemed at once and has {shown_ether(inputs['paidWei'])} ETH."
        elif name == "TicketRequested":
            who, amount = self._name(inputs["owner"]), shown_ether(inputs["amountWei"])
            yield f"{who} requested ticket {inputs['ticketId']}: {amount} ETH."
        elif name == "TicketClaimed":
            amount = shown_ether(inputs["paidWei"])
            yield f"Ticket {inputs['ticketId']} paid {amount} ETH to {self._name(inputs['owner'])}."
        elif name == "RewardsClaimed":
            worth_wei = self._contracts.vault.toAssetsDown(inputs["shares"])
            operator = self._operator(inputs["operatorId"])
            yield f"{operator} received rewards of {shown_ether(worth_wei, 6)} kETH."
        elif name == "SlashingNoted":
            balance = shown_ether(inputs["balanceWei"])
            yield f"{balance} ETH count as slashed until a report covers it, and may close doors."
        elif name == "BondPaid":
            worth_wei = self._contracts.wrapped.convertToAssets(inputs["units"])
            operator = self._operator(inputs["operatorId"])
            yield f"{operator} was paid {shown_ether(worth_wei)} ETH of its bond, as wkETH."
        elif name == "WoundDown":
            lost = shown_ether(inputs["lossWei"])
            yield f"Nothing is staked any more: the vault is wound down, {lost} ETH are missing."
        elif name == "Swept":
            amount = shown_ether(inputs["amountWei"])
            yield f"WithdrawalVault was swept without a report: {amount} ETH."

    def _validators(self) -> Iterator[str]:
        """How Keel's validators came on, those of one operator together."""
        operators = staked_pubkeys(self._contracts.registry, self._first_block)
        news: dict[tuple[str, int], list[int]] = {}
        if not operators:
            return
        for index, pubkey, stage in _stages(self._chain, operators):
            if self._stages.get(pubkey) != stage:
                self._stages[pubkey] = stage
                news.setdefault((stage, operators[pubkey]), []).append(index)
        for (stage, operator_id), indices in news.items():
            listed = ", ".join(map(str, indices))
            plural = "s" if len(indices) > 1 else ""
            yield f"Validator{plural} {listed} of {self._operator(operator_id)}: {stage}."

    def _name(self, address: str) -> str:
        return self._names.get(address, address)

    def _operator(self, operator_id: int) -> str:
        return printable(self._contracts.registry.operator(operator_id).name)


def _stages(chain: BeaconChain, pubkeys: Iterable[bytes]) -> Iterator[tuple[int, bytes, str]]:
    """Index, key and standing of those validators that the state knows."""
    wanted, epoch, never = set(pubkeys), chain.epoch, int(chain.spec.FAR_FUTURE_EPOCH)
    # A sync committee pays its members after their exit too: less than this is no stake.
    crumbs = int(chain.spec.EFFECTIVE_BALANCE_INCREMENT)
    for index, validator in enumerate(chain.state.validators):
        pubkey = bytes(validator.pubkey)
        if pubkey not in wanted:
            continue
        exits, withdrawable = int(validator.exit_epoch), int(validator.withdrawable_epoch)
        if withdrawable <= epoch and int(chain.state.balances[index]) < crumbs:
            stage = "paid out"
        elif validator.slashed:
            stage = "slashed"
        elif exits <= epoch:
            stage = "exited"
        elif exits != never:
            stage = f"to exit in epoch {exits}"
        elif int(validator.activation_epoch) <= epoch:
            stage = "active"
        else:
            stage = "deposited, not active yet"
        yield index, pubkey, stage


def _of(events: Iterable[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]
