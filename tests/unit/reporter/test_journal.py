"""What outlives the process: nobody signs twice, and leaves are what their root says."""

import os
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from keel.committee.ballot import Ballot
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.report import Report
from keel.reporter.journal import ConflictingViewError, Journal, JournalError
from tests.unit.committee.committee_examples import LIE, MEMBERS, NOW, REPORT, ballot

SIGNER = MEMBERS[0].address
LEAVES = (OperatorTotals(0, 3, 1, 0, 10**24), OperatorTotals(2, 1, 0, 1, 7))
ROOT = operators_tree(LEAVES).root


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def test_the_same_report_may_be_signed_again_after_a_restart(journal: Journal) -> None:
    journal.intend(ballot(), SIGNER, NOW)
    Journal(journal.folder).intend(ballot(), SIGNER, NOW)


def test_another_report_of_the_slot_is_never_signed_while_the_first_counts(
    journal: Journal,
) -> None:
    journal.intend(ballot(), SIGNER, NOW)
    deadline = ballot().deadline
    with pytest.raises(ConflictingViewError) as refused:
        Journal(journal.folder).intend(ballot(LIE), SIGNER, deadline)
    assert (refused.value.signed, refused.value.seen) == (REPORT, LIE)
    Journal(journal.folder).intend(ballot(LIE), SIGNER, deadline + 1)


def on_chain(chain_id: int, report: Report = REPORT) -> Ballot:
    return replace(ballot(report), chain_id=chain_id)


@pytest.mark.parametrize(
    ("chain_id", "before", "after", "is_void"),
    [
        (31337, b"\x01" * 32, b"\x02" * 32, True),
        (31337, b"\x01" * 32, b"\x01" * 32, False),
        (31337, b"", b"\x02" * 32, False),
        (31337, b"\x01" * 32, b"", False),
        (1, b"\x01" * 32, b"\x02" * 32, False),
        (560048, b"\x01" * 32, b"\x02" * 32, False),
    ],
)
def test_only_a_local_chain_that_was_reverted_makes_an_earlier_report_void(
    journal: Journal, chain_id: int, before: bytes, after: bytes, is_void: bool
) -> None:
    journal.intend(on_chain(chain_id), SIGNER, NOW, before)
    if is_void:
        journal.intend(on_chain(chain_id, LIE), SIGNER, NOW, after)
    else:
        with pytest.raises(ConflictingViewError):
            journal.intend(on_chain(chain_id, LIE), SIGNER, NOW, after)


def test_what_was_signed_last_is_known_though_the_clock_jumped_back(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keel.reporter.journal._KEPT_INTENTS", 2)
    for slot in (31, 63):
        journal.intend(ballot(replace(REPORT, ref_slot=slot)), SIGNER, NOW)
    for file in (journal.folder / "signed").iterdir():
        os.utime(file, (2**31, 2**31))
    journal.intend(ballot(), SIGNER, NOW)
    with pytest.raises(ConflictingViewError):
        journal.intend(ballot(LIE), SIGNER, NOW)
    assert len(list((journal.folder / "signed").iterdir())) == 2


def test_the_newest_leaves_are_kept_though_the_clock_jumped_back(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keel.reporter.journal._KEPT_LEAVES", 1)
    journal.keep_leaves(LEAVES[:1])
    (file,) = (journal.folder / "operators").iterdir()
    os.utime(file, (2**31, 2**31))
    journal.keep_leaves(LEAVES)
    journal.forget_leaves(bytes(32))
    assert journal.leaves(ROOT) == LEAVES


def test_a_new_set_of_members_another_slot_or_account_is_another_matter(
    journal: Journal,
) -> None:
    journal.intend(ballot(), SIGNER, NOW)
    journal.intend(ballot(LIE, nonce=2), SIGNER, NOW)
    journal.intend(ballot(replace(LIE, ref_slot=127)), SIGNER, NOW)
    journal.intend(ballot(LIE), MEMBERS[1].address, NOW)
    with pytest.raises(ConflictingViewError):
        journal.intend(ballot(LIE), SIGNER, NOW)


def test_leaves_are_found_by_their_root(journal: Journal) -> None:
    assert journal.leaves(ROOT) is None
    journal.keep_leaves(LEAVES)
    assert Journal(journal.folder).leaves(ROOT) == LEAVES
    assert journal.leaves(bytes(32)) is None


def test_leaves_that_were_tampered_with_are_not_believed(journal: Journal) -> None:
    journal.keep_leaves(LEAVES)
    path = journal.folder / "operators" / f"0x{ROOT.hex()}.json"
    path.write_text(path.read_text().replace('"7"', '"8"'))
    assert journal.leaves(ROOT) is None
    path.write_text("{")
    assert journal.leaves(ROOT) is None


def test_a_damaged_intent_stops_signing(journal: Journal) -> None:
    journal.intend(ballot(), SIGNER, NOW)
    (path,) = (journal.folder / "signed").iterdir()
    path.write_text("{")
    with pytest.raises(JournalError, match=r"is damaged or .*: what was signed is not known$"):
        journal.intend(ballot(), SIGNER, NOW)


def test_an_intent_of_the_form_of_before_stops_signing_and_names_what_it_lacks(
    journal: Journal,
) -> None:
    journal.intend(ballot(), SIGNER, NOW)
    (path,) = (journal.folder / "signed").iterdir()
    written = orjson.loads(path.read_bytes())
    for field in ("active_balance_gwei", "operators_bps", "charged_shares"):
        del written["report"][field]
    path.write_bytes(orjson.dumps(written))
    with pytest.raises(JournalError) as refused:
        journal.intend(ballot(), SIGNER, NOW)
    assert str(refused.value) == (
        f"{path} is damaged or of another version ('report.active_balance_gwei': Field required): "
        "what was signed is not known"
    )


def test_the_standing_leaves_are_never_forgotten(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keel.reporter.journal._KEPT_LEAVES", 2)
    journal.keep_leaves(LEAVES)
    old = journal.folder / "operators" / f"0x{ROOT.hex()}.json"
    os.utime(old, (1, 1))
    later = [(OperatorTotals(0, 1, 0, 0, n),) for n in range(1, 5)]
    for time, leaves in enumerate(later, start=2):
        journal.keep_leaves(leaves)
        name = f"0x{operators_tree(leaves).root.hex()}.json"
        os.utime(journal.folder / "operators" / name, (time, time))
    journal.forget_leaves(ROOT)
    roots = [operators_tree(leaves).root for leaves in later]
    assert journal.leaves(ROOT) == LEAVES
    assert [journal.leaves(root) is not None for root in roots] == [False, False, True, True]
