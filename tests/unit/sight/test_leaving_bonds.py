"""Parts of bonds wait from their release to their payment."""

from keel.chain.abi import Event, Log
from keel.sight.history import History
from keel.sight.leaving_bonds import LeavingBond

LOG = Log("0x" + "00" * 20, (), b"", 0, 1, "0x")


def released(number: int, units: int = 10) -> Event:
    inputs = {"operatorId": 3, "pubkeyRoot": bytes([number]), "units": units, "payableAt": 99}
    return Event("BondReleased", inputs, LOG)


def paid(number: int) -> Event:
    inputs = {"operatorId": 3, "pubkeyRoot": bytes([number]), "units": 10, "to": "0x"}
    return Event("BondPaid", inputs, LOG)


def test_what_was_released_and_not_paid_waits_in_order() -> None:
    events = (released(2), released(1), paid(2), released(3, units=0), Event("Swept", {}, LOG))
    assert History(events).leaving_bonds == (LeavingBond(3, b"\x01", 10, 99),)
    assert History(events[:2]).leaving_bonds == (
        LeavingBond(3, b"\x02", 10, 99),
        LeavingBond(3, b"\x01", 10, 99),
    )
