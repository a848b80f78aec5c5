"""The Beacon API over HTTP: what it says is what the chain holds."""

import threading
import time
from itertools import pairwise
from typing import Any

import httpx
import pytest

from keel.consensus.api.validators import STATUSES, status_of
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.offences import propose_twice
from keel.consensus.beacon.requests import (
    deposit,
    request_consolidation,
    request_exit,
    request_withdrawal,
)
from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, execution_credentials
from keel.consensus.keys import ValidatorKey, public_key
from tests.consensus.conftest import SettledChain

COMPOUNDING = 60
NEVER = 2**64 - 1
NEWCOMER = ValidatorKey("m", 0xBEE, public_key(0xBEE))


def data(api: httpx.Client, path: str, **query: Any) -> Any:
    response = api.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def indices(validators: list[dict[str, Any]]) -> list[int]:
    return [int(each["index"]) for each in validators]


def test_the_node_says_what_it_is_and_is_never_behind(
    api: httpx.Client, chain: BeaconChain
) -> None:
    assert data(api, "/eth/v1/node/version")["version"].startswith("Keel/eth-consensus-specs-")
    assert data(api, "/eth/v1/node/syncing") == {
        "head_slot": str(chain.slot),
        "sync_distance": "0",
        "is_syncing": False,
        "is_optimistic": False,
        "el_offline": False,
    }
    assert api.get("/eth/v1/node/health", params={"syncing_status": 299}).status_code == 200
    assert data(api, "/eth/v1/node/identity")["metadata"]["custody_group_count"] == "4"


def test_genesis_and_configuration_are_those_of_the_chain(
    api: httpx.Client, chain: BeaconChain
) -> None:
    spec, state = chain.spec, chain.state
    assert data(api, "/eth/v1/beacon/genesis") == {
        "genesis_time": str(int(state.genesis_time)),
        "genesis_validators_root": "0x" + bytes(state.genesis_validators_root).hex(),
        "genesis_fork_version": "0x" + bytes(spec.config.GENESIS_FORK_VERSION).hex(),
    }
    values = data(api, "/eth/v1/config/spec")
    assert values["SLOTS_PER_EPOCH"] == "8"
    assert values["SECONDS_PER_SLOT"] == str(chain.config.slot_seconds)
    assert values["DOMAIN_VOLUNTARY_EXIT"] == "0x04000000"
    assert (values["PRESET_BASE"], values["BLOB_SCHEDULE"]) == ("minimal", [])
    contract = data(api, "/eth/v1/config/deposit_contract")
    assert contract == {"chain_id": "31337", "address": values["DEPOSIT_CONTRACT_ADDRESS"]}
    forks = data(api, "/eth/v1/config/fork_schedule")
    assert [fork["current_version"][:4] for fork in forks] == [f"0x0{n}" for n in range(7)]
    assert all(old["current_version"] == new["previous_version"] for old, new in pairwise(forks))
    assert (
        data(api, "/eth/v1/beacon/states/head/fork")["current_version"]
        == values["FULU_FORK_VERSION"]
    )


def test_a_block_is_found_by_every_name_that_it_has(api: httpx.Client, chain: BeaconChain) -> None:
    store, length = chain.store, int(chain.spec.SLOTS_PER_EPOCH)
    finalised = chain.finalised_epoch * length
    justified = int(chain.state.current_justified_checkpoint.epoch) * length
    assert 0 < finalised < justified < chain.slot
    names = {
        "head": chain.head_root,
        "genesis": store.genesis_root,
        "finalized": store.root_at(finalised),
        "justified": store.root_at(justified),
        "5": store.roots[5],
        "0x" + store.roots[7].hex(): store.roots[7],
    }
    for name, root in names.items():
        assert data(api, f"/eth/v1/beacon/blocks/{name}/root") == {"root": "0x" + root.hex()}
        header = api.get(f"/eth/v1/beacon/headers/{name}").json()
        slot = int(header["data"]["header"]["message"]["slot"])
        assert (header["data"]["root"], header["data"]["canonical"]) == ("0x" + root.hex(), True)
        assert header["finalized"] is (slot <= finalised)
        assert header["execution_optimistic"] is False
        block = api.get(
            f"/eth/v2/beacon/blocks/{name}", headers={"Accept": "application/json, */*"}
        )
        assert block.json()["data"]["message"]["slot"] == str(slot)
        ssz = api.get(
            f"/eth/v2/beacon/blocks/{name}", headers={"Accept": "application/octet-stream"}
        )
        decoded = chain.spec.ssz_deserialize(chain.spec.SignedBeaconBlock, ssz.content)
        assert bytes(chain.spec.hash_tree_root(decoded.message)) == root


def test_headers_are_listed_by_slot_and_by_parent(api: httpx.Client, chain: BeaconChain) -> None:
    path, roots = "/eth/v1/beacon/headers", chain.store.roots
    parent, child = "0x" + roots[5].hex(), "0x" + roots[6].hex()
    assert [each["root"] for each in data(api, path)] == ["0x" + chain.head_root.hex()]
    assert [each["root"] for each in data(api, path, slot=6)] == [child]
    assert [each["root"] for each in data(api, path, parent_root=parent)] == [child]
    assert [each["root"] for each in data(api, path, parent_root=parent, slot=6)] == [child]
    assert data(api, path, parent_root=parent, slot=7) == []
    assert data(api, path, slot=chain.slot + 1) == []
    assert data(api, path, parent_root="0x" + chain.head_root.hex()) == []
    assert data(api, path, parent_root="0x" + b"\1".hex() * 32) == []
    genesis = "0x" + chain.store.genesis_root.hex()
    assert [each["root"] for each in data(api, path, parent_root="0x" + "00" * 32)] == [genesis]


def test_a_missed_slot_has_a_state_but_no_block_and_leaves_the_head(
    api: httpx.Client, chain: BeaconChain
) -> None:
    head = data(api, "/eth/v1/beacon/headers/head")
    chain.participation.miss([chain.slot + 1])
    chain.step()
    assert data(api, "/eth/v1/beacon/headers/head") == head
    assert api.get(f"/eth/v1/beacon/headers/{chain.slot}").status_code == 404
    assert api.get(f"/eth/v1/beacon/headers/{chain.slot - 1}").status_code == 200
    root = "0x" + bytes(chain.spec.hash_tree_root(chain.state)).hex()
    before = head["header"]["message"]["state_root"]
    assert data(api, f"/eth/v1/beacon/states/{chain.slot}/root") == {"root": root}
    assert data(api, "/eth/v1/beacon/states/head/root") == {"root": before} != {"root": root}
    for known in (root, before):
        assert data(api, f"/eth/v1/beacon/states/{known}/root") == {"root": known}


def test_states_of_long_ago_are_made_again(api: httpx.Client, chain: BeaconChain) -> None:
    slot = 13
    assert slot not in chain.store.recent_states
    block = chain.store.block_at(slot)
    assert block is not None
    root = "0x" + bytes(block.message.state_root).hex()
    for name in (str(slot), root):
        answer = api.get(f"/eth/v1/beacon/states/{name}/root").json()
        assert (answer["data"], answer["finalized"]) == ({"root": root}, True)


def test_finality_checkpoints_are_those_of_the_state(api: httpx.Client, chain: BeaconChain) -> None:
    for slot in (0, chain.slot):
        state = chain.store.state_at(slot)
        assert data(api, f"/eth/v1/beacon/states/{slot}/finality_checkpoints") == {
            name: {"epoch": str(int(each.epoch)), "root": "0x" + bytes(each.root).hex()}
            for name, each in (
                ("previous_justified", state.previous_justified_checkpoint),
                ("current_justified", state.current_justified_checkpoint),
                ("finalized", state.finalized_checkpoint),
            )
        }


def test_validators_are_filtered_by_id_and_status(api: httpx.Client, chain: BeaconChain) -> None:
    propose_twice(chain, 5)
    request_exit(chain, 7)
    chain.run(2)
    path = "/eth/v1/beacon/states/head/validators"
    everyone = data(api, path)
    assert [each["balance"] for each in everyone] == [str(int(b)) for b in chain.state.balances]
    pubkey = everyone[9]["validator"]["pubkey"]
    assert indices(data(api, path, id=f"3,{pubkey},3,9999")) == [3, 9]
    assert indices(data(api, path, id=[3, pubkey])) == [3, 9]
    assert indices(data(api, path, status="active_slashed,active_exiting")) == [5, 7]
    assert indices(data(api, path, status="active_slashed", id="5,7")) == [5]
    assert len(data(api, path, status="active")) == len(everyone)
    assert data(api, path, status=["pending", "exited", "withdrawal"]) == []
    body = {"ids": ["7", pubkey], "statuses": ["active_exiting"]}
    assert indices(api.post(path, json=body).json()["data"]) == [7]
    assert api.post(path, json={"ids": None}).json()["data"] == everyone
    assert data(api, f"{path}/{pubkey}") == data(api, f"{path}/9") == everyone[9]
    ids = [str(each) for each in range(len(everyone))]
    assert len(ids) > 64
    assert api.post(path, json={"ids": ids}).json()["data"] == everyone


def test_balances_are_listed_by_id(api: httpx.Client, chain: BeaconChain) -> None:
    path = "/eth/v1/beacon/states/head/validator_balances"
    everyone = data(api, path)
    assert [each["balance"] for each in everyone] == [str(int(b)) for b in chain.state.balances]
    assert data(api, path, id="4,9999,2") == [everyone[4], everyone[2]]
    assert api.post(path, json=["4", "9999", "2"]).json()["data"] == [everyone[4], everyone[2]]
    assert api.post(path, json=[]).json()["data"] == everyone
    assert api.post(path).json()["data"] == everyone


@pytest.mark.parametrize(
    ("status", "epochs", "slashed", "balance_gwei"),
    [
        ("pending_initialized", (NEVER, NEVER, NEVER, NEVER), False, 1),
        ("pending_queued", (9, NEVER, NEVER, NEVER), False, 1),
        ("pending_queued", (9, 11, NEVER, NEVER), False, 1),
        ("active_ongoing", (9, 10, NEVER, NEVER), False, 1),
        ("active_exiting", (9, 10, 11, 12), False, 1),
        ("active_slashed", (9, 10, 11, 12), True, 1),
        ("exited_unslashed", (8, 9, 10, 11), False, 1),
        ("exited_slashed", (8, 9, 10, 11), True, 1),
        ("withdrawal_possible", (7, 8, 9, 10), True, 1),
        ("withdrawal_done", (7, 8, 9, 10), False, 0),
    ],
)
def test_each_status_begins_with_its_epoch(
    chain: BeaconChain,
    status: str,
    epochs: tuple[int, int, int, int],
    slashed: bool,
    balance_gwei: int,
) -> None:
    eligible, active, exited, withdrawable = epochs
    entry = chain.spec.Validator(
        activation_eligibility_epoch=eligible,
        activation_epoch=active,
        exit_epoch=exited,
        withdrawable_epoch=withdrawable,
        slashed=slashed,
    )
    assert status_of(chain.spec, entry, balance_gwei, 10) == status
    assert status in STATUSES


def test_committees_share_out_the_active_validators(api: httpx.Client, chain: BeaconChain) -> None:
    path = "/eth/v1/beacon/states/head/committees"
    length = int(chain.spec.SLOTS_PER_EPOCH)
    every = data(api, path)
    members = sorted(int(index) for each in every for index in each["validators"])
    assert members == list(range(len(chain.state.validators)))
    assert {int(each["slot"]) // length for each in every} == {chain.epoch}
    slot = chain.epoch * length + 3
    assert data(api, path, slot=slot) == [each for each in every if each["slot"] == str(slot)]
    (one,) = data(api, path, slot=slot, index=1, epoch=chain.epoch)
    assert one == next(each for each in every if each["slot"] == str(slot) and each["index"] == "1")
    earlier = f"/eth/v1/beacon/states/{chain.slot - 2 * length}/committees"
    assert data(api, path, epoch=chain.epoch - 1) == data(api, earlier, epoch=chain.epoch - 1)
    assert len(data(api, path, epoch=chain.epoch + 1)) == len(every)


def test_what_waits_in_the_state_is_listed(api: httpx.Client, settled: SettledChain) -> None:
    chain = settled.chain
    credentials = execution_credentials(bytes(20))
    deposit(chain, NEWCOMER, credentials, FULL_DEPOSIT_GWEI, settled.depositor)
    request_withdrawal(chain, COMPOUNDING, 5)
    request_consolidation(chain, 1, COMPOUNDING)
    path = "/eth/v1/beacon/states/head/"
    names = ("pending_deposits", "pending_partial_withdrawals", "pending_consolidations")
    assert [data(api, path + name) for name in names] == [[], [], []]
    chain.step()
    deposits, withdrawals, consolidations = (data(api, path + name) for name in names)
    assert [(each["pubkey"], each["amount"]) for each in deposits] == [
        ("0x" + NEWCOMER.public_key.hex(), str(FULL_DEPOSIT_GWEI))
    ]
    assert [(each["validator_index"], each["amount"]) for each in withdrawals] == [
        (str(COMPOUNDING), "5")
    ]
    assert consolidations == [{"source_index": "1", "target_index": str(COMPOUNDING)}]


def test_64_validators_are_read_in_less_than_10_ms(api: httpx.Client, chain: BeaconChain) -> None:
    took = []
    for _ in range(20):
        begin = time.perf_counter()
        assert len(data(api, "/eth/v1/beacon/states/head/validators")) >= 64
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.010


def test_requests_are_answered_between_slots_that_pass_without_a_pause(
    api: httpx.Client, chain: BeaconChain
) -> None:
    first, seen = chain.slot, []
    steps = threading.Thread(target=chain.run, args=(12,))
    steps.start()
    while steps.is_alive():
        answer = api.get(
            "/eth/v2/debug/beacon/states/head", headers={"Accept": "application/octet-stream"}
        )
        state = chain.spec.ssz_deserialize(chain.spec.BeaconState, answer.content)
        assert state.latest_block_header.slot == state.slot
        seen.append(int(state.slot))
    steps.join()
    assert seen == sorted(seen)
    assert len({slot for slot in seen if first < slot < first + 12}) >= 6
