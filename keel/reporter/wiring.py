"""Put a reporter together from its settings; nothing is asked of a node before the first step."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from eth_account.signers.local import LocalAccount

from keel.deploy.manifest import Manifest
from keel.model.commitment import OperatorTotals
from keel.reporter.ballot_box import BallotBox
from keel.reporter.building import Builder, FindLeaves
from keel.reporter.exchange import MOST_CONNECTIONS, exchange_app
from keel.reporter.figures import Figures
from keel.reporter.frame import Tools
from keel.reporter.journal import Journal
from keel.reporter.layers import Layers, open_layers
from keel.reporter.peers import Peers
from keel.reporter.posting import Poster
from keel.reporter.service import Reporter
from keel.reporter.settings import ReporterSettings
from keel.reporter.standing import StandingReader
from keel.reporter.timetable import Timetable
from keel.reporter.watch import Watch
from keel.service.service import Service
from keel.serving import serve_app
from keel.wallet.fees import FeePolicy
from keel.wallet.sender import Sender

_TRANSACTIONS = "transactions.json"


def leaves_finder(journal: Journal, peers: Peers, *, keep: bool = True) -> FindLeaves:
    """Look in the journal, then ask peers, and keep what they had unless a command only looks."""

    def find(root: bytes) -> tuple[OperatorTotals, ...] | None:
        leaves = journal.leaves(root)
        if leaves is None:
            leaves = peers.operators(root)
            if leaves is not None and keep:
                journal.keep_leaves(leaves)
        return leaves

    return find


def timetable_of(manifest: Manifest) -> Timetable:
    """Frames of a deployment."""
    config = manifest.configuration
    return Timetable(config.geometry, config.parameters.finality_seconds)


def open_peers(settings: ReporterSettings) -> Peers:
    """Clients of the other members."""
    return Peers(settings.committee.peers, settings.committee.peer_timeout_seconds)


@contextmanager
def open_reporter(
    settings: ReporterSettings, service: Service, account: LocalAccount | None
) -> Iterator[Reporter]:
    """Wire one member; in a dry run nothing is served, signed or sent."""
    figures = Figures(service.metrics)

    def tell(url: str, problem: str) -> None:
        figures.node_disagreements.labels(url).inc()
        service.log.warning("node.disagrees", node=url, problem=problem)

    with ExitStack() as stack:
        layers = stack.enter_context(open_layers(settings, tell))
        peers = stack.enter_context(open_peers(settings))
        tools = _tools(settings, service, layers, peers, figures, account=account)
        if not settings.dry_run:
            app = exchange_app(tools.box, tools.journal.leaves)
            listen = settings.committee.listen
            url = stack.enter_context(
                serve_app(app, listen.host, listen.port, most_connections=MOST_CONNECTIONS)
            )
            service.log.info("committee.serves", url=url)
        address = None if account is None else account.address
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
        builder=Builder(
            layers.beacon,
            bindings,
            manifest.block,
            leaves_finder(journal, peers),
            settings.committee.rebuild_leaves_at,
        ),
        journal=journal,
        box=BallotBox(manifest.chain_id, bindings.oracle.address, timetable),
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
    bindings = layers.bindings
    sender = Sender(
        bindings.rpc,
        account,
        layers.manifest.chain_id,
        FeePolicy.of(settings.fees),
        settings.data / _TRANSACTIONS,
        log=service.log,
    )
    return Poster(
        oracle=bindings.oracle,
        sender=sender,
        account=account.address,
        alarms=service.alarms,
        log=service.log,
        figures=figures,
    )
