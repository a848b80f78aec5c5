"""Write the table of docs/consensus.md anew: `python -m keel.measure.penalties`, a minute."""

from keel.measure.penalties.page import PAGE, SLASHED, page_with
from keel.measure.penalties.slashing import measure

if __name__ == "__main__":
    PAGE.write_text(page_with([measure(slashed) for slashed in SLASHED], PAGE.read_text()))
