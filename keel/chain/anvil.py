"""Anvil as a child process that cannot outlive its parent."""

import atexit
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from keel.chain.child import dies_with_parent
from keel.chain.child_port import listening_port, port_to_ask_for
from keel.chain.closeable import Closing
from keel.chain.errors import AnvilStartError, ChainError, PortInUseError
from keel.chain.node_packages import anvil_binary
from keel.chain.rpc import RpcClient
from keel.errors import KeelError

TEST_MNEMONIC = "test test test test test test test test test test test junk"
"""Anvil's well-known phrase; its accounts hold value on no public chain."""


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How to start Anvil; None leaves Anvil's own default.

    A base fee of 0 stays 0 for good, and then senders without ether can send too. `mining` False
    mines only on request, `block_seconds` mines in that interval. `transaction_gas_cap` enforces
    EIP-7825. `steps_tracing` keeps every step of the EVM, without which traces by opcode are empty.
    `log_path` receives Anvil's log, which `silent` keeps to errors.
    """

    port: int = 0
    chain_id: int = 31337
    hardfork: str = "prague"
    mnemonic: str = TEST_MNEMONIC
    accounts: int = 10
    balance_ether: int = 10_000
    base_fee_wei: int | None = None
    genesis_timestamp: int | None = None
    genesis_number: int | None = None
    block_seconds: int | None = None
    mining: bool = True
    block_gas_limit: int | None = None
    transaction_gas_cap: bool = False
    auto_impersonate: bool = False
    steps_tracing: bool = False
    silent: bool = True
    log_path: Path | None = None


def command_line(options: AnvilOptions) -> list[str]:
    """Return the arguments with which Anvil is started."""
    arguments = [str(anvil_binary()), "--port", str(options.port)]
    arguments += ["--chain-id", str(options.chain_id), "--hardfork", options.hardfork]
    arguments += ["--mnemonic", options.mnemonic, "--accounts", str(options.accounts)]
    arguments += ["--balance", str(options.balance_ether), "--no-request-size-limit", "--no-cors"]
    valued = {
        "--block-base-fee-per-gas": options.base_fee_wei,
        "--timestamp": options.genesis_timestamp,
        "--number": options.genesis_number,
        "--block-time": options.block_seconds,
        "--gas-limit": options.block_gas_limit,
    }
    for flag, value in valued.items():
        if value is not None:
            arguments += [flag, str(value)]
    switches = {
        "--no-mining": not options.mining,
        "--enable-tx-gas-limit": options.transaction_gas_cap,
        "--auto-impersonate": options.auto_impersonate,
        "--steps-tracing": options.steps_tracing,
        "--silent": options.silent,
    }
    return arguments + [flag for flag, wanted in switches.items() if wanted]


class Anvil(Closing):
    """A chain that can be steered: its address, a client, and its process."""

    def __init__(self, url: str, child: "_Child") -> None:
        self.url = url
        self.rpc = RpcClient(url)
        self._child = child
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is no longer there."""
        return self._child.process.poll() is not None

    def close(self) -> None:
        """End the process and wait for it; may be called again."""
        self.rpc.close()
        self._child.end()
        atexit.unregister(self.close)


@dataclass(frozen=True, slots=True)
class _Child:
    """Anvil's process, and the folder of the old states that it does not hold in memory.

    Anvil does not remove them when it is ended, up to gigabytes after a long test.
    """

    process: subprocess.Popen[bytes]
    states: tempfile.TemporaryDirectory[str]

    def end(self) -> None:
        """Ask the process to end, insist after five seconds, collect it, and remove its states."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.states.cleanup()


def start_anvil(options: AnvilOptions | None = None, timeout_seconds: float = 20.0) -> Anvil:
    """Start Anvil and return when it answers; port 0 lets the system choose a free port.

    The child has its own process group, so that Ctrl-C reaches it only through our own clean end.
    Raises ToolMissingError, PortInUseError or AnvilStartError.
    """
    options = _with_port(options or AnvilOptions())
    states = tempfile.TemporaryDirectory(prefix="keel-anvil-", ignore_cleanup_errors=True)
    with _open_log(options.log_path) as log:
        process = subprocess.Popen(
            [*command_line(options), "--cache-path", states.name],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 (only one system call, no lock)
        )
        child = _Child(process, states)
        try:
            port = _await_port(process, options.port, time.monotonic() + timeout_seconds)
            anvil = Anvil(f"http://127.0.0.1:{port}", child)
            anvil.rpc.call("eth_chainId")
        except BaseException as error:
            child.end()
            if not isinstance(error, (_NotListeningError, ChainError)):
                raise
            output = _tail(log)
            if "Address already in use" in output:
                raise _in_use(options.port) from error
            raise AnvilStartError(f"Anvil did not start ({error}): {output}") from error
    return anvil


class _NotListeningError(KeelError):
    """Why no port could be found."""


def _with_port(options: AnvilOptions) -> AnvilOptions:
    try:
        return replace(options, port=port_to_ask_for(options.port))
    except OSError as error:
        raise _in_use(options.port) from error


def _in_use(port: int) -> PortInUseError:
    return PortInUseError(f"port {port} is in use by another process")


def _open_log(path: Path | None) -> IO[bytes]:
    return tempfile.TemporaryFile() if path is None else path.open("w+b")


def _tail(log: IO[bytes]) -> str:
    """Last lines of the log, read without moving the position that the child writes at."""
    size = os.fstat(log.fileno()).st_size
    text = os.pread(log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace")
    return " / ".join(text.split("\n")[-10:]).strip(" /") or "it printed nothing"


def _await_port(process: subprocess.Popen[bytes], given: int, deadline: float) -> int:
    """Return the port of this very process, whoever else answers on the wanted one."""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _NotListeningError(f"ended with exit code {process.returncode}")
        port = listening_port(process.pid, given)
        if port is not None:
            return port
        time.sleep(0.005)
    raise _NotListeningError("did not listen on a port in time")
