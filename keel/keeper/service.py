"""A keeper at work: at each head it reads, plans, and sends what is its turn to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from keel.keeper.beacon_reading import StateBehindError
from keel.keeper.chores import Kind, Plan
from keel.keeper.doing import Doer
from keel.keeper.figures import Figures
from keel.keeper.pacing import Turns
from keel.keeper.plan import ALARMS, plan
from keel.keeper.reading import KeeperReader
from keel.keeper.settings import KeeperSettings, terms_of
from keel.keeper.sources import Sources, open_sources
from keel.keeper.view import KeeperView
from keel.nodes.errors import NodeError
from keel.service.service import Service
from keel.wallet.fees import FeePolicy
from keel.wallet.sender import Sender

_TRANSACTIONS = "transactions.json"
_PATIENT_LOOKS = 10
"""How often the execution nodes may be found behind the beacon nodes before it is an alarm."""


@dataclass
class Keeper:
    """One step for each head; everything it needs to know is read anew, so it may end anywhere.

    Without `doer`, in a dry run, it only says what it would do.
    """

    service: Service
    sources: Sources
    reader: KeeperReader
    figures: Figures
    doer: Doer | None
    _is_checked: bool = False
    _last: tuple[str, int] | None = None
    _behind: int = 0
    _shown: frozenset[str] = frozenset()

    def step(self) -> int | None:
        """Work through the present head and return its slot; nothing new costs two reads."""
        if not self._is_checked:
            self.sources.require_agreement()
            self._is_checked = True
        block = self.sources.rpc.agreed_head()
        head_slot = self.reader.head_slot(block)
        self.service.health.head_read()
        if (block.hash, head_slot) == self._last:
            return head_slot
        if self.doer is not None:
            self.doer.tend(head_slot)
        try:
            view, found = self._look(head_slot)
        except StateBehindError as error:
            self._behind += 1
            if self._behind > _PATIENT_LOOKS:
                raise NodeError("execution nodes", str(error)) from error
            return None
        self._behind = 0
        if self.doer is None:
            self._show(found)
        else:
            self.doer.do(found.chores, view.head)
        self._tell(view, found)
        self.figures.head_slot.set(head_slot)
        self._last = (block.hash, head_slot)
        return head_slot

    def _look(self, head_slot: int) -> tuple[KeeperView, Plan]:
        """Read and plan; exits are never asked for by what an older beacon state showed."""
        view = self.reader.read(head_slot)
        found = plan(view)
        if view.beacon.slot < head_slot and any(c.kind is Kind.EXIT for c in found.chores):
            view = self.reader.read(head_slot, fresh=True)
            found = plan(view)
        return view, found

    def _tell(self, view: KeeperView, found: Plan) -> None:
        self.figures.seen(view)
        self.figures.planned(found)
        self.service.health.at("working" if found.chores else "waiting")
        own = {} if self.doer is None else self.doer.alarms
        for name in ALARMS:
            texts = [alarms[name] for alarms in (found.alarms, own) if name in alarms]
            self.service.alarms.set(name, "; ".join(texts) or None)

    def _show(self, found: Plan) -> None:
        """Say in a dry run what would be sent, each chore once."""
        for chore in found.chores:
            if chore.key not in self._shown:
                self.service.log.info("chore.planned", chore=chore.key, why=chore.why)
        self._shown = frozenset(chore.key for chore in found.chores)


@contextmanager
def open_keeper(
    settings: KeeperSettings, service: Service, account: LocalAccount | None
) -> Iterator[Keeper]:
    """Put a keeper together; nothing is asked of a node before the first step."""
    figures = Figures(service.metrics)

    def tell(url: str, problem: str) -> None:
        figures.node_disagreements.labels(url).inc()
        service.log.warning("node.disagrees", node=url, problem=problem)

    with open_sources(settings, tell) as sources:
        doer = None
        if account is not None and not settings.dry_run:
            sender = Sender(
                sources.rpc,
                account,
                sources.manifest.chain_id,
                FeePolicy.of(settings.fees),
                settings.data / _TRANSACTIONS,
                log=service.log,
            )
            turns = Turns(settings.keeper.turn_slots)
            doer = Doer(sources.contracts, sender, turns, service, figures)
        address = None if account is None else account.address
        reader = open_reader(sources, settings, address)
        yield Keeper(service, sources, reader, figures, doer)


def open_reader(sources: Sources, settings: KeeperSettings, account: str | None) -> KeeperReader:
    """Make the reader of an account's views."""
    deployed = sources.manifest.configuration.parameters
    state_slots = settings.keeper.state_slots or deployed.slots_per_epoch
    return KeeperReader(sources, terms_of(settings.keeper, deployed), account, state_slots)
