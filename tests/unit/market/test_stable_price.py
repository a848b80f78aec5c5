"""StablePrice: a mean that its records bound, against its model; none of a pool that is thin."""

from dataclasses import dataclass, replace

import pytest
from ape.contracts import ContractContainer
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.abi import Abi
from keel.chain.clock import jump, now
from keel.chain.contract import deploy
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.market.contracts import StablePrice
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.market import stable_price as model
from keel.model.market.stable_pool import RATE_UNIT
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import ALL, PoolStage, refusal_of
from tests.unit.market.stage import examples

WINDOW = 600
LEAST_WEI = 500 * ETHER
STEPS = st.tuples(
    st.sampled_from(("record", "record", "sell", "buy", "rate", "thin", "wait")),
    st.integers(1, 200) | st.integers(WINDOW - 2, WINDOW + 2) | st.integers(1, 4 * WINDOW),
)


@dataclass
class Priced:
    """A pool with 1,000 ether's worth of each coin, its price, and the price's model."""

    stage: PoolStage
    price: StablePrice
    books: model.StablePrice

    def seen(self) -> model.Seen:
        pool, rpc = self.stage.pool, self.stage.rpc
        rate_wei = self.stage.wrapped.function("convertToAssets")(ETHER)
        return model.Seen(now(rpc), pool.cumulativePrice()[0], pool.invariantWei(), rate_wei)

    def record(self) -> None:
        """Record as the model does, or see it refused."""
        then = replace(self.seen(), now=self.stage.at_next(1))
        try:
            self.books.record(then)
        except Refused as refused:
            name, inputs = refusal_of(refused)
            with fails(name, **inputs):
                self.price.record.send(sender=self.stage.other)
            return
        self.price.record.send(sender=self.stage.other)
        if self.books.records:  # the sum of the very block, which nothing has traded in
            self.books.records[0] = (then.now, self.seen().price_sum)

    def require_the_models(self) -> None:
        """The price is the model's to the wei, or refused for its reason with its values."""
        try:
            expected = self.books.price_wei(self.seen())
        except Refused as refused:
            name, inputs = refusal_of(refused)
            with fails(name, **inputs):
                self.price.price()
        else:
            assert self.price.price() == expected


def placed(stage: PoolStage, artifacts: Artifacts, window: int, least_wei: int) -> StablePrice:
    artifact = artifact_named(artifacts, "StablePrice")
    errors = Abi(artifact.abi_entries, artifact_named(artifacts, "StablePool").abi_entries)
    arguments = (stage.pool.address, window, least_wei)
    created, _ = deploy(
        stage.rpc, artifact.abi, artifact.creation_code, *arguments, sender=stage.other
    )
    return StablePrice(stage.rpc, created.address, artifact.abi, errors=errors)


@pytest.fixture
def priced(stage: PoolStage, artifacts: Artifacts) -> Priced:
    stage.set_rate(5 * RATE_UNIT // 4)
    stage.add(800 * ETHER, 1_000 * ETHER)
    books = model.StablePrice(WINDOW, LEAST_WEI, [])
    return Priced(stage, placed(stage, artifacts, WINDOW, LEAST_WEI), books)


def act(priced: Priced, what: str, seconds: int) -> None:
    stage = priced.stage
    match what:
        case "record":
            priced.record()
        case "sell" | "buy":
            stage.exchange(what == "sell", seconds * ETHER // 4)
        case "rate":
            stage.set_rate(RATE_UNIT * (10_000 + seconds) // 10_000)
        case "thin":
            _flip_thinness(priced)
        case _:
            jump(stage.rpc, seconds)


def _flip_thinness(priced: Priced) -> None:
    """Take most out of the pool, or bring it back."""
    stage = priced.stage
    if stage.pool.invariantWei() < LEAST_WEI:
        stage.add(800 * ETHER, 1_000 * ETHER)
    else:
        stage.remove(stage.pool.balanceOf(stage.holder) * 9 // 10)


@examples(12)
@given(st.lists(STEPS, min_size=3, max_size=8))
def test_is_the_models_whatever_happens(priced: Priced, steps: list[tuple[str, int]]) -> None:
    """FED-9 and FED-10: price, or its reason, after each step; records are the model's."""
    priced.books.records = []
    with undone(priced.stage.rpc):
        for what, seconds in steps:
            act(priced, what, seconds)
            priced.require_the_models()
            newest_at, newest, older_at, older = priced.price.records()
            held = [(newest_at, newest), (older_at, older)]
            assert [pair for pair in held if pair[0]] == priced.books.records


def test_a_record_counts_when_it_is_a_window_old_and_not_a_second_earlier(priced: Priced) -> None:
    """FED-9: and a next one is taken from then on."""
    with fails("WindowTooLong", windowSeconds=WINDOW, rememberedSeconds=0):
        priced.price.price()
    priced.record()
    jump(priced.stage.rpc, WINDOW - 1)
    with fails("WindowTooLong", windowSeconds=WINDOW, rememberedSeconds=WINDOW - 1):
        priced.price.price()
    jump(priced.stage.rpc, 1)
    assert priced.price.price() == 5 * ETHER // 4
    priced.price.record.send(sender=priced.stage.other)
    taken_at = now(priced.stage.rpc)
    assert priced.price.records()[0] == taken_at
    with fails("RecordedTooSoon", possibleAt=taken_at + WINDOW, nowTime=taken_at + 5):
        priced.stage.at_next(5)
        priced.price.record.send(sender=priced.stage.other)


def test_a_record_is_too_old_after_three_windows(priced: Priced) -> None:
    """FED-9: a mean of days says little of now."""
    priced.record()
    jump(priced.stage.rpc, 3 * WINDOW)
    assert priced.price.price() == 5 * ETHER // 4
    jump(priced.stage.rpc, 1)
    with fails("RecordTooOld", ageSeconds=3 * WINDOW + 1, mostSeconds=3 * WINDOW):
        priced.price.price()


def test_a_sale_counts_for_as_long_as_it_stood(priced: Priced) -> None:
    """FED-9: in its own block by nothing; after a window by itself alone."""
    priced.record()
    jump(priced.stage.rpc, WINDOW)
    priced.record()
    priced.stage.exchange(True, 700 * ETHER)
    low_wei = priced.stage.pool.spotPrice() * 5 // 4
    assert low_wei < ETHER * 119 // 100
    assert priced.price.price() == 5 * ETHER // 4
    jump(priced.stage.rpc, WINDOW)
    priced.record()
    jump(priced.stage.rpc, WINDOW)
    assert abs(priced.price.price() - low_wei) <= 2


def test_a_thin_pool_has_no_price_and_who_records_it_forgets(priced: Priced) -> None:
    """FED-10: while it is thin; and, recorded then, for a window after it is filled again."""
    stage, price = priced.stage, priced.price
    priced.record()
    jump(stage.rpc, WINDOW)
    shares = stage.pool.balanceOf(stage.holder)
    with undone(stage.rpc):
        stage.remove(shares * 7 // 10)
        assert price.price() == 5 * ETHER // 4  # 600 ether are left
    stage.remove(shares * 9 // 10)
    worth_wei = stage.pool.invariantWei()
    with fails("MarketTooThin", worthWei=worth_wei, leastWei=LEAST_WEI):
        price.price()
    with undone(stage.rpc):
        stage.add(720 * ETHER, 900 * ETHER)
        assert abs(price.price() - 5 * ETHER // 4) <= 1  # nobody saw it
    receipt = price.record.send(sender=stage.other)
    (event,) = price.events(receipt, "Forgotten")
    assert event.inputs == {"caller": stage.other, "worthWei": worth_wei}
    stage.add(720 * ETHER, 900 * ETHER)
    with fails("WindowTooLong", windowSeconds=WINDOW, rememberedSeconds=0):
        price.price()
    priced.record()


def test_nothing_answers_while_the_pool_is_in_a_call(
    priced: Priced, test_contracts: dict[str, ContractContainer], actors: Actors
) -> None:
    """FED-10: a lender that is called in the middle of a withdrawal gets no price."""
    stage = priced.stage
    priced.record()
    jump(stage.rpc, WINDOW)
    compiled = test_contracts["TestPriceReader"].contract_type
    code = bytes(compiled.get_deployment_bytecode() or b"")
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
    reader, _ = deploy(stage.rpc, abi, code, priced.price.address, sender=actors.deployer.address)
    stage.wrapped.function("tell").send(reader.address, sender=stage.other)
    stage.pool.removeLiquidity.send(ETHER, 0, 0, reader.address, ALL, sender=stage.holder)
    assert reader.function("answered")() == (False,)
    stage.wrapped.function("transfer").send(reader.address, 1, sender=stage.trader)
    assert reader.function("answered")() == (False, True)


def test_terms_are_bounded(stage: PoolStage, artifacts: Artifacts) -> None:
    """FED-9: some time, some worth."""
    with fails("ParameterOutOfBounds", what="windowSeconds", value=0, bound=2**32 - 1):
        placed(stage, artifacts, 0, LEAST_WEI)
    with fails("ParameterOutOfBounds", what="leastWei", value=0, bound=2**256 - 1):
        placed(stage, artifacts, WINDOW, 0)
