"""Parts of blocks and states, fork choice and peers, held against the chain itself."""

from itertools import chain as joined
from typing import Any

import httpx
import pytest

from keel.consensus.beacon.chain import BeaconChain
from tests.consensus.test_api_reading import data

STATES = "/eth/v1/beacon/states"
SSZ = {"Accept": "application/octet-stream"}


def in_hex(octets: Any) -> str:
    return "0x" + bytes(octets).hex()


def votes_of(chain: BeaconChain, block: Any) -> set[int]:
    """Who votes in the attestations of a block."""
    carried = block.message.body.attestations
    return {int(i) for each in carried for i in chain.spec.get_attesting_indices(chain.state, each)}


@pytest.mark.parametrize("slot", [0, 5, None])
def test_finality_stands_in_headers_for_both_forms(
    api: httpx.Client, chain: BeaconChain, slot: int | None
) -> None:
    block = "head" if slot is None else slot
    for path in (
        f"/eth/v2/beacon/blocks/{block}",
        f"/eth/v1/beacon/headers/{block}",
        f"/eth/v1/beacon/blinded_blocks/{block}",
        f"/eth/v2/beacon/blocks/{block}/attestations",
        f"/eth/v2/debug/beacon/states/{block}",
    ):
        json, binary = api.get(path), api.get(path, headers=SSZ)
        is_final = "false" if slot is None else "true"
        for answer in (json, binary):
            assert answer.headers["Eth-Execution-Optimistic"] == "false", path
            assert answer.headers["Eth-Consensus-Finalized"] == is_final, path
        assert json.json()["finalized"] is (slot is not None)
        versions = [each.headers.get("Eth-Consensus-Version") for each in (json, binary)]
        assert versions == [json.json().get("version")] * 2
    for path in ("/eth/v1/beacon/genesis", "/eth/v1/node/version"):
        assert "Eth-Consensus-Finalized" not in api.get(path).headers


def test_genesis_and_headers_are_the_same_bytes_as_their_parts(
    api: httpx.Client, chain: BeaconChain
) -> None:
    spec, state = chain.spec, chain.state
    genesis = api.get("/eth/v1/beacon/genesis", headers=SSZ).content
    time = int(state.genesis_time).to_bytes(8, "little")
    version = bytes(spec.config.GENESIS_FORK_VERSION)
    assert genesis == bytes(state.genesis_validators_root) + time + version
    path = "/eth/v1/beacon/headers"
    one = api.get(f"{path}/5", headers=SSZ).content
    assert one[:33] == chain.store.roots[5] + b"\1"
    header = spec.ssz_deserialize(spec.SignedBeaconBlockHeader, one[33:])
    assert bytes(spec.hash_tree_root(header.message)) == chain.store.roots[5]
    assert api.get(path, params={"slot": 5}, headers=SSZ).content == one
    assert api.get(path, params={"slot": chain.slot + 1}, headers=SSZ).content == b""


def test_a_blinded_block_has_the_root_of_its_block_and_no_transactions(
    api: httpx.Client, chain: BeaconChain
) -> None:
    full = data(api, "/eth/v2/beacon/blocks/head")
    blinded = data(api, "/eth/v1/beacon/blinded_blocks/head")
    assert blinded["signature"] == full["signature"]
    payload = full["message"]["body"].pop("execution_payload")
    header = blinded["message"]["body"].pop("execution_payload_header")
    assert blinded["message"] == full["message"]
    assert header.pop("transactions_root") != payload.pop("transactions")
    assert header.pop("withdrawals_root") != payload.pop("withdrawals")
    assert header == payload


def test_attestations_are_those_of_the_block(api: httpx.Client, chain: BeaconChain) -> None:
    block = data(api, "/eth/v2/beacon/blocks/head")
    path = "/eth/v2/beacon/blocks/head/attestations"
    assert data(api, path) == block["message"]["body"]["attestations"] != []
    body = chain.store.block(chain.head_root).message.body
    assert api.get(path, headers=SSZ).content == chain.spec.ssz_serialize(body.attestations)
    assert data(api, "/eth/v2/beacon/blocks/genesis/attestations") == []


def test_the_sync_committee_is_named_by_index(api: httpx.Client, chain: BeaconChain) -> None:
    validators = data(api, f"{STATES}/head/validators")
    length = int(chain.spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD)
    period = chain.epoch // length
    for epoch, committee in (
        (chain.epoch, chain.state.current_sync_committee),
        ((period + 1) * length, chain.state.next_sync_committee),
        ((period + 2) * length - 1, chain.state.next_sync_committee),
    ):
        found = data(api, f"{STATES}/head/sync_committees", epoch=epoch)
        members = [validators[int(index)] for index in found["validators"]]
        keys = [in_hex(pubkey) for pubkey in committee.pubkeys]
        assert [each["validator"]["pubkey"] for each in members] == keys
        assert len(found["validator_aggregates"]) == 4
        assert list(joined.from_iterable(found["validator_aggregates"])) == found["validators"]
    present = data(api, f"{STATES}/head/sync_committees", epoch=chain.epoch)
    assert data(api, f"{STATES}/head/sync_committees") == present
    later = {"epoch": (period + 2) * length}
    assert api.get(f"{STATES}/head/sync_committees", params=later).status_code == 400


def test_randao_mixes_of_epochs_are_those_of_the_state(
    api: httpx.Client, chain: BeaconChain
) -> None:
    for epoch in (0, chain.epoch - 1, chain.epoch):
        mix = in_hex(chain.state.randao_mixes[epoch])
        assert data(api, f"{STATES}/head/randao", epoch=epoch) == {"randao": mix}
    assert data(api, f"{STATES}/head/randao") == {"randao": mix}
    before = data(api, f"{STATES}/{chain.slot - 1}/randao")
    assert before != {"randao": mix} or chain.slot % int(chain.spec.SLOTS_PER_EPOCH) == 0


def test_there_are_no_peers(api: httpx.Client) -> None:
    answer = api.get("/eth/v1/node/peers").json()
    assert answer == {"data": [], "meta": {"count": 0}}
    states = ("disconnected", "connecting", "connected", "disconnecting")
    assert data(api, "/eth/v1/node/peer_count") == dict.fromkeys(states, "0")


def test_fork_choice_is_the_line_from_the_finalised_block(
    api: httpx.Client, chain: BeaconChain
) -> None:
    length = int(chain.spec.SLOTS_PER_EPOCH)
    chain.participation.miss([chain.slot + 1])
    chain.run(2)
    root = in_hex(chain.head_root)
    assert data(api, "/eth/v2/debug/beacon/heads") == [
        {"slot": str(chain.slot), "root": root, "execution_optimistic": False}
    ]
    found = api.get("/eth/v1/debug/fork_choice").json()
    for name in ("justified", "finalized"):
        kept = f"{'current_' if name == 'justified' else ''}{name}_checkpoint"
        checkpoint = getattr(chain.state, kept)
        assert found[f"{name}_checkpoint"] == {
            "epoch": str(int(checkpoint.epoch)),
            "root": in_hex(checkpoint.root),
        }
    nodes = found["fork_choice_nodes"]
    slots = [s for s in sorted(chain.store.roots) if s >= chain.finalised_epoch * length]
    assert [int(node["slot"]) for node in nodes] == slots
    for node in nodes:
        block = chain.store.block_at(int(node["slot"]))
        state = chain.store.state_at(int(node["slot"]))
        assert block is not None
        assert node["block_root"] == in_hex(chain.store.roots[int(node["slot"])])
        assert node["parent_root"] == in_hex(block.message.parent_root)
        assert node["execution_block_hash"] == in_hex(
            block.message.body.execution_payload.block_hash
        )
        assert node["justified_epoch"] == str(int(state.current_justified_checkpoint.epoch))
        assert node["finalized_epoch"] == str(int(state.finalized_checkpoint.epoch))
        assert node["validity"] == "valid"


def test_the_weight_of_a_block_is_the_balance_that_votes_for_it_or_later(
    api: httpx.Client, chain: BeaconChain
) -> None:
    def weights() -> list[int]:
        nodes = api.get("/eth/v1/debug/fork_choice").json()["fork_choice_nodes"]
        return [int(node["weight"]) for node in nodes]

    chain.run(int(chain.spec.SLOTS_PER_EPOCH) + 1)  # the newcomer votes too
    balances = [int(each.effective_balance) for each in chain.state.validators]
    found = weights()
    assert found[-1] == 0  # nobody could vote for the head in a block yet
    assert found[0] == sum(balances)
    assert found == sorted(found, reverse=True)
    head = chain.store.block(chain.head_root)
    assert found[-2] == sum(balances[index] for index in votes_of(chain, head))


def test_votes_before_the_finalised_block_have_no_weight(
    api: httpx.Client, chain: BeaconChain
) -> None:
    silent = range(8)
    chain.participation.go_offline(silent)
    chain.run(5 * int(chain.spec.SLOTS_PER_EPOCH))
    nodes = api.get("/eth/v1/debug/fork_choice").json()["fork_choice_nodes"]
    balances = [int(each.effective_balance) for each in chain.state.validators]
    assert int(nodes[0]["weight"]) == sum(balances) - sum(balances[index] for index in silent)
