"""Peers that are silent, send garbage, or flood: the others go on, and memory stays bounded."""

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest
from ape.contracts import ContractContainer
from eth_abi.abi import encode
from eth_account import Account

from keel.circle.keys import account_of
from keel.committee.ballot import Ballot, sign
from keel.committee.ballot_box import MOST_REPORTS_OF_A_MEMBER
from keel.committee.messages import MOST_BALLOT_BYTES, SignedBallot
from keel.deploy.actors import ORACLE_MEMBERS
from keel.model.report import Report
from tests.robustness.ballots import ballots_of, hand_in
from tests.robustness.faulty import Answer, Asked, Behaviour, FaultyNode, in_front_of, silent
from tests.robustness.stage import (
    Committee,
    Stage,
    await_alarm,
    events_of,
    same_numbers,
    start,
)

FLOOD = 200
HALF_OPEN = 150
MEBIBYTE = 1024**2
HONEST = 0
MARK = "lK4u7"


@pytest.fixture
def stranger(stage: Stage) -> Iterator[FaultyNode]:
    """A peer of everybody that is no reporter at all."""
    with in_front_of(stage.beacon_url, 1) as (node,):
        yield node


def _garbage(asked: Asked) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, b'{"ballots": [{"report": "x"')


def _endless(asked: Asked) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, b"[" * 8 * MEBIBYTE)


BEHAVIOURS: dict[str, Behaviour] = {"silent": silent, "garbage": _garbage, "endless": _endless}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_a_peer_that_is_of_no_use_keeps_nobody_from_reporting(
    stage: Stage, stranger: FaultyNode, behaviour: Behaviour
) -> None:
    stranger.be(behaviour)
    with _with_stranger(stage, stranger) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        told = {each["peer"] for r in committee.reporters for each in events_of(r, "peer.lost")}
        assert told == {stranger.url}
        for reporter in committee.reporters:
            assert MARK not in reporter.service.log_path.read_text()
        assert all(health.alarms == {} for health in committee.health())


def test_a_flood_of_rubbish_is_refused_and_costs_nothing_that_stays(stage: Stage) -> None:
    with stage.committee(3) as committee:
        committee.settle()
        flooded = committee.reporters[0]
        before = _resident_bytes(flooded.pid)
        url = f"{flooded.service.serving_url}/v1/ballots"
        forged = [_forged(committee, stage.ref_slot, number) for number in range(FLOOD)]
        with httpx.Client(trust_env=False) as client:
            too_long = client.post(url, content=b" " * (MOST_BALLOT_BYTES + 1))
            assert too_long.status_code == 413
            assert client.post(url, content=b"\xff{").status_code == 400
            statuses = {client.post(url, content=each).status_code for each in forged}
            assert statuses == {403, 429}
        assert ballots_of(flooded, stage.ref_slot) == []
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert flooded.health().alarms == {}
        assert _resident_bytes(flooded.pid) - before < 32 * MEBIBYTE


def test_connections_that_are_opened_and_left_half_way_keep_nobody_out(stage: Stage) -> None:
    with ExitStack() as stack, stage.committee(3) as committee:
        committee.settle()
        address = httpx.URL(str(committee.reporters[0].service.serving_url))
        for _ in range(HALF_OPEN):
            half = stack.enter_context(socket.create_connection((address.host, address.port)))
            half.sendall(b"POST /v1/ballots HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{")
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert reported.signatures == 3


def test_a_member_that_signs_ever_new_reports_is_named_and_bounded(stage: Stage) -> None:
    with stage.committee(3) as committee:
        committee.settle()
        flooded = committee.reporters[0]
        lies = [_signed(committee, stage.ref_slot, 5, gwei) for gwei in range(20)]
        problem = hand_in(flooded, lies)
        assert problem is not None
        assert "signed too many reports of one slot" in problem
        assert len(ballots_of(flooded, stage.ref_slot)) == MOST_REPORTS_OF_A_MEMBER
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert committee.member(5) not in reported.signers
        await_alarm(flooded, "disagreement", holding=committee.member(5))
        assert len(ballots_of(flooded, stage.ref_slot)) == MOST_REPORTS_OF_A_MEMBER + 3


def test_garbage_in_the_name_of_a_contract_keeps_its_ballot_out_of_no_report(
    stage: Stage, test_contracts: dict[str, ContractContainer]
) -> None:
    """A wallet votes beside two reporters: its signature completes the quorum of three."""
    with stage.committee(2, started=False) as committee:
        wallet, owner = committee.member(5), Account.from_key(b"\x07" * 32)
        _put_wallet(stage, test_contracts["TestMember"], wallet, owner.address)
        start(committee.reporters)
        committee.until(
            lambda: all(len(ballots_of(each, stage.ref_slot)) == 2 for each in committee.reporters),
            "the ballots of two",
        )
        ballot = ballots_of(committee.reporters[0], stage.ref_slot)[0]
        signed = ballot.ballot(committee.chain.config.chain_id, committee.contracts.oracle.address)
        (signature,) = sign(signed, [owner])
        genuine = ballot.model_copy(update={"signer": wallet, "signature": signature.signature})
        lies = [_signed(committee, stage.ref_slot, 5, gwei) for gwei in range(4)]
        garbage = [lie.model_copy(update={"signature": b"garbage"}) for lie in lies]
        garbage.append(genuine.model_copy(update={"signature": b"garbage"}))
        for reporter in committee.reporters:
            hand_in(reporter, garbage)
            assert hand_in(reporter, [genuine]) is None
            hand_in(reporter, garbage[-1:])
        reported = committee.until_applied(stage.ref_slot)
        assert set(reported.signers) == {committee.member(1), committee.member(2), wallet}


def _put_wallet(stage: Stage, compiled: ContractContainer, address: str, owner: str) -> None:
    """Give an account the code of a contract that accepts what its owner signed."""
    creation = compiled.contract_type.deployment_bytecode
    assert creation is not None
    code = bytes(creation.to_bytes()) + encode(["address", "uint8"], [owner, HONEST])
    rpc = stage.world.rpc
    runtime = rpc.call("eth_call", {"data": "0x" + code.hex()}, "latest")
    rpc.call("anvil_setCode", address, runtime)


def _with_stranger(stage: Stage, stranger: FaultyNode) -> AbstractContextManager[Committee]:
    address = stranger.url.replace("://", f"://user:{MARK}@") + f"/{MARK}"
    return stage.committee(3, more_peers=[address])


def _forged(committee: Committee, ref_slot: int, gwei: int) -> bytes:
    """A ballot of a member that somebody else has signed."""
    ballot = _signed(committee, ref_slot, 4, gwei)
    return ballot.model_copy(update={"signer": committee.member(5)}).model_dump_json().encode()


def _signed(committee: Committee, ref_slot: int, number: int, gwei: int) -> SignedBallot:
    """What a member would sign who sees so much."""
    world = committee.world
    geometry, parameters = world.configuration.geometry, world.configuration.parameters
    deadline = geometry.time_of(ref_slot) + parameters.finality_seconds + geometry.frame_seconds
    report = Report(ref_slot, consensus_balance_gwei=gwei)
    nonce = committee.contracts.oracle.memberSetNonce()
    oracle = committee.contracts.oracle.address
    ballot = Ballot(report, nonce, deadline, committee.chain.config.chain_id, oracle)
    member = account_of(ORACLE_MEMBERS[number - 1])
    (signature,) = sign(ballot, [member])
    return SignedBallot.of(ballot, member.address, signature.signature)


def _resident_bytes(pid: int | None) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
