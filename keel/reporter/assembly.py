"""Put a reporter together from its settings; nothing is asked of a node before the first step."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from eth_account.signers.local import LocalAccount

from keel.committee.ballot_box import BallotBox
from keel.committee.exchange import exchange_app
from keel.committee.peers import Peers
from keel.committee.standing import StandingReader
from keel.committee.timetable import Timetable
from keel.deploy.manifest import Manifest
from keel.reporter.figures import Figures
from keel.reporter.frame import Tools
from keel.reporter.journal import Journal, leaves_finder
from keel.reporter.poster import Poster
from keel.reporter.service import Reporter
from keel.reporter.settings import ReporterSettings
from keel.reporter.watch import Watch
from keel.service.layers import Layers, open_layers
from keel.service.service import Service
from keel.serving import serve_app
from keel.sight.event_file import EventFile
from keel.sight.history import Historian
from keel.sight.slot_view import SlotReader
from keel.wallet.account import address_of
from keel.wallet.sender import open_sender


def timetable_of(manifest: Manifest) -> Timetable:
    """Frames of a deployment."""
    config = manifest.configuration
    return Timetable(config.geometry, config.parameters.finality_seconds)


def open_peers(settings: ReporterSettings) -> Peers:
    """Clients of the other members."""
    return Peers(settings.committee.peers, settings.committee.peer_timeout_seconds)


def open_slots(settings: ReporterSettings, layers: Layers, *, only_reads: bool) -> SlotReader:
    """Make the reader of slots; a command `only_reads` the reporter's data folder."""
    manifest = layers.manifest
    file = EventFile(settings.data, manifest.chain_id, only_reads=only_reads)
    historian = Historian(layers.bindings, manifest.block, file)
    return SlotReader(layers.beacon, layers.bindings, historian)


@contextmanager
def open_reporter(
    settings: ReporterSettings, service: Service, account: LocalAccount | None
) -> Iterator[Reporter]:
    """Wire one member; in a dry run nothing is served, signed or sent."""
    figures = Figures(service.metrics)
    with ExitStack() as stack:
        layers = stack.enter_context(open_layers(settings, service.note_disagreement))
        peers = stack.enter_context(open_peers(settings))
        tools = _tools(settings, service, layers, peers, figures, account=account)
        if not settings.dry_run:
            app = exchange_app(tools.box, tools.journal.leaves)
            listen = settings.committee.listen
            url = stack.enter_context(serve_app(app, listen.host, listen.port))
            service.log.info("committee.serves", url=url)
        address = address_of(account)
        yield Reporter(
            layers=layers,
            reader=StandingReader(layers.bindings, address),
            tools=tools,
            peers=peers,
            watch=Watch(
                bindings=layers.bindings,
                first_block=layers.manifest.block,
                timetable=tools.timetable,
                settings=settings.committee,
                alarms=service.alarms,
                log=service.log,
                account=address,
                follows_clock=settings.follows_clock,
            ),
            health=service.health,
        )


def _tools(
    settings: ReporterSettings,
    service: Service,
    layers: Layers,
    peers: Peers,
    figures: Figures,
    *,
    account: LocalAccount | None,
) -> Tools:
    manifest, bindings = layers.manifest, layers.bindings
    timetable = timetable_of(manifest)
    journal = Journal(settings.data)
    signer = None if settings.dry_run else account
    return Tools(
        chain_id=manifest.chain_id,
        bindings=bindings,
        slots=open_slots(settings, layers, only_reads=False),
        find_leaves=leaves_finder(journal, peers),
        journal=journal,
        box=BallotBox(manifest.chain_id, timetable),
        timetable=timetable,
        settings=settings.committee,
        alarms=service.alarms,
        log=service.log,
        figures=figures,
        account=signer,
        poster=None if signer is None else _poster(settings, service, layers, figures, signer),
    )


def _poster(
    settings: ReporterSettings,
    service: Service,
    layers: Layers,
    figures: Figures,
    account: LocalAccount,
) -> Poster:
    chain_id = layers.manifest.chain_id
    return Poster(
        bindings=layers.bindings,
        sender=open_sender(settings, layers.rpc, account, chain_id, service.log),
        account=account.address,
        alarms=service.alarms,
        log=service.log,
        figures=figures,
    )
