"""The people of a local chain: its funded accounts, each by the part it plays."""

from collections.abc import Mapping, Sequence

from keel.deploy.config import Configuration, configuration
from keel.deploy.profiles import LOCAL, Profile
from keel.deploy.roles import ROLES

ORACLE_MEMBERS = tuple(f"oracle_member_{number}" for number in range(1, 6))
OPERATOR_MANAGERS = tuple(f"operator_manager_{number}" for number in range(1, 4))
LOCAL_QUORUM = 3

POWERFUL = ("governance", "council", "guardian", "keeper", "treasury", *ORACLE_MEMBERS)
"""Who holds a role, a seat in the committee, or the fee, and `keeper`, who holds none of them.

The first keeper sends from `keeper`. It stays here, since the order gives each its account.
"""

USERS = ("depositor", "holder", "underwriter", "redeemer", "stranger", "attacker")
"""Who holds no role: on `make chain` no service sends from their accounts, which are the user's."""

ACTORS = ("deployer", *POWERFUL, *OPERATOR_MANAGERS, *USERS)
"""In the order of the accounts that Anvil derives from its mnemonic."""

LOCAL_HOLDERS = {
    "ADMIN": ("governance",),
    "MODULES": ("governance",),
    "COMMITTEE": ("council",),
    "TERMS": ("council",),
    "OPERATORS": ("council",),
    "GUARDIAN": ("guardian",),
    "ADMISSION": ("council",),
}


def cast_actors(accounts: Sequence[str]) -> Mapping[str, str]:
    """Give each actor an account of the chain; raises ValueError when there are too few."""
    if len(accounts) < len(ACTORS):
        raise ValueError(f"{len(accounts)} accounts, at least {len(ACTORS)} expected")
    return dict(zip(ACTORS, accounts, strict=False))


def local_configuration(
    actors: Mapping[str, str],
    chain_genesis_time: int,
    profile: Profile = LOCAL,
    release: str = "1",
    overrides: Mapping[str, int] | None = None,
) -> Configuration:
    """Configure a local chain whose block 0 has the given time.

    The beacon chain is set to have begun one frame earlier, so that block 0 is one slot after
    the first reference slot.
    """
    return configuration(
        profile=profile.name,
        overrides=overrides or {},
        release=release,
        genesis_time=chain_genesis_time - profile.frame_seconds,
        accounts={name: actors[name] for name in POWERFUL},
        members=ORACLE_MEMBERS,
        quorum=LOCAL_QUORUM,
        treasury="treasury",
        holders=LOCAL_HOLDERS,
        delays={
            role.name: role.least_delay_frames * profile.frame_seconds
            for role in ROLES
            if role.is_delayed
        },
    )
