"""What all rules have in common: a pair of contracts and model, and a chain to put back."""

from hypothesis.stateful import RuleBasedStateMachine

from keel.chain.clock import restore_snapshot, take_snapshot
from tests.stateful.pair import Pair


class Machine(RuleBasedStateMachine):
    """One history. It begins where `stage` stands and leaves the chain as it was."""

    stage: Pair

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = take_snapshot(self.stage.rpc)
        self.pair = self.stage.fork()

    def teardown(self) -> None:
        restore_snapshot(self.stage.rpc, self.snapshot)

    def balance_wei(self, who: str) -> int:
        """What an actor's kETH reads."""
        return self.pair.model.balance_wei(who, self.pair.now)
