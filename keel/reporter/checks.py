"""Whether everything is there that a reporter needs, one finding after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from keel.chain.errors import ChainError
from keel.chain.logs import logs_between
from keel.chain.rpc import LOG_BLOCKS
from keel.committee.standing import StandingReader
from keel.errors import KeelError
from keel.formatting.amounts import shown_ether
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.errors import public_name
from keel.reporter.assembly import open_peers, timetable_of
from keel.reporter.settings import ReporterSettings
from keel.service.layers import Layers, open_layers
from keel.sight.agreed_state import read_agreed_state
from keel.wallet.account import address_of
from keel.wallet.errors import WalletError

_NOBODY = "0x" + "00" * 20
"""An address without logs."""

type OpenAccount = Callable[[], LocalAccount | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `is_needed` False: a reporter works without it."""

    what: str
    text: str
    is_well: bool = True
    is_needed: bool = True


def check_all(settings: ReporterSettings, open_account: OpenAccount) -> Iterator[Finding]:
    """Look at key, nodes, contracts, committee and peers; raises nothing a node could cause."""
    mode = "dry run: signs and sends nothing" if settings.dry_run else "signs and sends"
    yield Finding("settings", mode)
    account: LocalAccount | None = None
    try:
        account = open_account()
    except WalletError as error:
        yield Finding("key", str(error), is_well=False)
    else:
        yield Finding("key", "none is named" if account is None else account.address)
    yield from _each_node(settings)
    try:
        with open_layers(settings, lambda _url, _problem: None) as layers:
            layers.require_agreement()
            yield Finding("manifest", f"chain {layers.manifest.chain_id}, the same as the nodes'")
            yield from _state(layers)
            yield from _committee(settings, layers, account)
    except KeelError as error:
        yield Finding("network", str(error), is_well=False)
    yield from _peers(settings)


def _each_node(settings: ReporterSettings) -> Iterator[Finding]:
    network = settings.network
    for url in network.execution:
        name = f"execution node {public_name(url)}"
        try:
            with AgreedRpc([url], 1, network.timeout_seconds) as rpc:
                yield Finding(name, _execution(rpc))
        except ChainError as error:
            yield Finding(name, str(error), is_well=False)
    for url in network.beacon:
        name = f"beacon node {public_name(url)}"
        try:
            with AgreedBeacon([url], 1, network.timeout_seconds) as beacon:
                yield Finding(name, f"slot {beacon.head_slot()}, {beacon.network.preset} preset")
        except ChainError as error:
            yield Finding(name, str(error), is_well=False)


def _execution(rpc: AgreedRpc) -> str:
    """Say where the node is, and which range of logs it grants if that is less than usual."""
    number = int(rpc.call("eth_blockNumber"), 16)
    logs_between(rpc, [_NOBODY], max(0, number + 1 - LOG_BLOCKS), number)
    text = f"block {number}"
    if rpc.log_blocks == LOG_BLOCKS:
        return text
    return (
        f"{text}; gives logs of {rpc.log_blocks:,} blocks at a time, not of {LOG_BLOCKS:,}: "
        "docs/operations.md names the flag"
    )


def _state(layers: Layers) -> Iterator[Finding]:
    """Whether the state of the newest final reference slot is served, on which reporters live."""
    geometry, final = layers.manifest.configuration.geometry, layers.beacon.finalised_slot()
    slot = final // geometry.frame_slots * geometry.frame_slots - 1
    if slot < 0:
        yield Finding("state", "no reference slot is final yet")
        return
    _, state = read_agreed_state(layers.beacon, slot)
    yield Finding("state", f"slot {slot}: {len(state.data):,} bytes of fork {state.fork}")


def _committee(
    settings: ReporterSettings, layers: Layers, account: LocalAccount | None
) -> Iterator[Finding]:
    address = address_of(account)
    reader = StandingReader(layers.bindings, address)
    standing = reader.read(reader.head())
    terms, timetable = standing.terms, timetable_of(layers.manifest)
    yield Finding(
        "committee",
        f"{terms.quorum} of {len(terms.members)} members; last report of slot "
        f"{standing.last_ref_slot}, reportable is {timetable.reportable_slot(standing.now)}",
    )
    if address is None:
        return
    is_member = address in terms.members
    yield Finding("member", address if is_member else f"{address} is not one", is_member)
    least_wei = settings.committee.least_balance_wei
    text = f"{shown_ether(standing.account_wei)} ETH, {shown_ether(least_wei)} ETH expected"
    yield Finding("balance", text, standing.account_wei >= least_wei)


def _peers(settings: ReporterSettings) -> Iterator[Finding]:
    """A peer that is away is no fault of this member: the others do without it."""
    with open_peers(settings) as peers:
        peers.ballots(0)
        for url in settings.committee.peers:
            problem = peers.problems.get(url)
            name = f"peer {public_name(url)}"
            yield Finding(name, problem or "answers", problem is None, is_needed=False)
