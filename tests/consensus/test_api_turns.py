"""Turns between the chain and its readers."""

import threading
import time

from keel.consensus.beacon.turns import Turns


def test_who_waits_comes_before_who_wants_another_turn() -> None:
    turns, order = Turns(), []

    def read() -> None:
        with turns.taking():
            order.append("reader")

    for _ in range(10):
        reader = threading.Thread(target=read)
        with turns.taking():
            reader.start()
            # In a busy thread, as a slot is: one that sleeps would let an ordinary lock go.
            busy_until = time.perf_counter() + 0.04
            while time.perf_counter() < busy_until:
                pass
        with turns.taking():
            order.append("chain")
        reader.join()
    assert order == ["reader", "chain"] * 10


def test_a_turn_may_be_taken_again_inside_and_ends_with_the_first() -> None:
    turns, entered = Turns(), threading.Event()

    def read() -> None:
        with turns.taking():
            entered.set()

    reader = threading.Thread(target=read)
    with turns.taking():
        reader.start()
        with turns.taking():
            pass
        assert not entered.wait(0.05)
    assert entered.wait(5)
    reader.join()
