"""The whole protocol on one screen."""

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from keel.chain.abi import Event, checksummed
from keel.chain.contract import Contract, call_many
from keel.chain.errors import RpcError
from keel.chain.state import block_head
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.deploy.roles import ROLE_BY_NAME
from keel.formatting.amounts import (
    exact_ether,
    shown_bps,
    shown_ether,
    shown_ray,
    shown_seconds,
)
from keel.formatting.tables import plain_table
from keel.model.beacon_yield import on_mainnet_bps, times_mainnet
from keel.model.constants import ANNOUNCEMENT_FRAMES, TOP_UP_WEI
from keel.model.frames import Action, State
from keel.model.protocol.state import unvested_limit_wei
from keel.sight.books import Books, read_books
from keel.terminal.connection import Connection
from keel.terminal.operator_actions import operators_table
from keel.terminal.tables import books_table, rate_and_apr
from keel.terminal.user_actions import FINALISED, tickets_of

_LATE_BLOCKS = 10_000
_STATE_COLOURS = {State.NORMAL: "green", State.AWAITING: "green"}


def status_screen(connection: Connection) -> RenderableType:
    """Read everything, and lay it out."""
    books = read_books(connection.contracts)
    return Group(
        _headline(connection, books),
        books_table(books),
        _terms(books),
        _possible_now(connection, books),
        _oracle(connection, books),
        operators_table(connection),
        _roles(connection),
    )


def holdings_screen(connection: Connection, owner: str) -> RenderableType:
    """What one account has: tokens and tickets."""
    c = connection.contracts
    table = plain_table("holding", ">amount", "state")
    for name, token in (("kETH", c.vault), ("wkETH", c.wrapped)):
        table.add_row(name, exact_ether(token.balanceOf(owner)), "")
    time = read_books(c).time
    for number, ticket in tickets_of(connection, owner):
        left = shown_seconds(ticket.likelyPaidAt - time)
        state = "can be claimed" if ticket.state == FINALISED else f"likely paid in {left}"
        table.add_row(f"ticket {number}", f"{exact_ether(ticket.worthWei)} ETH", state)
    return Group(Text(owner, style="bold"), table)


def _headline(connection: Connection, books: Books) -> Text:
    config = connection.manifest.configuration
    state = books.state
    return Text.assemble(
        ("Keel", "bold"),
        f" on chain {connection.manifest.chain_id}, profile {config.profile}, state ",
        (state.name.lower(), _STATE_COLOURS.get(state, "red")),
        (", insolvent", "red") if books.is_insolvent else "",
        f"; 1 wkETH = {rate_and_apr(books)}",
        _on_mainnet(connection, books),
    )


def _on_mainnet(connection: Connection, books: Books) -> str:
    """Why a local chain's APR is absurd, and what it would be on mainnet; empty elsewhere."""
    config, active_gwei = connection.manifest.configuration, _active_gwei(connection)
    epoch_seconds = config.parameters.slots_per_epoch * config.geometry.seconds_per_slot
    there_bps = on_mainnet_bps(books.apr_bps, active_gwei, epoch_seconds)
    if not books.apr_bps or there_bps is None:
        return ""
    times = times_mainnet(active_gwei, epoch_seconds)
    return (
        f". A small beacon chain pays {times:,} times mainnet's yield; there the APR would be "
        f"{shown_bps(there_bps)}"
    )


def _active_gwei(connection: Connection) -> int:
    """What all validators of a chain of Keel's have at stake; 0 on others."""
    if connection.manifest.chain_id not in LOCAL_CHAIN_IDS:
        return 0
    try:
        return int(connection.rpc.call("keel_status")["active_gwei"])
    except RpcError:  # an Anvil without a beacon chain
        return 0


def _terms(books: Books) -> Table:
    table = plain_table("identity", "meaning", ">ETH")
    for letter, meaning, amount_wei in (
        ("B", "buffered in the vault", books.buffered_wei),
        ("C", "validators at the last reference slot", books.consensus_wei),
        ("P", "deposited since", books.pending_wei),
        ("A", "backing of all shares", books.backing_wei),
        ("U", "of it unvested rewards", books.unvested_wei),
        ("Q", "owed to tickets not finalised", books.owed_wei),
    ):
        table.add_row(letter, meaning, exact_ether(amount_wei))
    there = books.buffered_wei + books.consensus_wei + books.pending_wei
    table.add_row("", "B + C + P = A + Q", exact_ether(there), style="bold")
    return table


def _possible_now(connection: Connection, books: Books) -> Table:
    c = connection.contracts
    names = {
        "deposit": c.vault.depositableWei.prepare(),
        "redeem at once": c.instant.redeemableWei.prepare(),
        "stake": c.vault.stakeableValidators.prepare(),
        "loss that a report may apply at once": c.vault.lossAllowanceWei.prepare(),
        "forfeited bonds": c.wrapped.convertToAssets.prepare(c.bonds.forfeitUnits()),
        "insurance": c.wrapped.convertToAssets.prepare(c.fund.totalAssets()),
    }
    reopen_at = c.vault.depositsReopenAt()
    paused = {
        "deposit": c.vault.pausedUntil(Action.DEPOSIT.value),
        "redeem at once": c.instant.pausedUntil(),
        "stake": c.vault.pausedUntil(Action.STAKING.value),
    }
    table = plain_table("now", ">ETH at most", "pause")
    amounts = call_many(connection.rpc, list(names.values()))
    for name, amount in zip(names, amounts, strict=True):
        amount_wei = amount * TOP_UP_WEI if name == "stake" else amount
        left = paused.get(name, 0) - books.time
        note = f"paused for {shown_seconds(left)}" if left > 0 else ""
        if name == "deposit" and left > 0 and paused[name] == reopen_at:
            note = f"closed for {shown_seconds(left)} after a loss"
        elif name == "deposit" and books.unvested_wei > unvested_limit_wei(books.visible_wei):
            note = "waits until rewards have vested"
        table.add_row(name, shown_ether(amount_wei), note)
    last, done = c.queue.lastTicket(), c.queue.lastFinalised()
    _, index = c.queue.pending()
    table.add_row(
        f"tickets: {last - done} of {last} wait",
        shown_ether(books.owed_wei),
        f"index {shown_ray(index)}",
    )
    return table


def _oracle(connection: Connection, books: Books) -> Table:
    oracle = connection.contracts.oracle
    last = oracle.lastReport()
    reportable, next_at = oracle.reportableSlot()
    members = oracle.members()
    table = plain_table("oracle", "")
    age = shown_seconds(books.time - books.last_ref_time)
    wait = shown_seconds(next_at - books.time)
    known = f"slot {last.refSlot}," if last.refSlot else "none by this oracle; frames count from"
    table.add_row("last report", f"{known} {age} ago")
    table.add_row("signed by", escape(_signers_of_last_report(connection) or "nobody lately"))
    counts = (last.activeValidators, last.exitedValidators, last.slashedValidators)
    table.add_row("validators", "{} active, {} exited, {} slashed".format(*counts))
    table.add_row("exits", _exits(connection))
    table.add_row("reportable", f"slot {reportable}; the next one in {wait}")
    table.add_row("quorum", f"{oracle.quorum()} of {len(members)} members")
    slashed_wei = connection.contracts.vault.slashedWei()
    if slashed_wei:
        closes = "; doors are closed until it is reported" if books.state is State.SLASHED else ""
        text = f"validators with {exact_ether(slashed_wei)} ETH since the last report{closes}"
        table.add_row("[red]proven slashed[/]", text)
    if books.announced_at:
        since = books.time - books.announced_at
        left = ANNOUNCEMENT_FRAMES * connection.contracts.vault.FRAME_SECONDS() - since
        ends = f"counts for {shown_seconds(left)} more" if left > 0 else "has ended"
        text = f"a loss of {exact_ether(books.announced_wei)} ETH, {shown_seconds(since)} ago"
        table.add_row("[red]announced[/]", f"{text}; {ends}")
    return table


def _signers_of_last_report(connection: Connection) -> str:
    """Members by name, from the transaction that the last report came with."""
    oracle, rpc = connection.contracts.oracle, connection.rpc
    applied = [e for e in _lately(connection, oracle) if e.name == "ReportApplied"]
    if not applied:
        return ""
    sent = rpc.call("eth_getTransactionByHash", applied[-1].log.transaction_hash)
    submit = oracle.abi.function("submit", 4).inputs
    calldata = bytes.fromhex(sent["input"][2:])
    if calldata[:4] != submit.selector:
        return "members unknown: it came through another contract"
    _, _, signatures, _ = submit.decode(calldata[4:])
    names = {each: name for name, each in connection.manifest.configuration.accounts.items()}
    poster = checksummed(sent["from"])
    signers = ", ".join(sorted(names.get(each.signer, each.signer) for each in signatures))
    return f"{signers}; posted by {names.get(poster, poster)}"


def _exits(connection: Connection) -> str:
    """What was asked for, what tickets lack, and how much more others than managers may ask for."""
    exits = connection.contracts.exits
    missing_wei, available = exits.missingWei(), exits.exitsAvailable()
    return (
        f"{_exits_asked_for(connection)} asked for lately (EIP-7002); tickets lack "
        f"{shown_ether(missing_wei)} ETH that nothing on its way will bring; at most "
        f"{available:,} more times 32 ETH for them now"
    )


def _exits_asked_for(connection: Connection) -> int:
    events = _lately(connection, connection.contracts.exits)
    return len({event.inputs["pubkeyRoot"] for event in events if event.name == "ExitRequested"})


def _lately(connection: Connection, contract: Contract) -> list[Event]:
    """Events of more than a day of mainnet, as many blocks as public nodes commonly grant."""
    last = block_head(connection.rpc).number
    return contract.events_between(max(connection.manifest.block, last - _LATE_BLOCKS), last)


def _roles(connection: Connection) -> Table:
    manager = connection.contracts.manager
    by_holder: dict[str, list[str]] = {}
    for planned in connection.manifest.roles:
        role = ROLE_BY_NAME[planned.role]
        holds, delay = manager.hasRole(role.id, planned.account)
        text = f"{role.name} (after {shown_seconds(delay)})" if delay else role.name
        if not holds or delay != planned.delay_seconds:
            text = f"[red]{text} differs: see `keel verify`[/]"
        by_holder.setdefault(planned.name, []).append(text)
    table = plain_table("holder", "roles, and the delay of their calls")
    for holder, roles in by_holder.items():
        table.add_row(escape(holder), ", ".join(roles))
    return table
