"""Structured log lines on stderr: JSON for machines, colour for people."""

import io
import json
import logging
import sys
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

type Log = FilteringBoundLogger
"""A logger: log.info("report.signed", ref_slot=64, digest=b"...")."""


def open_log(kind: Literal["json", "console"], service: str, stream: TextIO | None = None) -> Log:
    """Return a logger whose every line names the service.

    Ints stay ints of any size, bytes become 0x hex. A line that cannot be written, as on a full
    disk, is lost; it never stops the service.
    """
    target = _unbuffered_stderr() if stream is None else stream
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _readable,
    ]
    if kind == "json":
        processors += [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=json.dumps, default=str),
        ]
    else:
        # The default formatter prints local variables, which may hold a key.
        plain = structlog.dev.plain_traceback
        colours = target.isatty()
        processors.append(structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain))
    log: Log = structlog.wrap_logger(
        _Lines(target),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        context_class=dict,
        cache_logger_on_first_use=False,
    ).bind(service=service)
    return log


def adopt_library_warnings(log: Log) -> None:
    """Send warnings of libraries that use the standard logging through this log, once a process."""
    root = logging.getLogger()
    root.handlers = [_Forward(log)]
    root.setLevel(logging.WARNING)


def _unbuffered_stderr() -> TextIO:
    """Leave nothing of a refused line behind, which a buffer would try to write at exit."""
    raw = io.FileIO(sys.__stderr__.fileno() if sys.__stderr__ else 2, "wb", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)


class _Forward(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning(
            "library.warned",
            library=record.name,
            text=record.getMessage(),
            exc_info=record.exc_info,
        )


class _Lines:
    """Writes whole lines from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = fatal = log = msg


def _readable(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: _value(value) for key, value in event.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return "0x" + value.hex()
    if type(value) in (list, tuple):
        return [_value(item) for item in value]
    return value
