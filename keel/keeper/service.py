"""A keeper at work: at each head it reads, plans, and sends what is its turn to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from keel.committee.peers import Peers
from keel.keeper.chores import Plan
from keel.keeper.doer import Doer
from keel.keeper.figures import Figures
from keel.keeper.plan import ALARMS, plan
from keel.keeper.settings import KeeperSettings, terms_of
from keel.keeper.state_reader import StateBehindError
from keel.keeper.turns import Turns
from keel.keeper.view import KeeperView
from keel.keeper.view_reader import KeeperReader
from keel.nodes.errors import NodeError
from keel.service.layers import Layers, open_layers
from keel.service.service import Service
from keel.sight.event_file import EventFile
from keel.sight.history import Historian
from keel.wallet.account import address_of
from keel.wallet.sender import open_sender

_CANDIDATES = 8
"""How many may be refused at one head before the rest waits for the next."""
_PATIENT_LOOKS = 10
"""How often the execution nodes may be found behind the beacon nodes before it is an alarm."""


@dataclass
class Keeper:
    """One step for each head; everything it needs to know is read again, so it may end anywhere.

    Without `doer`, in a dry run, it only says what it would do.
    """

    service: Service
    layers: Layers
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
            self.layers.require_agreement()
            self._is_checked = True
        block = self.layers.rpc.agreed_head()
        head_slot = self.reader.head_slot(block)
        self.service.health.head_read()
        if (block.hash, head_slot) == self._last:
            return head_slot
        if self.doer is not None:
            self.doer.tend(head_slot)
        try:
            view = self.reader.read(head_slot, None if self.doer is None else self.doer.aside)
        except StateBehindError as error:
            self._behind += 1
            if self._behind > _PATIENT_LOOKS:
                raise NodeError("execution nodes", str(error)) from error
            return None
        self._behind = 0
        found = plan(view)
        if self.doer is None:
            self._show(found)
        else:
            for _ in range(_CANDIDATES):
                if not self.doer.do(found.chores, view.head):
                    break
                view = self.reader.without(view, self.doer.aside)
                found = plan(view)
        self._tell(view, found)
        self._last = (block.hash, head_slot)
        return head_slot

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
    with (
        open_layers(settings, service.note_disagreement) as layers,
        open_members(settings) as members,
    ):
        doer = None
        if account is not None and not settings.dry_run:
            chain_id = layers.manifest.chain_id
            sender = open_sender(settings, layers.rpc, account, chain_id, service.log)
            turns = Turns(settings.keeper.turn_slots, settings.keeper.others)
            doer = Doer(layers.bindings, sender, turns, service, figures)
        reader = open_reader(settings, layers, members, address_of(account), only_reads=False)
        yield Keeper(service, layers, reader, figures, doer)


def open_members(settings: KeeperSettings) -> Peers:
    """Clients of the committee's members."""
    return Peers(settings.keeper.members, settings.keeper.member_timeout_seconds)


def open_reader(
    settings: KeeperSettings,
    layers: Layers,
    members: Peers,
    account: str | None,
    *,
    only_reads: bool,
) -> KeeperReader:
    """Make the reader of an account's views; a command `only_reads` the keeper's data folder."""
    deployed = layers.manifest.configuration.parameters
    state_slots = settings.keeper.state_slots or deployed.slots_per_epoch
    terms = terms_of(settings.keeper, deployed, settings.fees.priority_fee_wei)
    file = EventFile(settings.data, layers.manifest.chain_id, only_reads=only_reads)
    historian = Historian(layers.bindings, layers.manifest.block, file)
    return KeeperReader(layers, historian, members, terms, account, state_slots=state_slots)
