"""A member is removed between signing and posting: nonce, signatures and turns begin anew."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.state import storage_at
from keel.deploy.roles import ROLE_BY_NAME
from keel.scenarios.world import World
from tests.robustness.stage import (
    Committee,
    Stage,
    await_alarm,
    events_of,
    same_numbers,
    start,
)

_ROLES_SLOT = 1  # of AccessManager: keel.deploy.access_storage
_TIME_BITS = 48


def test_who_is_removed_in_mid_frame_counts_no_more_and_says_so(stage: Stage) -> None:
    with stage.committee(4, started=False) as committee:
        removed, second, third, fourth = committee.reporters
        start([removed, second])
        committee.until(
            lambda: (
                [health.stage for health in committee.health_of(removed, second)]
                == ["gathering"] * 2
            ),
            "two signatures",
        )
        _remove(stage.world, committee.member(1))
        start([third])
        committee.step(3)
        assert committee.reports() == [], "an old signature and two new ones are no quorum of three"
        text = await_alarm(removed, "member_removed")
        assert text.startswith(f"{committee.member(1)} is not a member of the committee")
        assert removed.health().stage == "watching"
        start([fourth])
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert set(reported.signers) == {committee.member(number) for number in (2, 3, 4)}
        assert _nonces(committee) == [[1], [1, 2], [2], [2]]


def test_who_stays_a_member_signs_once_and_has_no_alarm(stage: Stage) -> None:
    with stage.committee(3) as committee:
        committee.until_applied(stage.ref_slot)
        assert _nonces(committee) == [[1], [1], [1]]
        assert all(health.alarms == {} for health in committee.health())


def _nonces(committee: Committee) -> list[list[int]]:
    return [
        [event["member_set_nonce"] for event in events_of(reporter, "report.signed")]
        for reporter in committee.reporters
    ]


def _remove(world: World, member: str) -> None:
    """Remove a member by the council, whose delay of seven frames is taken out of the storage."""
    holder = world.configuration.address(world.configuration.holders["COMMITTEE"][0])
    role = ROLE_BY_NAME["COMMITTEE"].id
    grant = _mapped("address", holder, _mapped("uint64", role, _ROLES_SLOT))
    manager, oracle = world.contracts.manager, world.contracts.oracle
    since = storage_at(world.rpc, manager.address, grant) % 2**_TIME_BITS
    word = f"0x{since:064x}"
    world.rpc.call("anvil_setStorageAt", manager.address, f"0x{grant:064x}", word)
    oracle.setMembers.send([], [member], 3, sender=holder)


def _mapped(key_type: str, key: object, slot: int) -> int:
    return int.from_bytes(keccak(encode([key_type, "uint256"], [key, slot])))
