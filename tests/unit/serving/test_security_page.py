"""docs/security.md names the bounds that the servers have."""

from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.committee import allowance, ballot_box, messages, unproven
from keel.consensus.api import endpoint, events
from keel.consensus.gateway import app as gateway
from keel.dashboard import guard
from keel.serving import connection, repetition, server

KIB, MIB = 1024, 1024**2
PAGE = REPOSITORY_ROOT / "docs" / "security.md"


def words_of(path: Path) -> str:
    return " ".join(path.read_text().split())


@pytest.mark.parametrize(
    "said",
    [
        f"{server.MOST_CONNECTIONS} connections at a time",
        f"less than {connection.LEAST_BYTES // KIB} KiB within {connection.STALL_SECONDS:.0f} s",
        f"{messages.MOST_BALLOT_BYTES // KIB} KiB for a ballot and on the page",
        f"{guard.BODY_BYTES_MOST // KIB} KiB for a ballot and on the page",
        f"{endpoint.MOST_BODY_BYTES // MIB} MiB at the Beacon API",
        f"{gateway.MOST_BYTES // MIB} MiB at the RPC address",
        f"{events.MOST_LISTENERS} listeners",
        f"leaves {events.MOST_WAITING:,} events unread",
        f"After {allowance.BURST} of them a sender is answered 429",
        f"At most {unproven.MOST_OF_A_SENDER} of a sender and {unproven.MOST_OF_STRANGERS} of all",
        f"up to {ballot_box.MOST_REPORTS_OF_A_MEMBER} different reports",
        f"after {ballot_box.MOST_INVALID_OF_A_PEER} the rest",
    ],
)
def test_a_bound_is_named_as_it_is(said: str) -> None:
    assert said in words_of(PAGE)


def test_warnings_are_counted_for_a_minute() -> None:
    assert repetition.FOLD_SECONDS == 60
    assert "its number after a minute" in words_of(PAGE)


def test_faults_are_reported_by_an_advisory_and_the_page_is_found() -> None:
    policy = words_of(REPOSITORY_ROOT / "SECURITY.md")
    assert "private advisory" in policy
    assert "docs/security.md" in policy
    assert "docs/security.md" in words_of(REPOSITORY_ROOT / "README.md")
