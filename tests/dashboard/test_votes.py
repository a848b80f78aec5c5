"""Votes: who signed is read from the calldata on the chain, and laid out by frames."""

from keel.chain.state import block_head
from keel.dashboard.deployment import TOLD
from keel.dashboard.votes import Cell, Vote, VoteReader, vote_grid
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.sight.event_index import EventIndex
from tests.dashboard.figures import MEMBERS

A, B, C, D, E = MEMBERS
STRANGER = "0x" + "f" * 40


def vote(ref_slot: int, *signers: str, poster: str = A, is_applied: bool = True) -> Vote:
    return Vote(ref_slot, is_applied, poster, signers, 200_000, 0, ref_slot, f"0x{ref_slot:064x}")


def cells(votes: list[Vote], newest: int, member: str) -> list[Cell]:
    grid = vote_grid(votes, MEMBERS, 32, newest)
    return list(next(row for row in grid.rows if row.signer == member).cells)


def test_each_member_has_a_cell_for_each_frame() -> None:
    votes = [vote(31, A, B, C), vote(63, B, C, D, poster=B)]
    assert cells(votes, 63, A) == [Cell.LEFT_OUT, Cell.POSTED]
    assert cells(votes, 63, B) == [Cell.POSTED, Cell.SIGNED]
    assert cells(votes, 63, E) == [Cell.LEFT_OUT, Cell.LEFT_OUT]


def test_a_frame_without_a_report_is_a_column_of_its_own() -> None:
    assert cells([vote(31, A, B, C), vote(95, A, B, C)], 127, C) == [
        Cell.NO_REPORT,
        Cell.SIGNED,
        Cell.PASSED_OVER,
        Cell.SIGNED,
    ]


def test_slots_that_a_fast_chain_passed_over_are_one_column_and_nobodys_fault() -> None:
    slots = [31, 63, 95, 127 + 32 * 100, 127 + 32 * 101]
    grid = vote_grid([vote(slot, A, B, C) for slot in slots], MEMBERS, 32, slots[-1])
    assert [(c.ref_slot, c.frames, c.is_passed_over) for c in grid.columns] == [
        (slots[4], 1, False),
        (slots[3], 1, False),
        (slots[3] - 32, 100, True),
        (95, 1, False),
        (63, 1, False),
        (31, 1, False),
    ]
    counts = {row.signer: (row.signed, row.reports, row.is_silent) for row in grid.rows}
    assert counts[A] == (5, 5, False)
    assert counts[E] == (0, 5, True)


def test_who_is_left_out_now_and_then_is_not_silent() -> None:
    votes = [vote(31, A, B, C), vote(63, A, B, C), vote(95, A, B, D), vote(127, A, B, C)]
    rows = {row.signer: row for row in vote_grid(votes, MEMBERS, 32, 127).rows}
    assert [rows[each].is_silent for each in MEMBERS] == [False, False, False, False, True]
    two = {row.signer: row for row in vote_grid(votes[:2], MEMBERS, 32, 63).rows}
    assert not two[E].is_silent


def test_an_applied_report_counts_before_an_announcement_of_the_same_slot() -> None:
    announced, applied = vote(31, A, B, C, is_applied=False), vote(31, A, B, C, D)
    for votes in ([announced, applied], [applied, announced]):
        assert vote_grid(votes, MEMBERS, 32, 31).columns[0].vote == applied


def test_a_signer_that_left_stays_in_sight() -> None:
    grid = vote_grid([vote(31, A, B, STRANGER)], MEMBERS, 32, 31)
    assert [(row.signer, row.is_member) for row in grid.rows][-1] == (STRANGER, False)


def test_a_poster_that_did_not_sign_is_named() -> None:
    assert vote_grid([vote(31, A, B, C, poster=STRANGER)], MEMBERS, 32, 31).has_other_posters
    assert not vote_grid([vote(31, A, B, C)], MEMBERS, 32, 31).has_other_posters


def test_signers_poster_and_gas_are_those_of_the_transaction(
    validating_world: BeaconWorld,
) -> None:
    world = validating_world
    members = world.members[1:4]
    reported = report(world, members)
    index = EventIndex(world.contracts, world.first_block, TOLD)
    index.follow(world.rpc, block_head(world.rpc))
    found = VoteReader(world.contracts.oracle).read(world.rpc, index.events)[-1]
    assert set(found.signers or ()) == {member.address for member in members}
    assert found.poster == members[0].address
    assert found.gas_used == reported.receipt.gas_used
    assert (found.ref_slot, found.is_applied) == (reported.report.ref_slot, True)
