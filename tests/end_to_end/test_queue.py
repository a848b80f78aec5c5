"""Nearly everybody wants out at once."""

from keel.chain.state import balance_wei
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import claim_ticket
from tests.causes import fails
from tests.end_to_end.conftest import Begin

_TICKETS_WEI = [20 * ETHER, *[40 * ETHER] * 11]
"""What is buffered pays the first of them, and no other."""

_UNWRAPPED_WEI = 200 * ETHER


def test_a_mass_exit_is_paid_in_order_by_no_more_exits_than_it_needs(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world) as story:
        c, chain = story.contracts, story.chain
        depositor, holder = (story.world.actors[name] for name in ("depositor", "holder"))
        story.reports(1)
        buffered_wei = c.vault.bufferedWei()
        c.queue.requestMany.send(_TICKETS_WEI, depositor, sender=depositor)
        c.wrapped.withdraw.send(_UNWRAPPED_WEI, holder, holder, sender=holder)
        c.queue.request.send(c.vault.balanceOf(holder), holder, sender=holder)
        last = len(_TICKETS_WEI) + 1
        owed_wei = c.queue.owedWei()
        assert c.queue.lastTicket() == last

        finalised: list[int] = []
        while c.queue.lastFinalised() < last:
            story.world.next_report()
            finalised.append(c.queue.lastFinalised())
            if finalised[-1] < last:
                with fails("NotFinalised", ticketId=finalised[-1] + 1, lastFinalised=finalised[-1]):
                    claim_ticket(story.world, finalised[-1] + 1)
        assert finalised[0] == 1
        assert finalised == sorted(finalised)

        asked = story.exits_asked()
        assert len(set(asked)) == len(asked)
        brought_wei = len(asked) * 32 * ETHER
        assert brought_wei + ETHER > owed_wei - buffered_wei
        assert brought_wei - 32 * ETHER < owed_wei - buffered_wei
        left = {
            bytes(validator.pubkey)
            for validator in chain.state.validators
            if validator.exit_epoch != chain.spec.FAR_FUTURE_EPOCH
        }
        assert left == set(asked)

        paid_wei = sum(claim_ticket(story.world, ticket).paid_wei for ticket in range(1, last + 1))
        assert owed_wei - paid_wei in range(last + 1)
        assert balance_wei(story.world.rpc, c.queue.address) in range(last + 1)
        story.reports(1)
        assert story.exits_asked() == asked
        assert story.frames.last.reported.report.exited_validators == len(asked)
        assert story.frames.last.identity.owed_wei == 0
        story.frames.explained()
