"""Ports for services that do not run yet."""

import socket

from keel.circle.ports import HOST, choose_ports


def test_no_port_is_chosen_twice_in_a_row() -> None:
    chosen = [port for count in (1, 5, 20) for port in choose_ports(count)]
    assert len(set(chosen)) == 26


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    (port,) = choose_ports(1)
    with socket.socket() as taken:
        taken.bind((HOST, port + 1))
        taken.listen()
        assert port + 1 not in choose_ports(3)
    assert len(choose_ports(3)) == 3
