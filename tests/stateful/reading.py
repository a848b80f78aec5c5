"""Everything that Keel shows of its state, read in one call, and the same from the model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from eth_abi.abi import encode

from keel.chain.contract import Contract
from keel.chain.rpc import Request
from keel.deploy.bindings import Bindings
from keel.model import protocol as rules
from keel.model.allocation import may_stake
from keel.model.bonds import Bond
from keel.model.frames import Action
from keel.model.protocol import BONDS, FUND, REGISTRY, VAULT, WKETH, Protocol
from keel.model.queue import claim_wei
from tests.stateful.keys import KeyPool

ACTORS = ("depositor", "holder", "underwriter", "redeemer", "attacker", "treasury")
HOLDERS = (*ACTORS, VAULT, WKETH, FUND, REGISTRY)
UNIT_HOLDERS = (*ACTORS, FUND, BONDS, "manager")
CONTRACTS_WITH_ETHER = ("vault", "queue", "withdrawal_vault", "rewards_vault", "wrapped", "fund")

type Values = dict[str, int | tuple[int, ...]]
"""What was read, by name; every value is made of words."""


@dataclass(frozen=True)
class Question:
    """A view, or an ether balance when there is no data, and the words of its answer."""

    name: str
    target: str
    data: bytes
    words: int = 1


@dataclass(frozen=True)
class Reading:
    """One eth_call with many questions."""

    request: Request
    questions: tuple[Question, ...]

    def values(self, answer: str) -> Values:
        """Cut the answer into words."""
        data = bytes.fromhex(answer[2:])[64:]
        found: Values = {}
        position = 0
        for question in self.questions:
            words = tuple(
                int.from_bytes(data[start : start + 32])
                for start in range(position, position + 32 * question.words, 32)
            )
            found[question.name] = words if question.words > 1 else words[0]
            position += 32 * question.words
        return found


@dataclass(frozen=True, eq=False)
class Reader:
    """Asks a deployment through TestBatchReader; `addresses` are those of HOLDERS by name."""

    contract: Contract
    keel: Bindings
    addresses: Mapping[str, str]
    keys: KeyPool
    prepared: dict[int, Reading] = field(default_factory=dict)

    def reading(self, tickets: int) -> Reading:
        """Prepare to read everything, `tickets` having been issued."""
        if tickets not in self.prepared:
            self.prepared[tickets] = self._prepare(tickets)
        return self.prepared[tickets]

    def _prepare(self, tickets: int) -> Reading:
        questions = tuple(self._questions(tickets))
        packed = [(question.target, question.data) for question in questions]
        data = self.contract.abi.function("read", 1).inputs.selector
        data += encode(["(address,bytes)[]"], [packed])
        call = {"to": self.contract.address, "data": "0x" + data.hex()}
        return Reading(("eth_call", (call, "latest")), questions)

    def _questions(self, tickets: int) -> Iterable[Question]:
        keel = self.keel
        yield from _views(keel.vault, "vault", _VAULT_VIEWS)
        yield from _views(keel.queue, "queue", _QUEUE_VIEWS)
        yield from _views(keel.instant, "instant", (("redeemableWei", 1), ("pausedUntil", 1)))
        yield from _views(keel.fund, "fund", (("totalSupply", 1), ("totalAssets", 1)))
        yield from _views(keel.wrapped, "wrapped", (("totalSupply", 1),))
        yield from _views(keel.registry, "registry", (("totals", 5),))
        yield from _views(keel.bonds, "bonds", (("forfeitUnits", 1),))
        for operator_id in range(len(self.keys.registry.operators)):
            yield _question(keel.bonds, f"bond.{operator_id}", "bondOf", operator_id, words=2)
            yield _question(keel.registry, f"may.{operator_id}", "mayStakeNext", operator_id)
            name = f"commission.{operator_id}"
            yield _question(keel.registry, name, "nextCommission", operator_id, words=2)
        for number, root in enumerate(self.keys.all_roots):
            yield _question(keel.registry, f"key.{number}", "keyOf", root, words=4)
        for action in (Action.DEPOSIT, Action.STAKING):
            yield _question(keel.vault, f"vault.paused.{action.name}", "pausedUntil", int(action))
        for name in HOLDERS:
            yield _question(keel.vault, f"shares.{name}", "sharesOf", self.addresses[name])
        for name in UNIT_HOLDERS:
            yield _question(keel.wrapped, f"units.{name}", "balanceOf", self.addresses[name])
        for name in ACTORS:
            address = self.addresses[name]
            yield _question(keel.fund, f"cover.{name}", "balanceOf", address)
            yield _question(keel.fund, f"cooldown.{name}", "cooldownOf", address, words=3)
            yield _question(keel.fund, f"redeemable.{name}", "maxRedeem", address)
            yield Question(f"ether.{name}", address, b"")
        for part in CONTRACTS_WITH_ETHER:
            yield Question(f"ether.{part}", getattr(keel, part).address, b"")
        for ticket in range(1, tickets + 1):
            yield _question(keel.queue, f"ticket.{ticket}", "ticket", ticket, words=6)


_VAULT_VIEWS = (
    ("totals", 3),
    ("consensus", 4),
    ("bufferedWei", 1),
    ("freeWei", 1),
    ("depositableWei", 1),
    ("stakeableValidators", 1),
    ("state", 1),
    ("slashedWei", 1),
    ("lossCarryWei", 1),
    ("recordWei", 1),
    ("isInsolvent", 1),
    ("lossAllowanceWei", 1),
    ("depositsReopenAt", 1),
    ("stream", 3),
)
_QUEUE_VIEWS = (("owedWei", 1), ("pending", 2), ("lastTicket", 1), ("lastFinalised", 1))


def _views(contract: Contract, prefix: str, views: Sequence[tuple[str, int]]) -> Iterable[Question]:
    for function, words in views:
        yield _question(contract, f"{prefix}.{function}", function, words=words)


def _question(
    contract: Contract, name: str, function: str, *arguments: int | str | bytes, words: int = 1
) -> Question:
    return Question(name, contract.address, contract.function(function).encode(*arguments), words)


def expected(world: Protocol, now: int, addresses: Mapping[str, str], keys: KeyPool) -> Values:
    """What the contracts must show when they stand where the model stands."""
    accounts, queue = world.accounts, world.queue
    unvested = accounts.unvested_wei(now)
    values: Values = {
        "vault.totals": (accounts.shares, accounts.backing_wei, unvested),
        "vault.consensus": (
            accounts.consensus_wei,
            accounts.pending_wei,
            accounts.ref_time,
            world.announced_at,
        ),
        "vault.bufferedWei": world.buffered_wei,
        "vault.freeWei": world.free_wei,
        "vault.depositableWei": rules.depositable_wei(world, now),
        "vault.stakeableValidators": rules.stakeable_validators(world, now),
        "vault.state": int(world.state(now)),
        "vault.slashedWei": world.slashed_wei(accounts.ref_time, now),
        "vault.lossCarryWei": accounts.loss_carry_wei % 2**256,
        "vault.recordWei": accounts.record_wei,
        "vault.isInsolvent": int(accounts.insolvent),
        "vault.lossAllowanceWei": rules.loss_allowance_wei(world, now),
        "vault.depositsReopenAt": world.deposits_open_from,
        "queue.owedWei": queue.owed_wei,
        "queue.pending": (queue.normalised, queue.index),
        "queue.lastTicket": len(queue.tickets),
        "queue.lastFinalised": queue.finalised,
        "instant.redeemableWei": rules.redeemable_wei(world, now),
        "instant.pausedUntil": world.paused_until.get(Action.INSTANT_REDEMPTION, 0),
        "fund.totalSupply": world.fund.supply,
        "fund.totalAssets": world.fund_units,
        "wrapped.totalSupply": world.wketh_supply,
    }
    if unvested:
        stream = accounts.stream
        values["vault.stream"] = (stream.unvested_wei, stream.end, stream.seconds)
    paused_until = {action: world.paused_until.get(action, 0) for action in Action}
    paused_until[Action.DEPOSIT] = max(paused_until[Action.DEPOSIT], world.deposits_open_from)
    for action in (Action.DEPOSIT, Action.STAKING):
        values[f"vault.paused.{action.name}"] = paused_until[action]
    for name in HOLDERS:
        values[f"shares.{name}"] = world.shares_of.get(name, 0)
    for name in UNIT_HOLDERS:
        values[f"units.{name}"] = world.units_of.get(name, 0)
    for name in ACTORS:
        values |= _underwriter(world, now, name)
    values |= _registry(world, keys.all_roots, now)
    for ticket in range(1, len(queue.tickets) + 1):
        values[f"ticket.{ticket}"] = _ticket(world, ticket, addresses)
    return values


def _registry(world: Protocol, roots: Sequence[bytes], now: int) -> Values:
    """Keys, operators and bonds."""
    registry = world.registry
    targets = sum(operator.target_bps for operator in registry.operators if operator.active)
    totals = (registry.total_staked, 0, registry.live_keys, targets, registry.last_withdrawn_at)
    values: Values = {"registry.totals": totals, "bonds.forfeitUnits": world.forfeit_units}
    for operator in registry.operators:
        number = operator.operator_id
        values[f"may.{number}"] = int(may_stake(operator, registry.total_staked))
        commission = operator.commission
        waits = now < commission.since
        following = (commission.next_bps, commission.since) if waits else (0, 0)
        values[f"commission.{number}"] = following
        values[f"bond.{number}"] = astuple(world.bonds.get(number, Bond()))
    for number, root in enumerate(roots):
        values[f"key.{number}"] = astuple(registry.key(root))
    return values


def _underwriter(world: Protocol, now: int, name: str) -> Values:
    cooldown = world.fund.cooldowns.get(name)
    runs = cooldown is not None and cooldown.shares > 0 and now < cooldown.window_end
    shown = (cooldown.shares, cooldown.window_start, cooldown.window_end) if cooldown else ()
    return {
        f"cover.{name}": world.fund.shares_of.get(name, 0),
        f"cooldown.{name}": shown if runs else (0, 0, 0),
        f"redeemable.{name}": rules.max_leave_shares(world, now, name),
    }


def _ticket(world: Protocol, ticket_id: int, addresses: Mapping[str, str]) -> tuple[int, ...]:
    """The fields that rules decide; when a ticket is likely paid is an estimate."""
    ticket = world.queue.tickets[ticket_id - 1]
    owner = world.ticket_owners.get(ticket_id)
    state = 1 if ticket_id > world.queue.finalised else 2 if owner else 3
    holder = int(addresses[owner], 16) if owner else 0
    worth = claim_wei(world.queue, ticket_id)
    return (holder, state, ticket.amount_wei, worth, ticket.requested_at)


def differences(actual: Values, wanted: Values) -> list[str]:
    """Name everything in which the contracts differ from the model."""
    found = []
    for name, value in wanted.items():
        shown = actual[name]
        if name.startswith("ticket.") and isinstance(shown, tuple):
            shown = shown[:-1]
        if shown != value:
            found.append(f"{name}: contracts {shown}, model {value}")
    return found
