"""A chain that is ended and goes on: the same command, the same folder, the same chain."""

import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from keel.chain.anvil import start_anvil
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head, unlocked_accounts
from keel.circle.reports import Reported, reports_between
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.deploy.artifacts import fingerprint, load_artifacts
from keel.deploy.bindings import Bindings, bind
from keel.deploy.manifest import Manifest
from keel.model.constants import ETHER
from keel.scenarios.kept_state import StateError, StateFolder
from tests.circle.running_chain import Chain, running

_OPTIONS = ("--reporters", "3", "--fast", "--no-page", "--no-monitor")
_FIRST_KEEL_VALIDATOR = 64
_FRAME = 32


@dataclass(frozen=True)
class Seen:
    """What a running chain answers; `head` and `validators` are of its latest slot with a block."""

    bindings: Bindings
    api: httpx.Client
    head: dict[str, Any]

    @property
    def slot(self) -> int:
        return int(self.head["header"]["message"]["slot"])

    def at(self, number: int, holder: str) -> list[Any]:
        """Blocks, receipts and logs up to a block, and what a holder had then."""
        rpc, vault = self.bindings.rpc, self.bindings.vault
        numbers = range(number + 1)
        blocks = rpc.batch([("eth_getBlockByNumber", (hex(each), True)) for each in numbers])
        sent = [each["hash"] for block in blocks for each in block["transactions"]]
        receipts = rpc.batch([("eth_getTransactionReceipt", (each,)) for each in sent])
        logs = rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(number)})
        ether = rpc.call("eth_getBalance", holder, hex(number))
        return [blocks, receipts, logs, ether, vault.balanceOf(holder, block=number)]

    def validators(self, slot: int) -> Any:
        return self.api.get(f"/eth/v1/beacon/states/{slot}/validators").json()["data"]

    def header(self, slot: int) -> Any:
        return self.api.get(f"/eth/v1/beacon/headers/{slot}").json()["data"]

    def reports(self) -> list[Reported]:
        return reports_between(self.bindings, 1, block_head(self.bindings.rpc).number)


def _seen(chain: Chain) -> Seen:
    rpc = RpcClient(chain.expect(r"RPC address: (\S+)"))
    manifest = Manifest.read(chain.screen.with_name("manifest.json"))
    for name in ("reporter_1", "reporter_2", "reporter_3", "keeper_1"):
        chain.expect(f"{name} is ready")
    api = httpx.Client(base_url=chain.expect(r"Beacon API: (\S+)"), timeout=30)
    head = api.get("/eth/v1/beacon/headers/head").json()["data"]
    return Seen(bind(rpc, manifest.addresses, load_artifacts()), api, head)


def _end(chain: Chain) -> None:
    chain.process.send_signal(signal.SIGINT)
    assert chain.process.wait(timeout=60) == 0, chain.told


@dataclass(frozen=True)
class Shown:
    """`rate_wei` is what 1 wkETH is worth; `paid` and `last` are numbers of tickets."""

    active: int
    reports: int
    rate_wei: int
    paid: int
    last: int


def _shown(seen: Seen) -> Shown:
    own = seen.validators(seen.slot)[_FIRST_KEEL_VALIDATOR:]
    c = seen.bindings
    return Shown(
        active=sum(each["status"].startswith("active") for each in own),
        reports=len(seen.reports()),
        rate_wei=c.wrapped.convertToAssets(ETHER),
        paid=c.queue.lastFinalised(),
        last=c.queue.lastTicket(),
    )


@dataclass(frozen=True)
class Kept:
    """A folder with a chain that began with --demo, and what it answered before its end.

    `first_save` is the slot saved before it went on, `begun` what the protocol showed after it.
    """

    folder: Path
    number: int
    holder: str
    answers: list[Any]
    slot: int
    header: Any
    validators: Any
    ref_slots: list[int]
    first_save: int
    begun: Shown


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = tmp_path_factory.mktemp("kept")
    with running(place, "--state", str(place / "state"), "--demo", *_OPTIONS) as chain:
        begun = _seen(chain)
        shown = _shown(begun)
        first_save = _folder(place / "state").saved()
        assert first_save is not None
        rpc, vault = begun.bindings.rpc, begun.bindings.vault
        holder = unlocked_accounts(rpc)[-1]
        value = {"from": holder, "to": vault.address, "value": hex(33 * ETHER)}
        rpc.call("eth_sendTransaction", value)
        rpc.call("keel_until", "slot", _next_ref_slot(begun) + 2)
        seen = _seen(chain)
        number = block_head(rpc).number
        kept = Kept(
            place,
            number,
            holder,
            seen.at(number, holder),
            seen.slot,
            seen.header(seen.slot),
            seen.validators(seen.slot),
            [each.report.ref_slot for each in seen.reports()],
            first_save.slot,
            shown,
        )
        _end(chain)
        assert "Saving the chain at slot" in chain.told
    return kept


def test_a_new_chain_with_demo_begins_with_everything_that_users_ask_for(kept: Kept) -> None:
    begun = kept.begun
    assert begun.active >= 1
    assert begun.reports >= 3
    assert begun.rate_wei > ETHER
    assert 1 <= begun.paid < begun.last
    assert 0 < kept.first_save < kept.slot


def test_a_chain_goes_on_with_the_same_head_history_and_reports(kept: Kept) -> None:
    state = kept.folder / "state"
    saved = orjson.loads((_saved(state) / "chain" / "chain.json").read_bytes())
    with running(kept.folder, "--state", str(state), "--demo", *_OPTIONS) as chain:
        seen = _seen(chain)
        assert f"Going on at slot {saved['head_slot']} with both layers as saved" in chain.told
        assert f"--demo: {state} holds a chain already, which goes on." in chain.told
        _the_same_as_before(seen, kept)
        _no_slot_is_lost(seen, saved["head_slot"], "0x" + saved["head_root"])
        _a_second_start_is_refused(kept.folder, state)
        seen.bindings.rpc.call("keel_advance", _FRAME)
        first, *_ = new = seen.reports()[len(kept.ref_slots) :]
        assert first.report.ref_slot < saved["head_slot"], "its block is one of before the end"
        for each in new:
            _is_right(each, seen)
        _end(chain)
    again = orjson.loads((_saved(state) / "chain" / "chain.json").read_bytes())
    assert again["head_slot"] >= saved["head_slot"] + _FRAME
    assert len(list(state.glob("saved-*"))) == 1


def _saved(state: Path) -> Path:
    (folder,) = state.glob("saved-*")
    return folder


def _the_same_as_before(seen: Seen, kept: Kept) -> None:
    assert seen.at(kept.number, kept.holder) == kept.answers
    assert kept.answers[-1] > 32 * ETHER
    assert seen.header(kept.slot) == kept.header
    assert seen.validators(kept.slot) == kept.validators
    again = [each.report.ref_slot for each in seen.reports()]
    assert again[: len(kept.ref_slots)] == kept.ref_slots
    assert len(kept.ref_slots) >= 3


def _no_slot_is_lost(seen: Seen, head_slot: int, head_root: str) -> None:
    """The head is the one that was saved, and the next slot has a block on it."""
    assert seen.slot > head_slot
    assert seen.header(head_slot)["root"] == head_root
    follower = seen.header(head_slot + 1)
    assert follower["header"]["message"]["parent_root"] == head_root


def _a_second_start_is_refused(folder: Path, state: Path) -> None:
    other = folder / "other"
    other.mkdir()
    with running(other, "--state", str(state)) as second:
        assert second.process.wait(timeout=60) == 1
        line = f"keel: {state} is in use by another process: give this chain another --state"
        assert second.told == line


def _is_right(reported: Reported, seen: Seen) -> None:
    """The report has what the beacon state of its slot holds for staked keys, pending or not."""
    slot = reported.report.ref_slot
    keys = _staked_keys(seen, slot)
    validators = seen.validators(slot)[_FIRST_KEEL_VALIDATOR:]
    pending = seen.api.get(f"/eth/v1/beacon/states/{slot}/pending_deposits").json()["data"]
    own = [each for each in validators if each["validator"]["pubkey"] in keys]
    gwei = sum(int(each["balance"]) for each in own)
    gwei += sum(int(each["amount"]) for each in pending if each["pubkey"] in keys)
    assert reported.report.consensus_balance_gwei == gwei >= len(keys) * 31 * 10**9
    assert len(own) == len(keys) > 0
    assert reported.signatures == 3


def _staked_keys(seen: Seen, slot: int) -> set[str]:
    oracle, registry = seen.bindings.oracle, seen.bindings.registry
    rpc, time = seen.bindings.rpc, oracle.GENESIS_TIME() + slot * oracle.SECONDS_PER_SLOT()
    return {
        "0x" + event.inputs["pubkey"].hex()
        for event in registry.events_between(0, block_head(rpc).number, "KeyStaked")
        if block_head(rpc, event.log.block_number).timestamp <= time
    }


def _next_ref_slot(seen: Seen) -> int:
    return (seen.slot + 1) // _FRAME * _FRAME + _FRAME - 1


@pytest.fixture
def copied(kept: Kept, tmp_path: Path) -> Path:
    """A state folder of its own."""
    return Path(shutil.copytree(kept.folder / "state", tmp_path / "state"))


def _folder(path: Path) -> StateFolder:
    return StateFolder(path, fingerprint(load_artifacts()))


def test_an_untouched_state_is_taken_and_an_empty_folder_holds_none(
    copied: Path, tmp_path: Path
) -> None:
    saved = _folder(copied).saved()
    assert saved is not None
    assert saved.folder == _saved(copied)
    assert _folder(tmp_path / "empty").saved() is None


@pytest.mark.parametrize("name", ["chain/anvil.json", "manifest.json", "chain/keys.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_state_is_refused(copied: Path, name: str, harm: str) -> None:
    file = _saved(copied) / name
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        half = len(content) // 2
        file.write_bytes(content[:half] + (b"" if harm == "cut" else b"0" * (len(content) - half)))
    with pytest.raises(StateError, match=rf"state is damaged: saved-\d/{name} is not as saved$"):
        _folder(copied).saved()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("format", 0, r"has a state of format 0, this Keel has format 1: give another --state$"),
        (
            "contracts",
            "0a0b0c0d",
            r"contracts 0a0b0c0d, and those compiled now are [0-9a-f]{8}:",
        ),
        ("number", "one", r"state\.json is damaged at number$"),
    ],
)
def test_a_state_of_another_keel_is_refused(
    copied: Path, key: str, value: object, told: str
) -> None:
    index = copied / "state.json"
    index.write_bytes(orjson.dumps(orjson.loads(index.read_bytes()) | {key: value}))
    with pytest.raises(StateError, match=told):
        _folder(copied).saved()


def test_a_half_written_index_is_refused(copied: Path) -> None:
    index = copied / "state.json"
    index.write_bytes(index.read_bytes()[:100])
    with pytest.raises(StateError, match=r"state\.json cannot be read"):
        _folder(copied).saved()


@pytest.fixture(scope="module")
def other_chain() -> Iterator[BeaconChain]:
    config = ChainConfig(verify_own_signatures=False)
    with start_anvil(anvil_options(config)) as anvil:
        yield start_chain(anvil.rpc, config)


@pytest.mark.parametrize("missing", ["circle", "manifest.json"])
def test_a_save_that_fails_leaves_what_was_saved(
    copied: Path, other_chain: BeaconChain, missing: str
) -> None:
    folder = _folder(copied)
    before = folder.saved()
    assert before is not None
    there = {"circle": before.circle, "manifest.json": before.manifest}
    there[missing] = copied / "missing"
    with pytest.raises(StateError, match=r"cannot be saved in .*missing"):
        folder.save(other_chain, *there.values())
    assert folder.saved() == before
    folder.save(other_chain, before.circle, before.manifest)
    after = folder.saved()
    assert after is not None
    assert (after.slot, before.folder.exists()) == (other_chain.slot, False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--slot-time", "3"),
            "a chain with slots of 1 s, and --slot-time is 3: leave it out",
        ),
        (("--data", "{state}"), "is in {state}, which a start empties: give another"),
    ],
)
def test_options_that_do_not_fit_the_state_are_refused(
    copied: Path, options: tuple[str, str], told: str
) -> None:
    given = (each.format(state=copied) for each in options)
    with running(copied.parent, "--state", str(copied), *given) as chain:
        assert chain.process.wait(timeout=60) == 1
        assert told.format(state=copied) in chain.told


def test_a_folder_of_somebody_else_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with running(tmp_path, "--state", str(tmp_path)) as chain:
        assert chain.process.wait(timeout=60) == 1
        assert re.search("holds .*, which Keel did not write: choose another --state$", chain.told)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
