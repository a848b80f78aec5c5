"""SY-wkETH: wkETH as Pendle's contracts call it (SYA)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, now, reverting, set_next_timestamp
from keel.chain.contract import Contract, deploy
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.artifacts import artifact_named
from keel.model.constants import ETHER, SHARES_PER_UNIT
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.vaults import change, lose_everything, stake

NATIVE = "0x" + "0" * 40
FOREVER = 2**256 - 1

repeated = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def holder(keel: Keel) -> str:
    return str(keel.actors.holder.address)


@pytest.fixture
def adapter(keel: Keel, holder: str) -> Contract:
    """The holder has 60 ETH of kETH and 40 of wkETH, at a rate above par that still grows."""
    deposit(keel, holder, 100 * ETHER)
    keel.quick.wrapped.deposit.send(40 * ETHER, holder, sender=holder)
    stake(keel, 3)
    change(keel, 7 * ETHER + 1)
    jump(keel.rpc, keel.profile.frame_seconds // 3)
    adapter = place(keel, keel.quick.wrapped.address)
    for token in (keel.quick.vault, keel.quick.wrapped):
        token.approve.send(adapter.address, FOREVER, sender=holder)
    return adapter


def place(keel: Keel, *arguments: str) -> Contract:
    """Create an adapter; it explains Keel's errors beside its own."""
    artifact, deployer = (
        artifact_named(keel.artifacts, "YieldAdapter"),
        keel.actors.deployer.address,
    )
    code = artifact.creation_code
    created, _ = deploy(keel.rpc, artifact.abi, code, *arguments, sender=deployer)
    errors = artifact.abi
    errors.errors.update(keel.quick.vault.errors.errors | errors.errors)
    return Contract(keel.rpc, created.address, artifact.abi, errors=errors)


def shares_of(adapter: Contract, holder: str) -> int:
    return int(adapter.function("balanceOf")(holder))


def units_held(keel: Keel, adapter: Contract) -> int:
    return keel.quick.wrapped.balanceOf(adapter.address)


def put_in(
    adapter: Contract, holder: str, token: str, amount: int, *, least: int = 0
) -> tuple[int, Receipt]:
    """Deposit in a block of the latest one's time, so that previews hold; what it minted."""
    before = shares_of(adapter, holder)
    set_next_timestamp(adapter.rpc, now(adapter.rpc))
    receipt = adapter.function("deposit").send(
        holder, token, amount, least, sender=holder, value_wei=amount if token == NATIVE else 0
    )
    return shares_of(adapter, holder) - before, receipt


def test_says_what_it_is(keel: Keel, adapter: Contract) -> None:
    """SYA-6: nothing is paid beside the rate, and Pendle reads empty lists of it."""
    wrapped, keeth = keel.quick.wrapped.address, keel.quick.vault.address
    names = ("name", "symbol", "decimals", "yieldToken", "getTokensIn", "getTokensOut", "assetInfo")
    said = [adapter.function(name)() for name in names]
    assert said[:4] == ["SY Wrapped Keel Ether", "SY-wkETH", 18, wrapped]
    assert said[4:6] == [(NATIVE, keeth, wrapped), (wrapped,)]
    assert tuple(said[6]) == (0, keeth, 18)
    lists = ("getRewardTokens", "rewardIndexesCurrent", "rewardIndexesStored")
    assert [adapter.function(name)() for name in lists] == [()] * 3
    for name in ("claimRewards", "accruedRewards"):
        assert adapter.function(name)(wrapped) == ()


def test_takes_ether_and_both_tokens_and_pays_wrapped_alone(keel: Keel, adapter: Contract) -> None:
    wrapped, keeth = keel.quick.wrapped.address, keel.quick.vault.address
    tokens = (NATIVE, keeth, wrapped, adapter.address)
    takes = [adapter.function("isValidTokenIn")(token) for token in tokens]
    pays = [adapter.function("isValidTokenOut")(token) for token in tokens]
    assert takes == [True, True, True, False]
    assert pays == [False, False, True, False]


class TestDeposit:
    def test_mints_a_share_for_each_unit(self, keel: Keel, adapter: Contract, holder: str) -> None:
        """SYA-1, SYA-2."""
        wrapped = keel.quick.wrapped
        before = wrapped.balanceOf(holder)
        minted, receipt = put_in(adapter, holder, wrapped.address, 7 * ETHER + 3)
        assert minted == before - wrapped.balanceOf(holder) == 7 * ETHER + 3
        (event,) = adapter.events(receipt, "Deposit")
        told = (holder, holder, wrapped.address, minted, minted)
        assert tuple(event.inputs.values()) == told

    @repeated
    @given(st.integers(min_value=10**6, max_value=20 * ETHER), st.data())
    def test_is_what_its_preview_says_and_never_more_than_it_is_worth(
        self, keel: Keel, adapter: Contract, holder: str, amount: int, data: st.DataObject
    ) -> None:
        """SYA-2, SYA-5."""
        token = data.draw(
            st.sampled_from([NATIVE, keel.quick.vault.address, keel.quick.wrapped.address])
        )
        with reverting(keel.rpc):
            asked = adapter.function("previewDeposit")(token, amount)
            minted, _ = put_in(adapter, holder, token, amount, least=asked)
            assert minted == asked
            assert minted == adapter.function("totalSupply")() == units_held(keel, adapter)
            if token != keel.quick.wrapped.address:
                exact = keel.quick.vault.toSharesDown(amount)
                assert minted == exact // SHARES_PER_UNIT

    def test_leaves_less_than_a_unit_and_a_wei_of_keth(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        """SYA-2: what is short of a unit is nobody's; it makes no share of another dearer."""
        vault = keel.quick.vault
        put_in(adapter, holder, vault.address, ETHER + 1)
        left = vault.sharesOf(adapter.address)
        assert 0 < left <= SHARES_PER_UNIT + vault.toSharesUp(1)
        assert shares_of(adapter, holder) == units_held(keel, adapter)

    def test_is_refused_when_nothing_or_too_little_comes_of_it(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        wrapped, keeth = keel.quick.wrapped.address, keel.quick.vault.address
        with fails("ZeroShares"):
            put_in(adapter, holder, wrapped, 0)
        asked = adapter.function("previewDeposit")(keeth, ETHER)
        with fails("BelowMinimumOut", amount=asked, minAmount=asked + 1):
            put_in(adapter, holder, keeth, ETHER, least=asked + 1)
        assert shares_of(adapter, holder) == 0

    def test_takes_exactly_the_ether_that_it_is_told(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        send = adapter.function("deposit").send
        for sent in (ETHER - 1, ETHER + 1):
            with fails("WrongValue", sentWei=sent, neededWei=ETHER):
                send(holder, NATIVE, ETHER, 0, sender=holder, value_wei=sent)
        with fails("WrongValue", sentWei=1, neededWei=0):
            wrapped = keel.quick.wrapped.address
            send(holder, wrapped, ETHER, 0, sender=holder, value_wei=1)
        send(holder, NATIVE, ETHER, 0, sender=holder, value_wei=ETHER)
        assert balance_wei(keel.rpc, adapter.address) == 0

    def test_refuses_another_token(self, adapter: Contract, holder: str) -> None:
        token = adapter.address
        with fails("TokenNotAccepted", token=token):
            put_in(adapter, holder, token, 1)
        with fails("TokenNotAccepted", token=token):
            adapter.function("previewDeposit")(token, 1)

    def test_of_ether_stops_where_the_core_takes_none(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        """SYA-2: wkETH still comes in and goes out, whatever the state of the core."""
        vault, wrapped = keel.quick.vault, keel.quick.wrapped.address
        jump(keel.rpc, 14 * keel.profile.frame_seconds)
        with fails("ActionClosed", action=0, state=vault.state()):
            put_in(adapter, holder, NATIVE, ETHER)
        put_in(adapter, holder, wrapped, ETHER)
        redeem = adapter.function("redeem").send
        redeem(holder, ETHER, wrapped, ETHER, False, sender=holder)
        assert shares_of(adapter, holder) == 0


class TestRedemption:
    def test_pays_a_unit_for_each_share(self, keel: Keel, adapter: Contract, holder: str) -> None:
        """SYA-3."""
        wrapped, stranger = keel.quick.wrapped, keel.actors.stranger.address
        put_in(adapter, holder, wrapped.address, 9 * ETHER)
        redeem = adapter.function("redeem")
        receipt = redeem.send(stranger, 4 * ETHER, wrapped.address, 4 * ETHER, False, sender=holder)
        (event,) = adapter.events(receipt, "Redeem")
        told = (holder, stranger, wrapped.address, 4 * ETHER, 4 * ETHER)
        assert tuple(event.inputs.values()) == told
        assert wrapped.balanceOf(stranger) == 4 * ETHER
        assert shares_of(adapter, holder) == units_held(keel, adapter) == 5 * ETHER

    def test_burns_what_lies_in_the_adapter_for_whoever_asks(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        """SYA-3."""
        wrapped, stranger = keel.quick.wrapped, keel.actors.stranger.address
        put_in(adapter, holder, wrapped.address, 9 * ETHER)
        adapter.function("transfer").send(adapter.address, 2 * ETHER, sender=holder)
        redeem = adapter.function("redeem").send
        lying = {"sender": adapter.address, "balance": 2 * ETHER, "needed": 2 * ETHER + 1}
        with fails("ERC20InsufficientBalance", **lying):
            redeem(stranger, 2 * ETHER + 1, wrapped.address, 0, True, sender=stranger)
        redeem(stranger, 2 * ETHER, wrapped.address, 0, True, sender=stranger)
        assert wrapped.balanceOf(stranger) == 2 * ETHER
        assert shares_of(adapter, holder) == units_held(keel, adapter) == 7 * ETHER

    def test_is_refused_without_shares_for_less_or_in_another_token(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        wrapped, keeth = keel.quick.wrapped.address, keel.quick.vault.address
        redeem = adapter.function("redeem").send
        put_in(adapter, holder, wrapped, ETHER)
        none = {"sender": holder, "balance": ETHER, "needed": ETHER + 1}
        with fails("ERC20InsufficientBalance", **none):
            redeem(holder, ETHER + 1, wrapped, 0, False, sender=holder)
        with fails("BelowMinimumOut", amount=ETHER, minAmount=ETHER + 1):
            redeem(holder, ETHER, wrapped, ETHER + 1, False, sender=holder)
        with fails("ZeroShares"):
            redeem(holder, 0, wrapped, 0, False, sender=holder)
        for token in (keeth, NATIVE):
            with fails("TokenNotAccepted", token=token):
                redeem(holder, ETHER, token, 0, False, sender=holder)
            with fails("TokenNotAccepted", token=token):
                adapter.function("previewRedeem")(token, ETHER)
        assert adapter.function("previewRedeem")(wrapped, ETHER) == ETHER

    def test_leaves_gifts_to_nobody(self, keel: Keel, adapter: Contract, holder: str) -> None:
        """SYA-1."""
        wrapped = keel.quick.wrapped
        put_in(adapter, holder, wrapped.address, ETHER)
        rate = adapter.function("exchangeRate")()
        set_next_timestamp(keel.rpc, now(keel.rpc))
        wrapped.transfer.send(adapter.address, 5 * ETHER, sender=holder)
        assert adapter.function("exchangeRate")() == rate
        assert adapter.function("previewRedeem")(wrapped.address, ETHER) == ETHER
        assert adapter.function("totalSupply")() == ETHER


class TestExchangeRate:
    def test_is_what_a_unit_is_worth_in_keth(self, keel: Keel, adapter: Contract) -> None:
        """SYA-4: it grows with the stream, second by second, and falls with a loss."""
        wrapped, vault = keel.quick.wrapped, keel.quick.vault

        def rate() -> int:
            found = int(adapter.function("exchangeRate")())
            assert found == wrapped.convertToAssets(ETHER)
            assert found == vault.toAssetsDown(ETHER * SHARES_PER_UNIT)
            return found

        first = rate()
        jump(keel.rpc, keel.profile.frame_seconds // 3)
        second = rate()
        assert ETHER < first < second
        change(keel, -20 * ETHER)  # more than the stream bears
        assert rate() < second

    def test_is_nothing_when_everything_is_lost(
        self, keel: Keel, adapter: Contract, holder: str
    ) -> None:
        """SYA-4: shares still pay their wkETH."""
        wrapped = keel.quick.wrapped
        put_in(adapter, holder, wrapped.address, ETHER)
        lose_everything(keel)
        assert adapter.function("exchangeRate")() == 0
        redeem = adapter.function("redeem").send
        redeem(holder, ETHER, wrapped.address, ETHER, False, sender=holder)
        assert units_held(keel, adapter) == 0


def test_is_not_created_for_an_account_without_code(keel: Keel, holder: str) -> None:
    with fails("NoCode", account=holder):
        place(keel, holder)


def test_lets_no_contract_of_the_core_do_more_than_anybody(keel: Keel, adapter: Contract) -> None:
    """SYA-6: a redemption of others' shares is refused to all, the vault included."""
    vault, wrapped = as_contract(keel.quick.vault), keel.quick.wrapped.address
    none = {"sender": vault, "balance": 0, "needed": 1}
    with fails("ERC20InsufficientBalance", **none):
        adapter.function("redeem").send(vault, 1, wrapped, 0, False, sender=vault)
