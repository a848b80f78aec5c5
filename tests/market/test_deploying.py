"""Systems are deployed once, whatever breaks off, and found by their addresses."""

from keel.chain.state import nonce
from keel.market.system import Site
from keel.market.systems import SYSTEMS
from tests.deployment import Keel
from tests.market.conftest import bare_site


def test_every_system_stands_at_addresses_with_code(site: Site) -> None:
    assert [each.name for each in SYSTEMS if not each.stands(site)] == []


def test_a_second_deployment_sends_nothing_and_finds_the_same(site: Site, keel: Keel) -> None:
    again = bare_site(keel)
    before = nonce(keel.rpc, again.deployer.account)
    for system in SYSTEMS:
        again.records[system.name] = system.deploy(again).as_record()
    assert again.records == site.records
    assert nonce(keel.rpc, again.deployer.account) == before


def test_a_system_whose_code_is_gone_does_not_stand(site: Site) -> None:
    for system in SYSTEMS:
        part, address = next(iter(site.records[system.name].items()))
        site.rpc.call("anvil_setCode", address, "0x")
        assert not system.stands(site), (system.name, part)


def test_each_system_says_what_stands_in_it(site: Site) -> None:
    for system in SYSTEMS:
        lines = list(system.status(site, system.found(site)))
        assert {line.address for line in lines} <= set(site.records[system.name].values())
        assert all(line.state for line in lines)
