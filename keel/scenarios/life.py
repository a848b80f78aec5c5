"""The life of Keel in chapters, as `make demo` and the tests run it."""

from collections.abc import Iterator

from keel.formatting.amounts import shown_bps, shown_ether, shown_seconds
from keel.model.constants import BPS, ETHER, GWEI
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.scenarios.chapter import Chapter, Life, name_of
from keel.scenarios.circle_world import has_signed, kill_in_mid_frame
from keel.scenarios.exits import ask_exit
from keel.scenarios.keepers import await_exit_asked, await_paid_out
from keel.scenarios.key_chapters import FRONT_RUN, PREDEPOSIT, PROOF, STAKE
from keel.scenarios.operators import await_rewards, history_of
from keel.scenarios.refusals import refusal
from keel.scenarios.slashings import await_loss, await_slashings_proven, run_for_the_exit
from keel.scenarios.users import (
    a_frame_passes,
    claim_ticket,
    deposit,
    deposit_wrapped,
    redeem_instantly,
    request_ticket,
    sell_ticket,
    underwrite,
)
from keel.scenarios.validators import (
    Lost,
    await_activation,
    frames_offline,
    sign_twice,
    suffer_penalty,
    work,
)

TICKET_WEI = 50 * ETHER
TICKET_PRICE_WEI = 49 * ETHER
INSURANCE_WEI = 3 * ETHER
MEV_WEI = ETHER // 200
LARGE_TICKET_WEI = 100 * ETHER
OFFENDERS = 3
RUN_WEI = 10 * ETHER
VICTIM = 2


def _deposit(life: Life) -> Iterator[str]:
    for actor, amount in (("depositor", 476), ("redeemer", 100)):
        bought = deposit(life.world, actor, amount * ETHER)
        yield f"The {actor} paid {amount} ETH and has {shown_ether(bought.balance)} kETH."
    bought = deposit_wrapped(life.world, "holder", 300 * ETHER)
    yield f"The holder paid 300 ETH and has {shown_ether(bought.balance)} wkETH."
    underwritten = underwrite(life.world, "underwriter", INSURANCE_WEI)
    yield f"The underwriter put {shown_ether(underwritten.units)} wkETH into the insurance fund."


def _start(life: Life) -> Iterator[str]:
    life.world = life.start_circle(life.world)
    circle = life.circled.circle
    reporters = ", ".join(str(reporter.pid) for reporter in circle.reporters)
    keepers = ", ".join(str(keeper.pid) for keeper in circle.keepers)
    yield (
        f"Reporters are processes {reporters}, the keeper is process {keepers}; each has its own "
        "key, journal and log, and knows the others by address only."
    )
    yield ("From now on the script neither proves, stakes, reports nor asks for exits: they do.")


def _activate(life: Life) -> Iterator[str]:
    pending = len(life.world.beacon.chain.state.pending_deposits)
    yield (
        f"The beacon chain took {pending} more deposits from the contract's log (EIP-6110); it "
        "lets in a few an epoch."
    )
    activated = await_activation(life.world)
    yield (
        f"{activated.slots} slots later all {activated.validators} are active, and "
        f"{len(activated.reports)} frames were reported on the way."
    )


def _report(life: Life) -> Iterator[str]:
    world = life.world
    world.beacon.chain.fees.mev_payment_wei = MEV_WEI
    yield (
        "In every slot somebody pays a tip, and the block's builder pays its proposer "
        f"{shown_ether(MEV_WEI)} ETH."
    )
    worked = work(world)
    yield (
        f"Keel's validators proposed {worked.blocks} blocks and earned "
        f"{shown_ether(worked.earned_gwei * GWEI)} ETH; {shown_ether(worked.swept_gwei * GWEI)} "
        f"ETH above 32 each were swept to WithdrawalVault, {shown_ether(worked.fees_wei)} ETH of "
        "fees and MEV reached RewardsVault."
    )
    reported = world.next_report()
    yield (
        f"{reported.signatures} members signed the report of slot {reported.report.ref_slot}, "
        f"which the chain has finalised; {name_of(world, reported.receipt.sender)} posted it in "
        f"block {reported.receipt.block_number} for {reported.receipt.gas_used:,} gas."
    )
    outcome = reported.outcome
    yield (
        f"Profit {shown_ether(outcome.profitWei)} ETH, fee {shown_ether(outcome.feeWei)} ETH; the "
        f"rest streams to holders over {shown_seconds(outcome.streamSeconds)}."
    )


def _grow(life: Life) -> Iterator[str]:
    grown = a_frame_passes(life.world, "depositor", "holder")
    half, whole = shown_seconds(grown.seconds // 2), shown_seconds(grown.seconds)
    for name, start, middle, end in (
        ("kETH", grown.start.keth_wei, grown.middle.keth_wei, grown.end.keth_wei),
        ("wkETH, in ETH,", grown.start.wketh_wei, grown.middle.wketh_wei, grown.end.wketh_wei),
    ):
        yield (
            f"{name} grew from {shown_ether(start)} to {shown_ether(middle)} in {half} and to "
            f"{shown_ether(end)} in {whole}."
        )


def _lose_with_cover(life: Life) -> Iterator[str]:
    lost = frames_offline(life.world)
    yield "All of Keel's validators were offline for two frames; the rest finalised without them."
    yield _told("The penalties of the second frame", lost)


def _slash(life: Life) -> Iterator[str]:
    life.slashed = sign_twice(life.world, OFFENDERS)
    culprits = ", ".join(map(str, life.slashed.indices))
    yield (
        f"Validators {culprits} voted twice in one epoch; the next block proved it, and they lost "
        f"{shown_ether(life.slashed.first_penalty_gwei * GWEI)} ETH at once. The beacon state says "
        f"that they will lose {shown_ether(life.slashed.expected_gwei * GWEI)} ETH more."
    )
    proven = await_slashings_proven(life.circled, life.slashed)
    yield (
        f"{proven.slots} slots later the keeper had proven {proven.validators} slashings of "
        f"{shown_ether(proven.balance_wei)} ETH in all, for "
        f"{proven.gas_used // proven.validators:,} gas each: the state is "
        f"{proven.state.name.lower()}."
    )
    yield (
        f"{shown_ether(proven.forfeit_wei)} ETH of their operators' bonds are forfeit: they pay "
        "for the loss first."
    )


def _run(life: Life) -> Iterator[str]:
    tried = run_for_the_exit(life.world, "redeemer", "depositor", RUN_WEI)
    yield (
        "The redeemer, who watches the beacon chain, wants its ether before the loss is reported: "
        f"instant redemption is refused ({tried.redemption})."
    )
    yield f"Nor can anybody buy in meanwhile ({tried.deposit})."
    life.ticket_id = request_ticket(life.world, "depositor", TICKET_WEI)
    yield (
        f"The depositor requested ticket {life.ticket_id} for {shown_ether(TICKET_WEI)} ETH: that "
        "is always possible, but a ticket bears losses until it is finalised."
    )
    sell_ticket(life.world, life.ticket_id, "depositor", "stranger", TICKET_PRICE_WEI)
    yield f"A stranger bought it for {shown_ether(TICKET_PRICE_WEI)} ETH (ERC-721 transfer)."


def _lose_without_cover(life: Life) -> Iterator[str]:
    announced, lost = await_loss(life.circled)
    yield "The next report counts all of it, long before the chain takes it; others earned."
    if announced is not None:
        yield (
            f"It is more than the {shown_ether(announced.judgement.limitWei)} ETH that may be "
            f"applied at once, so the report of slot {announced.report.ref_slot} announced it. The "
            "next one, which applies it, needs one signature more than a quorum; "
            f"{lost.reported.signatures} members signed."
        )
    yield _told("What was left of it", lost)
    yield (
        f"Holders lost {shown_bps(lost.holders_bps)}, ticket {life.ticket_id} "
        f"{shown_bps(lost.tickets_wei * BPS // TICKET_WEI)}: the run for the exit gained nothing."
    )
    state = State(life.world.contracts.vault.state()).name.lower()
    yield f"The same report finalised the ticket. It counts the slashings, so the state is {state}."


def _lose_no_more(life: Life) -> Iterator[str]:
    if life.slashed is None:
        raise ValueError("nobody has been slashed yet")
    penalty_wei, reported = suffer_penalty(life.world, life.slashed)
    yield (
        f"Half of {life.world.beacon.chain.spec.EPOCHS_PER_SLASHINGS_VECTOR} epochs after the "
        f"slashing the chain took {shown_ether(penalty_wei)} ETH."
    )
    yield (
        f"The report of slot {reported.report.ref_slot} shows a profit of "
        f"{shown_ether(reported.outcome.profitWei)} ETH and a loss of "
        f"{shown_ether(reported.outcome.lossWei)} ETH: who left in between left no loss behind."
    )


def _claim(life: Life) -> Iterator[str]:
    claimed = claim_ticket(life.world, life.ticket_id)
    yield (
        f"The new owner received {shown_ether(claimed.paid_wei)} of "
        f"{shown_ether(claimed.asked_wei)} ETH: the ticket bore its part of the loss."
    )


def _redeem(life: Life) -> Iterator[str]:
    redeemed = redeem_instantly(life.world, "redeemer", 20 * ETHER)
    yield (
        f"The redeemer gave kETH worth {shown_ether(redeemed.value_wei)} ETH and had "
        f"{shown_ether(redeemed.paid_wei)} ETH at once; {shown_ether(redeemed.fee_wei)} ETH "
        "went to the insurance fund."
    )


def _die(life: Life) -> Iterator[str]:
    world = life.circled
    victim = world.circle.reporters[VICTIM]
    killed = kill_in_mid_frame(world, victim)
    reported = killed.reported
    names = ", ".join(sorted(name_of(world, signer) for signer in reported.signers))
    yield f"In slot {killed.slot} process {killed.pid} ({killed.name}) was killed (kill -9)."
    yield f"The report of slot {reported.report.ref_slot} came anyway, signed by {names}."
    victim.restart()
    ref_slot = world.next_report().report.ref_slot
    signed = has_signed(victim, world.members[VICTIM].address, ref_slot)
    yield (
        f"Started again as process {victim.pid}, it {'signed' if signed else 'did not sign'} "
        f"the report of slot {ref_slot}."
    )


def _leave(life: Life) -> Iterator[str]:
    world = life.circled
    oldest = history_of(world).keys_at(Stage.STAKED)[0]
    yield (
        f"An attacker asks with a proof for the exit of validator {oldest.validator_index}. No "
        "ticket needs that, so it is refused "
        f"({refusal(lambda: ask_exit(world, oldest.pubkey, 'attacker'))})."
    )
    ticket_id = request_ticket(world, "depositor", LARGE_TICKET_WEI)
    yield (
        f"The depositor requested ticket {ticket_id} for {shown_ether(LARGE_TICKET_WEI)} ETH; "
        f"{shown_ether(world.contracts.vault.bufferedWei())} ETH are buffered."
    )
    asked = await_exit_asked(world)
    indices = " and ".join(f"validator {index}" for index in asked.indices)
    yield (
        f"{asked.slots} slots later, on the keeper's request (EIP-7002), {indices} began to exit. "
        "The keeper has no role, and no operator was asked: it showed by a proof that the chain "
        "would act, and Exits knew that tickets lacked the ether."
    )
    paid = await_paid_out(world, asked, ticket_id)
    yield (
        f"By slot {paid.swept_slot} all of it was paid out to WithdrawalVault; the report of slot "
        f"{paid.reports[-1].report.ref_slot} finalised the ticket."
    )
    claimed = claim_ticket(world, ticket_id)
    yield f"The depositor received {shown_ether(claimed.paid_wei)} ETH."


def _reward(life: Life) -> Iterator[str]:
    for rewarded in await_rewards(life.circled):
        yield (
            f"The keeper proved leaves of operator {rewarded.operator_id}, which has received kETH "
            f"worth {shown_ether(rewarded.worth_wei, 6)} ETH."
        )


def _told(what: str, lost: Lost) -> str:
    return (
        f"{what} made a loss of {shown_ether(lost.loss_wei)} ETH: forfeited bonds bore "
        f"{shown_ether(lost.bond_wei)}, unvested rewards "
        f"{shown_ether(lost.unvested_wei)}, insurance {shown_ether(lost.cover_wei)}, holders "
        f"{shown_ether(lost.holders_wei)}, tickets {shown_ether(lost.tickets_wei)}."
    )


CHAPTERS = (
    PREDEPOSIT,
    Chapter("Users deposit into both tokens", _deposit),
    FRONT_RUN,
    PROOF,
    Chapter("Five reporters and a keeper start", _start),
    STAKE,
    Chapter("The beacon chain activates the validators", _activate),
    Chapter("Validators earn; five members sign, one posts", _report),
    Chapter("Both tokens grow over the following frame", _grow),
    Chapter("A reporter is killed in mid-frame", _die),
    Chapter("A loss, with enough insurance", _lose_with_cover),
    Chapter("Validators are slashed, and a proof closes the doors", _slash),
    Chapter("A run for the exit, and a ticket that is sold", _run),
    Chapter("A loss, with too little insurance", _lose_without_cover),
    Chapter("The ticket is claimed by its new owner", _claim),
    Chapter("The slashed lose what was counted already", _lose_no_more),
    Chapter("Somebody redeems at once", _redeem),
    Chapter("A large ticket makes a validator leave", _leave),
    Chapter("Operators have their rewards", _reward),
)
