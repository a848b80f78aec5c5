"""Work of other threads is done in the one that lets slots pass, at once and in order."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.control.server import serve
from keel.consensus.beacon.errors import BeaconError


@pytest.fixture
def errands(chain: BeaconChain, tmp_path: Path) -> Iterator[Errands]:
    """Those of a chain that is served in a thread of its own, named "slots"."""
    stop = threading.Event()
    with Errands() as asked:
        desk = Desk(chain, tmp_path / "c")
        thread = threading.Thread(
            target=lambda: serve(desk, stop.is_set, errands=asked), name="slots"
        )
        thread.start()
        yield asked
        stop.set()
        thread.join()


def test_work_is_done_in_the_thread_of_the_slots(errands: Errands, chain: BeaconChain) -> None:
    assert errands.ask(lambda: threading.current_thread().name) == "slots"
    slot = chain.slot
    assert errands.ask(chain.step).slot == slot + 1


def test_work_does_not_wait_for_the_next_look(errands: Errands) -> None:
    errands.ask(lambda: None)
    began = time.monotonic()
    for _ in range(20):
        errands.ask(lambda: None)
    assert time.monotonic() - began < 1.0


def test_what_work_raises_is_raised_to_whoever_asked(errands: Errands) -> None:
    with pytest.raises(ZeroDivisionError):
        errands.ask(lambda: 1 // 0)
    assert errands.ask(lambda: 5) == 5


def test_what_waits_at_the_end_is_refused() -> None:
    errands = Errands()
    refused: list[str] = []

    def ask() -> None:
        try:
            errands.ask(lambda: None)
        except BeaconError as error:
            refused.append(str(error))

    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(0.05)
    errands.close()
    waiting.join(timeout=5)
    ask()
    assert refused == ["the chain has ended"] * 2
