"""Who may do what: the one table of roles, from which deployment, verification and docs follow.

OpenZeppelin's AccessManager keeps them. Each restricted function of Keel stands here exactly once.
A delay is the time between scheduling a call and its execution, in which everyone can see it, a
guardian can cancel it once, and holders can leave: tickets take about 5 frames.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """`functions` maps a contract of the plan to the functions that the role may call.

    `least_delay_frames` bounds the execution delay of every holder from below; 0 means at once.
    """

    id: int
    name: str
    purpose: str
    functions: tuple[tuple[str, tuple[str, ...]], ...]
    least_delay_frames: int

    @property
    def is_delayed(self) -> bool:
        """Whether its calls must be scheduled first."""
        return self.least_delay_frames > 0


ADMIN = Role(
    0,
    "ADMIN",
    "Governance: grants and revokes roles, and maps functions to roles.",
    (),
    10,
)
MODULES = Role(
    1,
    "MODULES",
    "Replaces oracle, fund, verifier of proofs, and the code behind WithdrawalVault.",
    (("StakingVault", ("setModules",)), ("WithdrawalVault", ("upgradeToCode",))),
    10,
)
COMMITTEE = Role(
    3,
    "COMMITTEE",
    "Chooses the oracle's members and quorum.",
    (("AccountingOracle", ("setMembers",)),),
    7,
)
TERMS = Role(
    4,
    "TERMS",
    "Sets fees, the deposit limit and the terms of instant redemption, within fixed bounds.",
    (("StakingVault", ("setTerms",)), ("InstantRedemption", ("setTerms",))),
    7,
)
OPERATORS = Role(
    5,
    "OPERATORS",
    "Sets operators' limits, targets and managers, so it moves rewards.",
    (("OperatorRegistry", ("setOperator", "setManager", "unfreeze")),),
    7,
)
GUARDIAN = Role(
    7,
    "GUARDIAN",
    "Pauses deposits, instant redemption or staking, half of the time at most; cancels a scheduled "
    "call once.",
    (("StakingVault", ("pause",)), ("InstantRedemption", ("pause",))),
    0,
)

ADMISSION = Role(
    8,
    "ADMISSION",
    "Admits operators; at once: each validator costs a new one 1 ETH, and staking is bounded.",
    (("OperatorRegistry", ("addOperator",)),),
    0,
)

ROLES = (
    ADMIN,
    MODULES,
    COMMITTEE,
    TERMS,
    OPERATORS,
    GUARDIAN,
    ADMISSION,
)
ROLE_BY_NAME = {role.name: role for role in ROLES}

LABELLED = tuple(role for role in ROLES if role is not ADMIN)
"""Roles that the AccessManager lets be labelled, and cancelled by a guardian role."""

CANCELLED_BY_GUARDIAN = tuple(role for role in LABELLED if role.is_delayed)

GRANTED_LATE = tuple(role for role in ROLES if role.is_delayed)
"""Roles that a new holder can use only after the role's delay, counted from the grant (ROL-4)."""

MANAGER_FUNCTIONS = (
    ("grantRole, revokeRole", "grant or revoke any role; a grant sets the holder's delay"),
    ("setTargetFunctionRole", "set which role a function of a contract needs"),
    ("setTargetClosed", "close or open all restricted functions of a contract"),
    ("updateAuthority", "hand a contract to another AccessManager"),
    ("setRoleAdmin, setRoleGuardian", "set which role grants another, or cancels its calls"),
    ("setGrantDelay, setTargetAdminDelay", "set longer delays for these changes"),
    ("labelRole", "name a role in the log"),
)
"""AccessManager's own functions, all of ADMIN and after ADMIN's delay."""


def role_of(contract: str, function: str) -> Role:
    """Find the role that a restricted function needs; raises KeyError for any other function."""
    for role in ROLES:
        for name, functions in role.functions:
            if name == contract and function in functions:
                return role
    raise KeyError(f"{contract}.{function} is not restricted")
