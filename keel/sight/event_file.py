"""Events that an index has read, in a file, so that a restart reads only what came later.

The file can always be read again from the chain. So one that is damaged, or of another deployment,
costs one line in the log and a scan from the start, as if there were none. Whether the chain still
has its blocks is for the index to check.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from keel.chain.abi import Log
from keel.files.atomic_files import write_atomically

_FORMAT = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptEvents:
    """Logs in the order of the chain, their blocks' times, and blocks up to which all was read.

    `checkpoints` are numbers and hashes, the newest last.
    """

    checkpoints: Sequence[tuple[int, str]]
    logs: Sequence[Log]
    times: Mapping[int, int]


class EventFile:
    """`events-<chain id>.json` in a service's data folder; a command only reads it.

    No error of the disk is raised: the events are in memory too.
    """

    def __init__(self, folder: Path, chain_id: int, *, only_reads: bool = False) -> None:
        self.path = folder / f"events-{chain_id}.json"
        self._chain_id = chain_id
        self._only_reads = only_reads

    def read(self, scope: Mapping[str, Any]) -> KeptEvents | None:
        """What was written for the same scope; None, after a line in the log, for anything else."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell_useless(f"cannot be read ({error.strerror})")
            return None
        digest, _, rest = content.partition(b"\n")
        written, _, body = rest.partition(b"\n")
        if digest != _digest(rest):
            self._tell_useless("is damaged")
            return None
        if written != self._head(scope):
            self._tell_useless("is of another deployment or version of Keel")
            return None
        checkpoints, rows = orjson.loads(body)
        return KeptEvents(
            [(number, block_hash) for number, block_hash in checkpoints],
            [_log_of(row) for row, _ in rows],
            {row[0]: time for row, time in rows},
        )

    def write(self, scope: Mapping[str, Any], kept: KeptEvents) -> None:
        """Replace the file, whole or not at all; a line in the log when the disk refuses."""
        if self._only_reads:
            return
        rows = [(_row_of(log), kept.times[log.block_number]) for log in kept.logs]
        rest = self._head(scope) + b"\n" + orjson.dumps((kept.checkpoints, rows))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, _digest(rest) + b"\n" + rest)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self.path, error.strerror)

    def _head(self, scope: Mapping[str, Any]) -> bytes:
        return orjson.dumps({"format": _FORMAT, "chain_id": self._chain_id, **scope})

    def _tell_useless(self, why: str) -> None:
        _log.warning("%s %s: the chain's events are read again from the start", self.path, why)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _row_of(log: Log) -> tuple[Any, ...]:
    topics = [topic.hex() for topic in log.topics]
    place = (log.block_number, log.log_index, log.transaction_hash)
    return (*place, log.address, topics, log.data.hex())


def _log_of(row: Sequence[Any]) -> Log:
    number, index, transaction_hash, address, topics, data = row
    return Log(
        address=address,
        topics=tuple(bytes.fromhex(topic) for topic in topics),
        data=bytes.fromhex(data),
        log_index=index,
        block_number=number,
        transaction_hash=transaction_hash,
    )
