"""Ports for services that do not run yet."""

import socket
import subprocess
import sys

from keel.circle.ports import HOST, choose_ports

_CHOOSER = """
import sys
from keel.circle.ports import choose_ports
print(*(port for _ in range(150) for port in choose_ports(20)), flush=True)
sys.stdin.read()
"""


def _chooser() -> subprocess.Popen[str]:
    command = (sys.executable, "-c", _CHOOSER)
    return subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_no_port_is_chosen_twice_in_a_row() -> None:
    chosen = [port for count in (1, 5, 20) for port in choose_ports(count)]
    assert len(set(chosen)) == 26


def test_no_port_is_chosen_by_two_processes_that_live_at_once() -> None:
    choosers = [_chooser() for _ in range(5)]
    chosen = [port for each in choosers if each.stdout for port in each.stdout.readline().split()]
    for each in choosers:
        each.communicate()
    assert len(chosen) == 5 * 3_000
    assert len(set(chosen)) == len(chosen)


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    (port,) = choose_ports(1)
    with socket.socket() as taken:
        taken.bind((HOST, port + 1))
        taken.listen()
        assert port + 1 not in choose_ports(3)
    assert len(choose_ports(3)) == 3
