"""What all rules have in common: a pair of contracts and model, and a chain to put back."""

from hypothesis.stateful import RuleBasedStateMachine

from keel.chain.clock import restore_snapshot, take_snapshot
from keel.chain.state import block_head
from keel.statement.reading import StatementReader
from tests.stateful.pair import Pair


class Machine(RuleBasedStateMachine):
    """One history. It begins where `stage` stands and leaves the chain as it was.

    At its end the statement of all that happened must be what the contracts have.
    """

    stage: Pair
    statements: StatementReader

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = take_snapshot(self.stage.rpc)
        self.pair = self.stage.fork()

    def teardown(self) -> None:
        self.require_true_statement()
        restore_snapshot(self.stage.rpc, self.snapshot)

    def require_true_statement(self) -> None:
        """The events of all that happened add up to what the contracts have."""
        head = block_head(self.stage.rpc)
        assert self.statements.read(head, (0, head.timestamp + 1)).differences == ()

    def balance_wei(self, who: str) -> int:
        """What an actor's kETH reads."""
        return self.pair.model.balance_wei(who, self.pair.now)
