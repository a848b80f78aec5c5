"""Write docs/attacks.md anew: `python -m keel.measure.attacks`, some seconds."""

from keel.measure.attacks.page import PAGE, page, worst_of_all

if __name__ == "__main__":
    PAGE.write_text(page(worst_of_all()))
