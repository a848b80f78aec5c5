"""What Exits has recorded and would take, at the head."""

from keel.chain.contract import call_many
from keel.chain.state import block_head
from keel.deploy.bindings import Bindings
from keel.keeper.view import ExitBooks, ExitRequest
from keel.model.key_stage import Stage
from keel.sight.history import History
from keel.sight.key_lives import OVER_STAGES


class ExitReader:
    """Reads for each head; keeps the times of blocks."""

    def __init__(self, contracts: Bindings) -> None:
        self._contracts = contracts
        self._times: dict[int, int] = {}

    def read(self, history: History, operators: int) -> ExitBooks:
        """The books as the history tells them and Exits counts; raises what the client raises."""
        contracts, told = self._contracts, history.exit_lives
        exits = contracts.exits
        missing_wei, parts, fee_wei, *standings = call_many(
            contracts.rpc,
            [
                exits.missingWei.prepare(),
                exits.exitsAvailable.prepare(),
                contracts.withdrawal_vault.withdrawalRequestFeeWei.prepare(),
                *(exits.standing.prepare(number) for number in range(operators)),
            ],
        )
        staked = history.keys_at(Stage.STAKED)
        heard = {life.pubkey: told[life.pubkey_root] for life in staked if life.pubkey_root in told}
        return ExitBooks(
            missing_wei=missing_wei,
            available_parts=parts,
            fee_wei=fee_wei,
            spare_parts={n: live - least for n, (live, least) in enumerate(standings)},
            requests=tuple(
                ExitRequest(pubkey, one.asked_block, self._time(one.first_asked_block))
                for pubkey, one in heard.items()
                if one.asked_block
            ),
            noted={
                pubkey: one.noted_block
                for pubkey, one in heard.items()
                if one.noted_block and not one.asked_block
            },
            unnoted=frozenset(life.pubkey for life in history.exits_unknown()),
            over=tuple(life.pubkey_root for life in history.exits_over()),
            balance_slots={
                pubkey: one.balance_slot for pubkey, one in heard.items() if one.balance_slot
            },
            gone=frozenset(life.pubkey for at in OVER_STAGES for life in history.keys_at(at)),
        )

    def _time(self, block_number: int) -> int:
        if block_number not in self._times:
            self._times[block_number] = block_head(self._contracts.rpc, block_number).timestamp
        return self._times[block_number]
