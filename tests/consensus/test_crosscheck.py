"""Lodestar replays a short story: it takes what is right and refuses what is not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import orjson
import pytest
from click.testing import CliRunner

from keel.chain.anvil import start_anvil
from keel.chain.errors import ToolMissingError
from keel.commands.crosscheck import cli
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import FORKS, Fork, anvil_options
from keel.consensus.beacon.errors import DataFolderError
from keel.consensus.beacon.spec import Block
from keel.consensus.crosscheck import replay as replaying
from keel.consensus.crosscheck.errors import ReplayFailedError
from keel.consensus.crosscheck.record import RECORD, read_record, record_story
from keel.consensus.crosscheck.replay import replay
from keel.consensus.crosscheck.story import story_config, tell

SLOTS: dict[Fork, int] = {"electra": 14, "fulu": 30}
TAMPERED_SLOT = 3

# Positions in an encoded SignedBeaconBlock: 4 bytes of offset, the signature, the message.
SIGNATURE, STATE_ROOT, GRAFFITI = 60, 148, 352


@dataclass(frozen=True)
class Told:
    """A story that was told, whose Anvil has ended, and the folder that holds its record."""

    chain: BeaconChain
    folder: Path

    def block(self) -> Block:
        block = self.chain.store.block_at(TAMPERED_SLOT)
        assert block is not None
        return block


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[Fork, Told]:
    root = tmp_path_factory.mktemp("stories")
    told: dict[Fork, Told] = {}
    for fork in FORKS:
        config = story_config(fork)
        with start_anvil(anvil_options(config)) as anvil:
            chain = start_chain(anvil.rpc, config)
            tell(chain, SLOTS[fork])
            record_story(chain, root / fork)
        told[fork] = Told(chain, root / fork)
    return told


@pytest.fixture
def story(stories: dict[Fork, Told], tmp_path: Path) -> Told:
    """A copy of the story of Fulu, to be tampered with."""
    copytree(stories["fulu"].folder, tmp_path / "fulu")
    return Told(stories["fulu"].chain, tmp_path / "fulu")


@pytest.mark.parametrize("fork", FORKS)
def test_lodestar_accepts_every_block_and_comes_to_the_same_state(
    stories: dict[Fork, Told], fork: Fork
) -> None:
    chain, folder = stories[fork].chain, stories[fork].folder
    accepted: list[int] = []
    findings = replay(folder, accepted.append)
    assert findings.disagreements(read_record(folder)) == []
    assert accepted == [slot for slot in range(1, SLOTS[fork] + 1) if chain.store.block_at(slot)]
    assert findings.head is not None
    assert findings.head.state_root == bytes(chain.spec.hash_tree_root(chain.state)).hex()
    assert findings.head.slashed == sum(bool(v.slashed) for v in chain.state.validators)


def test_what_happened_is_counted_and_what_is_left_out_is_named(
    stories: dict[Fork, Told],
) -> None:
    chain, folder = stories["fulu"].chain, stories["fulu"].folder
    findings = replay(folder)
    found = {
        "deposits": 3,
        "top_ups": 1,
        "proposer_slashings": 1,
        "attester_slashings": 2,
        "voluntary_exits": 1,
        "exits_by_request": 1,
        "consolidations": 1,
        "switches_to_compounding": 1,
        "requests_ignored": 2,
        "missed_slots": SLOTS["fulu"] - len(chain.store.blocks),
    }
    assert {kind: findings.counts[kind] for kind in found} == found
    assert found["missed_slots"] >= 5
    assert findings.gaps() == [
        "no activations",
        "no partial withdrawals asked for by EIP-7002",
        "no withdrawals of validators that left",
        "no withdrawals as requested",
        f"{len(chain.store.blocks)} blocks, at least 150 expected",
    ]


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        (SIGNATURE, "Point not (on curve|in group)"),
        (STATE_ROOT, "Invalid block signature"),
        (GRAFFITI, "Invalid block signature"),
    ],
    ids=["signature", "state root", "graffiti"],
)
def test_a_block_with_one_other_byte_is_refused(story: Told, position: int, reason: str) -> None:
    file = story.folder / "blocks" / f"{TAMPERED_SLOT}.ssz"
    encoded = bytearray(file.read_bytes())
    encoded[position] ^= 1
    file.write_bytes(encoded)
    assert_refused(story.folder, reason)


def other_state_root(_: BeaconChain, block: Block) -> None:
    block.message.state_root = type(block.message.state_root)(b"\x01" * 32)


def other_proposer(_: BeaconChain, block: Block) -> None:
    block.message.proposer_index = (int(block.message.proposer_index) + 1) % 64


def attestation_of_others(chain: BeaconChain, block: Block) -> None:
    block.message.body.attestations[0].signature = block.signature


def other_reveal(_: BeaconChain, block: Block) -> None:
    block.message.body.randao_reveal = block.signature


def other_withdrawal(_: BeaconChain, block: Block) -> None:
    block.message.body.execution_payload.withdrawals[0].amount += 1


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (other_state_root, "Invalid state root"),
        (other_proposer, "Block proposer index does not match"),
        (attestation_of_others, "Attestation signature is not valid"),
        (other_reveal, "RANDAO reveal is an invalid signature"),
        (other_withdrawal, "Withdrawal mismatch"),
    ],
)
def test_a_wrong_block_is_refused_though_its_proposer_signed_it(
    story: Told, tamper: Callable[[BeaconChain, Block], None], reason: str
) -> None:
    chain, block = story.chain, story.block()
    spec = chain.spec
    tamper(chain, block)
    state = chain.store.state_at(TAMPERED_SLOT)
    signer = bytes(state.validators[block.message.proposer_index].pubkey)
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_PROPOSER)
    root = bytes(spec.compute_signing_root(block.message, domain))
    block.signature = spec.BLSSignature(chain.keys.sign(signer, root))
    file = story.folder / "blocks" / f"{TAMPERED_SLOT}.ssz"
    file.write_bytes(spec.ssz_serialize(block))
    assert_refused(story.folder, reason)


def assert_refused(folder: Path, reason: str) -> None:
    findings = replay(folder)
    assert findings.blocks == TAMPERED_SLOT - 1
    (disagreement,) = findings.disagreements(read_record(folder))
    assert disagreement.startswith(f"the block of slot {TAMPERED_SLOT} is refused: ")
    assert re.search(reason, disagreement)


def test_the_recorded_configuration_decides(story: Told) -> None:
    file = story.folder / RECORD
    record = orjson.loads(file.read_bytes())
    record["config"]["SLOT_DURATION_MS"] = "6000"
    file.write_bytes(orjson.dumps(record))
    findings = replay(story.folder)
    assert findings.blocks == 0
    assert findings.refusal is not None
    assert "timestamp" in findings.refusal


def test_the_command_ends_with_1_and_says_where_the_roots_differ(story: Told) -> None:
    arguments = ["--recorded", "--fork", "fulu", "--data", str(story.folder.parent)]
    file = story.folder / RECORD
    record = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(record | {"head_state_root": "00" * 32}))
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "crosscheck: fulu: the replay ends at slot 30 with state root" in result.output
    assert "are equal" not in result.output


def test_what_holds_no_story_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataFolderError, match="holds no recorded story"):
        read_record(tmp_path)
    with pytest.raises(ReplayFailedError, match="Lodestar ended with code 1 after 0 blocks"):
        replay(tmp_path)
    monkeypatch.setattr(replaying, "SCRIPT", tmp_path / "replay.js")
    with pytest.raises(ToolMissingError, match="make setup"):
        replay(tmp_path)
