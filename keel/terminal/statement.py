"""`ape run statement`: which period, from which events, and to which files."""

from collections.abc import Mapping
from pathlib import Path

from keel.chain.packed import working_root
from keel.chain.state import BlockHead
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.files.atomic_files import write_atomically
from keel.files.errors import Mistake
from keel.model.frames import FrameGeometry
from keel.sight.event_file import EventFile
from keel.statement.periods import Span, quarter_of, shown_time, span_of
from keel.statement.reading import Checked, StatementReader
from keel.terminal.connection import Connection


def statement_reader(connection: Connection) -> StatementReader:
    """Reads events once: what one command has read, the next one does not read again.

    A local chain is short, and gone before the next one.
    """
    manifest = connection.manifest
    file = None
    if manifest.chain_id not in LOCAL_CHAIN_IDS:
        file = EventFile(working_root() / ".keel" / "statement", manifest.chain_id)
    return StatementReader(connection.contracts, manifest.block, file)


def chosen_span(options: Mapping[str, str | None], frames: FrameGeometry, head: BlockHead) -> Span:
    """The period of --quarter, or of --from and --to; by default the quarter so far.

    It ends with the head at the latest. Raises Mistake.
    """
    whole, first, last = (options[name] for name in ("quarter", "first", "last"))
    if whole is not None and (first is not None or last is not None):
        raise Mistake("--quarter is a whole period: give it without --from and --to")
    now = head.timestamp + 1
    begins = _span("--quarter" if first is None else "--from", first or whole, frames, now)[0]
    ends = min(_span("--quarter" if last is None else "--to", last or whole, frames, now)[1], now)
    if begins >= now:
        raise Mistake(f"the period begins at {shown_time(begins)}, after the head: {_head(head)}")
    if begins >= ends:
        raise Mistake(f"the period begins at {shown_time(begins)} and ends at {shown_time(ends)}")
    return begins, ends


def checked_words(checked: Checked) -> str:
    """What was compared."""
    blocks = " and ".join(map(str, checked.blocks))
    where = f"the accounts of the contracts at block{'s' * (len(checked.blocks) > 1)} {blocks}"
    return f"Events alone; to the wei equal to {where}."


def write_document(path: Path, text: str) -> None:
    """Replace a file that others may read; raises Mistake."""
    try:
        write_atomically(path, text.encode(), is_public=True)
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error


def _span(option: str, text: str | None, frames: FrameGeometry, now: int) -> Span:
    if text is None:
        return quarter_of(now)
    try:
        return span_of(text, frames)
    except ValueError as error:
        raise Mistake(f"{option}: {error}") from None


def _head(head: BlockHead) -> str:
    return f"block {head.number} of {shown_time(head.timestamp)}"
