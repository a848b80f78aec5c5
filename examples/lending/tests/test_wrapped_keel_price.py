"""The adapter against a whole Keel: vault, committee, validators, beacon chain."""

import ape
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from keel.consensus.beacon.chain import BeaconChain
from keel.testing.protocol import KeelProtocol

NOBODY = "0x" + "0" * 40
ETHER = 10**18
STALE = 4


def test_the_price_is_what_unwrapping_pays(
    price: ContractInstance, keel_protocol: KeelProtocol, depositor: AccountAPI
) -> None:
    keel_protocol.vault.depositWrapped(depositor, NOBODY, value=10 * ETHER, sender=depositor)
    units = keel_protocol.wrapped.balanceOf(depositor)
    worth_wei = units * price.price() // 10**36
    keel_protocol.wrapped.redeem(units, depositor, depositor, sender=depositor)
    received_wei = keel_protocol.vault.balanceOf(depositor)
    assert 10 * ETHER - 10 < worth_wei <= received_wei <= 10 * ETHER


def test_rewards_raise_it_after_a_report(
    price: ContractInstance, keel_protocol: KeelProtocol
) -> None:
    before = price.price()
    assert keel_protocol.report().applied
    keel_protocol.beacon.step()  # profit streams in from now on
    assert price.price() > before


def test_it_is_withheld_when_no_report_comes(price: ContractInstance, beacon: BeaconChain) -> None:
    assert price.price() > 0
    beacon.to_slot(beacon.slot + 5 * 32)  # five frames
    with ape.reverts(price.PriceWithheld, error_inputs={"state": STALE}):
        price.price()


def test_each_test_starts_from_the_same_chain(
    keel_protocol: KeelProtocol, depositor: AccountAPI, beacon: BeaconChain
) -> None:
    assert keel_protocol.vault.balanceOf(depositor) == 0
    assert keel_protocol.wrapped.balanceOf(depositor) == 0
    assert keel_protocol.vault.state() < STALE
