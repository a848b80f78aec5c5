"""What the page must show at a block, read from both layers by calls of the test's own."""

from math import isqrt
from typing import Any

from keel.chain.state import block_head
from keel.model.constants import ETHER, GWEI
from keel.scenarios.beacon_world import BeaconWorld


def expected_numbers(world: BeaconWorld, block: int) -> dict[str, int]:
    """Every number with a name, but for the beacon node's own slots."""
    found = {
        **_accounts(world, block),
        **_queue(world, block),
        **_operators(world, block),
        **_oracle(world, block),
        **_fund(world, block),
        **_reports(world, block),
    }
    found |= _on_mainnet(world, found["apr"])
    time = block_head(world.rpc, block).timestamp
    return found | {"block": block, "slot": world.beacon.slot_at(time)}


def _accounts(world: BeaconWorld, block: int) -> dict[str, int]:
    c = world.contracts
    shares, backing_wei, unvested_wei = c.vault.totals(block=block)
    consensus = c.vault.consensus(block=block)
    buffered_wei = c.vault.bufferedWei(block=block)
    owed_wei = c.queue.owedWei(block=block)
    now = block_head(world.rpc, block).timestamp
    visible_wei = backing_wei - unvested_wei
    left = c.vault.stream(block=block).streamEnd - now
    yearly_bps = unvested_wei * 365 * 86_400 * 10_000
    redeemable_wei = c.instant.redeemableWei(block=block)
    probe = c.vault.toSharesUp(ETHER, block=block)
    paid_wei, _ = c.instant.previewRedeem(probe, block=block)
    discount_bps = -(-(ETHER - paid_wei) * 10_000 // ETHER)
    price = {"price": paid_wei, "discount": discount_bps} if redeemable_wei else {}
    return price | {
        "state": c.vault.state(block=block),
        "rate": visible_wei * 10**27 // shares,
        "apr": yearly_bps // (left * visible_wei) if left > 0 else 0,
        "keth_supply": c.vault.totalSupply(block=block),
        "wketh_supply": c.vault.sharesOf(c.wrapped.address, block=block) // 10**9,
        "depositable": c.vault.depositableWei(block=block),
        "stakeable": c.vault.stakeableValidators(block=block),
        "redeemable": redeemable_wei,
        "buffered": buffered_wei,
        "consensus": consensus.balanceWei,
        "pending": consensus.pendingWei,
        "visible": visible_wei,
        "unvested": unvested_wei,
        "owed": owed_wei,
        "controlled": buffered_wei + consensus.balanceWei + consensus.pendingWei,
        "accounted": backing_wei + owed_wei,
        "identity.difference": 0,
        "loss_carry": abs(c.vault.lossCarryWei(block=block)),
        "loss_allowance": c.vault.lossAllowanceWei(block=block),
        "unvested_limit": max(visible_wei // 100, 32 * 10**18),
        "slashed_wei": c.vault.slashedWei(block=block),
        "slashed_limit": (backing_wei + owed_wei) // 1_000,
        "check.counted": _counted_wei(world),
    }


def _on_mainnet(world: BeaconWorld, apr_bps: int) -> dict[str, int]:
    """Rewards grow with the inverse of the root of what all validators have at stake."""
    if not apr_bps:
        return {}
    spec, state = world.beacon.chain.spec, world.beacon.chain.state
    active = spec.get_active_validator_indices(state, spec.get_current_epoch(state))
    gwei = sum(int(state.validators[index].effective_balance) for index in active)
    here = int(spec.SLOTS_PER_EPOCH) * world.beacon.slot_seconds * isqrt(gwei)
    there = 32 * 12 * isqrt(35_000_000 * GWEI)
    return {"apr_mainnet": apr_bps * here // there, "times_mainnet": there // here}


def _counted_wei(world: BeaconWorld) -> int:
    """C of the last reported slot, from the state itself and not from the Beacon API."""
    state = world.beacon.chain.store.state_at(world.contracts.oracle.lastReport().refSlot)
    keys = world.beacon.operators
    places = [n for n, each in enumerate(state.validators) if bytes(each.pubkey) in keys]
    waiting = [d for d in state.pending_deposits if bytes(d.pubkey) in keys]
    gwei = sum(int(state.balances[n]) for n in places) + sum(int(d.amount) for d in waiting)
    return gwei * GWEI


def _queue(world: BeaconWorld, block: int) -> dict[str, int]:
    queue = world.contracts.queue
    last = queue.lastTicket(block=block)
    finalised = queue.lastFinalised(block=block)
    tickets = {n: queue.ticket(n, block=block) for n in range(1, last + 1)}
    found = {
        "queue.waiting": last - finalised,
        "queue.tickets": last,
        "queue.owed": queue.owedWei(block=block),
        "queue.claimable": sum(ticket.state == 2 for ticket in tickets.values()),
        "queue.index": queue.pending(block=block)[1],
    }
    for number, ticket in tickets.items():
        if ticket.state == 1:
            found[f"ticket.{number}.worth"] = ticket.worthWei
            found[f"ticket.{number}.likely"] = ticket.likelyPaidAt
    return found


def _operators(world: BeaconWorld, block: int) -> dict[str, int]:
    registry = world.contracts.registry
    counts = world.beacon.counts(block_head(world.rpc, block).timestamp)
    found: dict[str, int] = {}
    for number in range(registry.operatorCount(block=block)):
        operator = registry.operator(number, block=block)
        active, exited, slashed = counts[number]
        values: dict[str, Any] = {
            "staked": operator.staked,
            "paid_out": operator.withdrawn,
            "pending": operator.staked - active - exited,
            "active": active,
            "exited": exited,
            "slashed": slashed,
            "limit": operator.limit,
            "target": operator.targetBps,
            "commission": operator.commissionBps,
            "claimed": registry.claimedShares(number, block=block),
        }
        claimed_wei = world.contracts.vault.toAssetsDown(values["claimed"], block=block)
        values["claimed_wei"] = claimed_wei
        bond = world.contracts.bonds.bondOf(number, block=block)
        wrapped, leaving = world.contracts.wrapped, _leaving_units(world, number, block)
        values["bond"] = wrapped.convertToAssets(bond.units, block=block)
        values["leaving"] = wrapped.convertToAssets(leaving, block=block)
        values |= _keys(world, number, block)
        found |= {f"operator.{number}.{name}": value for name, value in values.items()}
    return found


def _leaving_units(world: BeaconWorld, operator_id: int, block: int) -> int:
    """What the bonds' contract says of each key that was released."""
    bonds = world.contracts.bonds
    released = bonds.events_between(world.first_block, block, "BondReleased")
    roots = [e.inputs["pubkeyRoot"] for e in released if e.inputs["operatorId"] == operator_id]
    return sum(bonds.leavingOf(root, block=block).units for root in roots)


def _keys(world: BeaconWorld, operator_id: int, block: int) -> dict[str, int]:
    """Keys that came no further, by the registry's own view of each."""
    registry = world.contracts.registry
    events = registry.events_between(world.first_block, block, "KeyPredeposited")
    roots = [e.inputs["pubkeyRoot"] for e in events if e.inputs["operatorId"] == operator_id]
    stages = [registry.keyOf(root, block=block).stage for root in roots]
    return {"predeposited": stages.count(1), "proven": stages.count(2)}


def _oracle(world: BeaconWorld, block: int) -> dict[str, int]:
    oracle = world.contracts.oracle
    last = oracle.lastReport(block=block)
    applied = oracle.events_between(world.first_block, block, "ReportApplied")
    gas = {
        f"gas.{event.inputs['refSlot']}": int(
            world.rpc.call("eth_getTransactionReceipt", event.log.transaction_hash)["gasUsed"], 16
        )
        for event in applied
    }
    return gas | {
        "ref_slot": last.refSlot,
        "reported.active": last.activeValidators,
        "reported.exited": last.exitedValidators,
        "reported.slashed": last.slashedValidators,
        "quorum": oracle.quorum(block=block),
        "announced_quorum": oracle.announcedQuorum(block=block),
        "members": len(oracle.members(block=block)),
    }


def _reports(world: BeaconWorld, last: int) -> dict[str, int]:
    """What each report left, read at its own block."""
    c = world.contracts
    found: dict[str, int] = {}
    for event in c.vault.events_between(world.first_block, last, "Rebased"):
        block = event.log.block_number
        found |= {
            f"report.{block}.rate": c.wrapped.convertToAssets(ETHER, block=block),
            f"report.{block}.supply": c.vault.totalSupply(block=block),
            f"report.{block}.unvested": c.vault.totals(block=block)[2],
            f"report.{block}.apr": event.inputs["aprBps"],
        }
    return found


def _fund(world: BeaconWorld, block: int) -> dict[str, int]:
    fund, wrapped = world.contracts.fund, world.contracts.wrapped
    units = fund.totalAssets(block=block)
    vault, forfeit = world.contracts.vault, world.contracts.bonds.forfeitUnits(block=block)
    slashed = vault.toSharesDown(vault.slashedWei(block=block), block=block) // 10**9
    cover_units = min(max(units * 5 // 100, slashed), units * 95 // 100)
    underwriter = world.actors["underwriter"]
    cooling = fund.cooldownOf(underwriter, block=block).shares
    cooldown = {f"cooldown.{underwriter}": cooling} if cooling else {}
    return cooldown | {
        "fund.units": units,
        "fund.worth": wrapped.convertToAssets(units, block=block),
        "fund.cover_units": cover_units,
        "fund.cover": wrapped.convertToAssets(cover_units, block=block),
        "fund.forfeit_units": forfeit,
        "fund.forfeit": wrapped.convertToAssets(forfeit, block=block),
        "fund.price": fund.convertToAssets(10**24, block=block),
        "fund.cooldowns": 1 if cooling else 0,
    }
