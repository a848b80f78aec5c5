"""What a deployment leaves on the chain, and that a broken-off one goes on."""

from keel.deploy.roles import ADMIN
from tests.deployment import Keel


def test_the_vault_holds_exactly_the_first_deposit(keel_on_either_profile: Keel) -> None:
    vault = keel_on_either_profile.quick.vault
    assert vault.call("totals") == (10**27, 10**18, 0)
    assert vault.call("bufferedWei") == 10**18


def test_the_deployer_keeps_no_role(keel: Keel) -> None:
    manager = keel.quick.manager
    assert manager.call("hasRole", ADMIN.id, keel.plan.deployer) == (False, 0)
    governance = keel.holder_of("ADMIN").address
    delay = keel.configuration.delay_seconds("ADMIN")
    assert manager.call("hasRole", ADMIN.id, governance) == (True, delay)


def test_a_change_in_one_test(keel: Keel) -> None:
    depositor = keel.actors.depositor.address
    keel.quick.vault.send("deposit", depositor, depositor, sender=depositor, value_wei=10**18)
    assert keel.ape.vault.sharesOf(depositor) == 10**27


def test_is_gone_in_the_next(keel: Keel) -> None:
    assert keel.ape.vault.sharesOf(keel.actors.depositor) == 0
