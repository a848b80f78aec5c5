"""docs/trust.md is what the actors got on the contracts of today."""

import os

from keel.chain.clock import reverting
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.roles import ROLES
from tests.deployment import Keel
from tests.trust import roles
from tests.trust.outsiders import OUTSIDERS
from tests.trust.page import page
from tests.trust.reporters import REPORTERS
from tests.trust.victims import VICTIMS_WEI, Row

PAGE = REPOSITORY_ROOT / "docs" / "trust.md"
WRITE = "KEEL_WRITE_TRUST"


def test_the_page_shows_what_each_actor_gets(keel_mainnet: Keel) -> None:
    rows: list[Row] = []
    for power in (*roles.ROLES, *OUTSIDERS, *REPORTERS):
        with reverting(keel_mainnet.rpc):
            rows.append(power(keel_mainnet))
    for row in rows:
        if not row.why:
            assert row.at_once_wei <= row.day_wei <= VICTIMS_WEI // 1_000, row
            assert (row.delay_wei or 0) <= VICTIMS_WEI // 100, row
    text = page(rows, f"{WRITE}=1")
    if os.environ.get(WRITE):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, f"run this test with {WRITE}=1 to write the page anew"


def test_every_role_has_its_row() -> None:
    assert {power.__name__.upper() for power in roles.ROLES} == {role.name for role in ROLES}
