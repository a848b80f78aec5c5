"""The program that forks reporters and keepers: a line of JSON in, a line of JSON out.

A child runs the command line as ever, with its own id, session, log and files; only reading the
program and the specification is spared.
"""

import ctypes
import importlib
import os
import signal
import sys

import orjson

from keel.chain.certificates import authorities
from keel.chain.deposit_spec import deposit_spec
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.spec import load_spec
from keel.keeper.command import cli as keeper
from keel.monitor.command import cli as monitor
from keel.reporter.command import cli as reporter
from keel.sight.agreed_state import StateRootError, verified_state

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PROGRAMS = {"keel.reporter": reporter, "keel.keeper": keeper, "keel.monitor": monitor}
_LATE_MODULES = ("anyio._backends._asyncio", "httpcore", "uvicorn.loops.auto", "coincurve")
"""What libraries load only when they first serve, ask or sign."""


def warm_up() -> None:
    """Read what a reporter would read at its first request and at its first report."""
    for module in _LATE_MODULES:
        importlib.import_module(module)
    authorities()
    deposit_spec()
    spec = load_spec(ChainConfig())
    try:
        verified_state(spec, spec.BeaconState().encode_bytes(), bytes(32))
    except StateRootError:
        return


def live(package: str, arguments: list[str], log: str) -> None:
    """A child's whole life; never returns."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    code = 1
    try:
        _PROGRAMS[package].main(args=arguments, prog_name=package)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def serve() -> None:
    """Fork for each line that names a program; say how a child ended for each that asks."""
    for line in sys.stdin:
        asked = orjson.loads(line)
        answer: int | None
        if "package" in asked:
            answer = os.fork()
            if answer == 0:
                live(asked["package"], asked["arguments"], asked["log"])
        else:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    warm_up()
    serve()
