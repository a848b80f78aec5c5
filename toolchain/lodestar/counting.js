// What a block brought, judged by Lodestar's states before and after it.
//
// A request counts as heeded only where the state shows it: the consensus layer takes any request
// into a block and ignores in silence those that it does not allow.

const COMPOUNDING = 2;

/** Counts of one block, by names that keel/consensus/crosscheck/findings.py knows. */
export function counts(pre, post, block) {
  const {body} = block;
  return {
    missed_slots: post.slot - pre.slot - 1,
    attestations: body.attestations.length,
    proposer_slashings: body.proposerSlashings.length,
    attester_slashings: body.attesterSlashings.length,
    voluntary_exits: body.voluntaryExits.length,
    transactions: body.executionPayload.transactions.length,
    activations: activations(pre, post),
    ...deposits(pre, body.executionRequests.deposits),
    ...withdrawals(pre, post, body.executionPayload.withdrawals),
    ...requests(pre, post, body.executionRequests),
  };
}

/** What became of the validators by the end. */
export function summary(state) {
  const validators = state.validators.getAllReadonlyValues();
  return {
    finalised_epoch: state.finalizedCheckpoint.epoch,
    validators: validators.length,
    slashed: validators.filter((validator) => validator.slashed).length,
    exited: validators.filter((validator) => validator.exitEpoch !== Infinity).length,
  };
}

function activations(pre, post) {
  const [from, to] = [pre, post].map((state) => state.epochCtx.epoch);
  const validators = post.validators.getAllReadonlyValues();
  return validators.filter(({activationEpoch: at}) => from < at && at <= to).length;
}

function deposits(pre, brought) {
  const known = indices(pre);
  const topUps = brought.filter(({pubkey}) => known.has(key(pubkey))).length;
  return {deposits: brought.length - topUps, top_ups: topUps};
}

function withdrawals(pre, post, paid) {
  const ofLeavers = paid.filter(({validatorIndex}) => {
    return post.validators.getReadonly(validatorIndex).withdrawableEpoch <= post.epochCtx.epoch;
  }).length;
  const waiting = pre.pendingPartialWithdrawals.getAllReadonly();
  const asked = paid.filter(({validatorIndex, amount}) =>
    waiting.some((one) => one.validatorIndex === validatorIndex && one.amount === amount)
  ).length;
  return {
    withdrawals_in_full: ofLeavers,
    withdrawals_as_requested: asked,
    withdrawals_of_excess: paid.length - ofLeavers - asked,
  };
}

function requests(pre, post, brought) {
  const known = indices(post);
  const of = (pubkey) => known.get(key(pubkey));
  const found = {
    exits_by_request: 0,
    partial_withdrawals: 0,
    consolidations: 0,
    switches_to_compounding: 0,
    requests_ignored: 0,
  };
  for (const {validatorPubkey, amount} of brought.withdrawals) {
    const index = of(validatorPubkey);
    if (amount === 0n) {
      found[begins(pre, post, index) ? "exits_by_request" : "requests_ignored"]++;
    } else {
      found[isPending(post, index, amount) ? "partial_withdrawals" : "requests_ignored"]++;
    }
  }
  for (const {sourcePubkey, targetPubkey} of brought.consolidations) {
    const [source, target] = [of(sourcePubkey), of(targetPubkey)];
    if (source === target && switches(pre, post, source)) {
      found.switches_to_compounding++;
    } else {
      found[consolidates(post, source, target) ? "consolidations" : "requests_ignored"]++;
    }
  }
  return found;
}

function begins(pre, post, index) {
  const exits = (state) => state.validators.getReadonly(index).exitEpoch !== Infinity;
  return index < pre.validators.length && !exits(pre) && exits(post);
}

function isPending(post, index, amount) {
  const waiting = post.pendingPartialWithdrawals.getAllReadonly();
  return waiting.some((one) => one.validatorIndex === index && one.amount === amount);
}

function switches(pre, post, index) {
  const compounds = (state) =>
    state.validators.getReadonly(index).withdrawalCredentials[0] === COMPOUNDING;
  return !compounds(pre) && compounds(post);
}

function consolidates(post, source, target) {
  const waiting = post.pendingConsolidations.getAllReadonly();
  return waiting.some((one) => one.sourceIndex === source && one.targetIndex === target);
}

function indices(state) {
  const validators = state.validators.getAllReadonlyValues();
  return new Map(validators.map(({pubkey}, index) => [key(pubkey), index]));
}

function key(pubkey) {
  return Buffer.from(pubkey).toString("hex");
}
