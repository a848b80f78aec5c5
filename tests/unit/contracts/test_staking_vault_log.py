"""SHR-8: the log alone gives every holder's shares, after any history."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, now, reverting
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.chain.state import block_head, set_balance_wei
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.share_index import Entry, ShareIndex
from tests.unit.contracts.vaults import accounts_of, change, insure, shares_of, stake

PEOPLE = ("depositor", "holder", "redeemer", "underwriter")

type Deed = Callable[[Keel, str, str, int], None]


def wrap(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.wrapped.deposit.send(wei, other, sender=person)


def unwrap(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.wrapped.redeem.send(wei, other, person, sender=person)


def withdraw(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.wrapped.withdraw.send(wei, other, person, sender=person)


def move(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.vault.transfer.send(other, wei, sender=person)


def move_shares(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.vault.transferShares.send(other, wei * 10**9 + 1, sender=person)


def request(keel: Keel, person: str, other: str, wei: int) -> None:
    amounts = [wei, 10**15 + 1]
    keel.quick.queue.requestMany.send(amounts, other, sender=person)


def redeem(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.instant.redeem.send(wei * 10**9 + 3, other, 0, sender=person)


def deposit_wrapped(keel: Keel, person: str, other: str, wei: int) -> None:
    keel.quick.vault.depositWrapped.send(other, person, sender=person, value_wei=wei + 1)


def gain(keel: Keel, person: str, other: str, wei: int) -> None:
    change(keel, wei)


def lose(keel: Keel, person: str, other: str, wei: int) -> None:
    change(keel, -3 * wei)


def reward(keel: Keel, person: str, other: str, wei: int) -> None:
    """Operators' shares leave the registry as its claims move them."""
    registry = as_contract(keel.quick.registry)
    (held,) = shares_of(keel, registry)
    keel.quick.vault.transferShares.send(other, held // 2, sender=registry)


def wait(keel: Keel, person: str, other: str, wei: int) -> None:
    jump(keel.rpc, wei % keel.profile.frame_seconds)


def set_terms(keel: Keel, person: str, other: str, wei: int) -> None:
    terms = keel.quick.vault.terms()._replace(treasury=other, insuranceBps=3_333)
    keel.call_as_role(keel.quick.vault, "setTerms", terms)
    change(keel, 0)


def deposit_for(keel: Keel, person: str, other: str, wei: int) -> None:
    deposit(keel, person, wei)


DEEDS: tuple[Deed, ...] = (
    deposit_for,
    deposit_wrapped,
    move,
    move_shares,
    wrap,
    unwrap,
    withdraw,
    request,
    redeem,
    gain,
    lose,
    reward,
    wait,
    set_terms,
)

steps = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
        st.integers(1, 3 * ETHER) | st.integers(1, 10),
    ),
    min_size=5,
    max_size=25,
)


@pytest.fixture
def launched(keel: Keel) -> Keel:
    """People with both tokens, validators, and insurance."""
    for name in PEOPLE:
        person = keel.actors[name].address
        deposit(keel, person, 50 * ETHER)
        keel.quick.wrapped.deposit.send(10 * ETHER, person, sender=person)
    stake(keel, 5)
    insure(keel, 4 * ETHER)
    set_balance_wei(keel.rpc, keel.quick.registry.address, ETHER)
    change(keel, ETHER)
    return keel


def index_of(keel: Keel) -> ShareIndex:
    """Replay the log from the deployment on."""
    index = ShareIndex(
        keel.quick.vault.address, keel.quick.wrapped.address, keel.quick.registry.address
    )
    first, last = keel.deployment.block, block_head(keel.rpc).number
    contracts: list[Contract] = [keel.quick.vault, keel.quick.wrapped]
    events = [(c, event) for c in contracts for event in c.events_between(first, last)]
    events.sort(key=lambda pair: (pair[1].log.block_number, pair[1].log.log_index))
    numbers = sorted({event.log.block_number for _, event in events})
    requests = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
    heads = keel.rpc.batch(requests)
    times = {n: int(head["timestamp"], 16) for n, head in zip(numbers, heads, strict=True)}
    index.read([Entry(c.address, e, times[e.log.block_number]) for c, e in events])
    return index


def check(keel: Keel) -> None:
    index, accounts = index_of(keel), accounts_of(keel)
    holders = list(index.shares_of)
    assert shares_of(keel, *holders) == [index.shares_of[holder] for holder in holders]
    assert sum(index.shares_of.values()) == index.total == accounts.shares
    assert index.assets_wei == accounts.backing_wei
    assert index.visible_wei(now(keel.rpc)) == keel.quick.vault.totalSupply()


class TestLog:
    @pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
    def test_gives_the_shares_after_each_deed(self, launched: Keel, deed: Deed) -> None:
        keel = launched
        person, other = keel.actors.depositor.address, keel.actors.holder.address
        deed(keel, person, other, ETHER + 7)
        check(keel)

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(steps=steps)
    def test_gives_the_shares_after_any_history(
        self, *, launched: Keel, steps: list[tuple[Deed, str, str, int]]
    ) -> None:
        """Deeds that Keel refuses leave no log."""
        keel = launched
        with reverting(keel.rpc):
            for deed, name, other, wei in steps:
                people = (keel.actors[name].address, keel.actors[other].address)
                with suppress(Reverted):
                    deed(keel, *people, wei)
            check(keel)
