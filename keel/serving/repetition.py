"""Fold warnings that repeat: anybody can cause some of them, as often as a disk has room for."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

FOLD_SECONDS = 60.0

type _Kind = tuple[str, int, str, type[BaseException] | None]
"""Logger, level, first line before its values are filled in, and class of the exception."""


@contextmanager
def folding(loggers: Sequence[str], seconds: float = FOLD_SECONDS) -> Iterator[None]:
    """Fold what repeats in these loggers while the block runs.

    The first record of a kind is written, those that follow within `seconds` are counted, and their
    number is written after that time or at the block's end.
    """
    folded = [(logging.getLogger(name), _Repetition(seconds)) for name in loggers]
    for logger, repetition in folded:
        logger.addFilter(repetition)
    try:
        yield
    finally:
        for logger, repetition in folded:
            logger.removeFilter(repetition)
            repetition.close()


@dataclass(slots=True)
class _Counted:
    timer: threading.Timer
    last: logging.LogRecord
    more: int = 0


class _Repetition(logging.Filter):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._counted: dict[_Kind, _Counted] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written now."""
        kind = _kind(record)
        with self._lock:
            counted = self._counted.get(kind)
            if counted is not None:
                counted.last = record
                counted.more += 1
                return False
            timer = threading.Timer(self._seconds, self._tell, (kind,))
            timer.daemon = True
            self._counted[kind] = _Counted(timer, record)
            timer.start()
            return True

    def close(self) -> None:
        """Write what was counted so far."""
        with self._lock:
            kinds = list(self._counted)
        for kind in kinds:
            self._tell(kind)

    def _tell(self, kind: _Kind) -> None:
        with self._lock:
            counted = self._counted.pop(kind, None)
        if counted is None:
            return
        counted.timer.cancel()
        if counted.more:
            told = copy(counted.last)
            told.msg = f"{counted.more} more within {self._seconds:g} s: {told.getMessage()}"
            told.args, told.exc_info = (), None
            logging.getLogger(told.name).callHandlers(told)  # past the filters


def _kind(record: logging.LogRecord) -> _Kind:
    first_line = str(record.msg).strip().partition("\n")[0]
    return record.name, record.levelno, first_line, (record.exc_info or (None,))[0]
