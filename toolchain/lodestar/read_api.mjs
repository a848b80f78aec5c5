// Reads a Beacon API with Lodestar's own client and types:
// `LODESTAR_PRESET=minimal node read_api.mjs http://127.0.0.1:PORT [TOPIC...]`
// Prints a JSON line for each endpoint that was read, and fails at the first that was not. After
// {"listening": [...]} it waits for an event of each topic; until then the head must stay.
import assert from "node:assert/strict";
import {getClient, routes} from "@lodestar/api";
import {
  chainConfigFromJson,
  createBeaconConfig,
  createChainForkConfig,
  defaultChainConfig,
} from "@lodestar/config";
import {activePreset} from "@lodestar/params";
import {ssz, sszTypesFor} from "@lodestar/types";
import {toHex} from "@lodestar/utils";

const baseUrl = process.argv[2];
const connect = (config) => getClient({baseUrl, globalInit: {timeoutMs: 10_000}}, {config});
const config = await configure();
const api = connect(config);

function report(endpoint, found) {
  const [namespace, method] = endpoint.split(".");
  const definition = routes[namespace].getDefinitions(config)[method];
  console.log(JSON.stringify({endpoint, request: `${definition.method} ${definition.url}`, found}));
}

/** Ask one endpoint; the response must be good and have the form that is wanted. */
async function ask(endpoint, args, options, wireFormat) {
  const [namespace, method] = endpoint.split(".");
  const given = args === undefined ? [options] : [args, options];
  const response = await api[namespace][method](...given);
  response.assertOk();
  assert.equal(response.wireFormat(), wireFormat, endpoint);
  return {value: response.value(), meta: response.meta()};
}

async function inJson(endpoint, args) {
  return ask(endpoint, args, {responseWireFormat: "json"}, "json");
}

/** Read in both forms: the SSZ by Lodestar's types must be what the JSON is by them. */
async function inBoth(endpoint, args, type) {
  const json = await ask(endpoint, args, {responseWireFormat: "json"}, "json");
  const binary = await ask(endpoint, args, {responseWireFormat: "ssz"}, "ssz");
  assert.deepEqual(binary.meta, json.meta, endpoint);
  const root = toHex(type.hashTreeRoot(binary.value));
  assert.equal(root, toHex(type.hashTreeRoot(json.value)), endpoint);
  assert.deepEqual(type.toJson(binary.value), type.toJson(json.value), endpoint);
  return {...binary, root};
}

/** Read in both forms what has no type of its own here: Lodestar must find the same in both. */
async function inBothAlike(endpoint, args) {
  const json = await ask(endpoint, args, {responseWireFormat: "json"}, "json");
  const binary = await ask(endpoint, args, {responseWireFormat: "ssz"}, "ssz");
  assert.deepEqual(binary, json, endpoint);
  return json;
}

/** Take the chain's configuration and preset from the API itself. */
async function configure() {
  const first = connect(createChainForkConfig(defaultChainConfig));
  const values = (await first.config.getSpec()).value();
  const known = Object.fromEntries(
    Object.entries(values).filter(([name]) => name in defaultChainConfig)
  );
  for (const [name, value] of Object.entries(activePreset)) {
    if (name in values) assert.equal(values[name], String(value), `preset value ${name}`);
  }
  const chain = {...defaultChainConfig, ...chainConfigFromJson(known)};
  const genesis = (await first.beacon.getGenesis()).value();
  return createBeaconConfig(chain, genesis.genesisValidatorsRoot);
}

async function readNode() {
  report("node.getNodeVersion", (await inJson("node.getNodeVersion")).value.version);
  report("node.getSyncingStatus", (await inJson("node.getSyncingStatus")).value.headSlot);
  const health = await api.node.getHealth();
  assert.equal(health.status, 200);
  report("node.getHealth", health.status);
  const {metadata} = (await inJson("node.getNetworkIdentity")).value;
  report("node.getNetworkIdentity", metadata.custodyGroupCount ?? null);
  const peers = await inJson("node.getPeers", {state: ["connected"], direction: ["inbound"]});
  assert.deepEqual([peers.value, peers.meta], [[], {count: 0}]);
  report("node.getPeers", peers.meta.count);
  const {value: counts} = await inJson("node.getPeerCount");
  assert.deepEqual(counts, {disconnected: 0, connecting: 0, connected: 0, disconnecting: 0});
  report("node.getPeerCount", counts.connected);
}

async function readConfiguration() {
  const {value} = await inJson("config.getSpec");
  report("config.getSpec", Object.keys(value).length);
  const schedule = (await inJson("config.getForkSchedule")).value;
  assert.deepEqual(
    schedule.map((fork) => toHex(fork.currentVersion)),
    config.forksAscendingEpochOrder
      .filter((fork) => fork.epoch === 0)
      .map((fork) => toHex(fork.version))
  );
  report("config.getForkSchedule", schedule.length);
  report("config.getDepositContract", (await inJson("config.getDepositContract")).value.chainId);
  report("beacon.getGenesis", (await inBothAlike("beacon.getGenesis")).value.genesisTime);
}

async function readBlocks() {
  const blockId = "head";
  const {value: root} = await inJson("beacon.getBlockRoot", {blockId});
  const {value: header, meta} = await inBothAlike("beacon.getBlockHeader", {blockId});
  assert.deepEqual(meta, {executionOptimistic: false, finalized: header.header.message.slot === 0});
  const fork = config.getForkName(header.header.message.slot);
  const block = await inBoth("beacon.getBlockV2", {blockId}, sszTypesFor(fork).SignedBeaconBlock);
  assert.equal(block.meta.version, fork);
  const blockRoot = sszTypesFor(fork).BeaconBlock.hashTreeRoot(block.value.message);
  const headerRoot = ssz.phase0.BeaconBlockHeader.hashTreeRoot(header.header.message);
  assert.deepEqual([toHex(blockRoot), toHex(headerRoot)], [toHex(root.root), toHex(root.root)]);
  report("beacon.getBlockV2", toHex(blockRoot));
  report("beacon.getBlockHeader", toHex(headerRoot));
  report("beacon.getBlockRoot", toHex(root.root));
  const {value: headers} = await inBothAlike("beacon.getBlockHeaders", {
    parentRoot: toHex(header.header.message.parentRoot),
  });
  assert.equal(toHex(headers[0].root), toHex(root.root));
  report("beacon.getBlockHeaders", headers.length);
  await readPartsOf(block.value, fork, toHex(root.root));
  await readForkChoice(header.header.message);
  return {fork, stateRoot: toHex(header.header.message.stateRoot)};
}

async function readPartsOf(block, fork, blockRoot) {
  const blockId = blockRoot;
  const types = sszTypesFor(fork);
  const blinded = await inBoth("beacon.getBlindedBlock", {blockId}, types.SignedBlindedBeaconBlock);
  const root = toHex(types.BlindedBeaconBlock.hashTreeRoot(blinded.value.message));
  assert.equal(root, blockRoot);
  assert.deepEqual(blinded.value.signature, block.signature);
  report("beacon.getBlindedBlock", root);
  const carried = types.BeaconBlockBody.fields.attestations;
  const attestations = await inBoth("beacon.getBlockAttestationsV2", {blockId}, carried);
  assert.equal(attestations.root, toHex(carried.hashTreeRoot(block.message.body.attestations)));
  assert.equal(attestations.meta.version, fork);
  report("beacon.getBlockAttestationsV2", attestations.value.length);
}

async function readForkChoice(head) {
  const headRoot = toHex(ssz.phase0.BeaconBlockHeader.hashTreeRoot(head));
  const {value: heads} = await inJson("debug.getDebugChainHeadsV2");
  assert.deepEqual(heads, [{slot: head.slot, root: headRoot, executionOptimistic: false}]);
  report("debug.getDebugChainHeadsV2", heads.length);
  const {value: choice} = await inJson("debug.getDebugForkChoice");
  const nodes = choice.forkChoiceNodes;
  assert.equal(nodes.at(-1).blockRoot, headRoot);
  for (const [i, node] of nodes.slice(1).entries()) {
    assert.equal(node.parentRoot, nodes[i].blockRoot);
    assert.ok(node.weight <= nodes[i].weight);
  }
  const final = choice.finalizedCheckpoint;
  if (final.epoch > 0) assert.equal(nodes[0].blockRoot, toHex(final.root));
  report("debug.getDebugForkChoice", nodes.map((node) => node.weight));
}

async function readState({fork, stateRoot}) {
  const stateId = "head";
  const state = await inBoth("debug.getStateV2", {stateId}, sszTypesFor(fork).BeaconState);
  assert.equal(state.root, stateRoot);
  report("debug.getStateV2", state.root);
  const {value: root} = await inJson("beacon.getStateRoot", {stateId});
  assert.equal(toHex(root.root), stateRoot);
  report("beacon.getStateRoot", stateRoot);
  const {value: current} = await inJson("beacon.getStateFork", {stateId});
  assert.deepEqual(current, state.value.fork);
  report("beacon.getStateFork", toHex(current.currentVersion));
  const {value: finality} = await inJson("beacon.getStateFinalityCheckpoints", {stateId});
  assert.deepEqual(finality.finalized, state.value.finalizedCheckpoint);
  report("beacon.getStateFinalityCheckpoints", finality.finalized.epoch);
  for (const [method, field] of [
    ["getPendingDeposits", "pendingDeposits"],
    ["getPendingPartialWithdrawals", "pendingPartialWithdrawals"],
    ["getPendingConsolidations", "pendingConsolidations"],
  ]) {
    const type = sszTypesFor(fork).BeaconState.fields[field];
    const queue = await inBoth(`beacon.${method}`, {stateId}, type);
    assert.deepEqual(type.toJson(queue.value), type.toJson(state.value[field]));
    report(`beacon.${method}`, queue.value.length);
  }
  return state.value;
}

async function readValidators(state) {
  const stateId = "head";
  const {value: all} = await inJson("beacon.getStateValidators", {stateId});
  assert.deepEqual(all.map((each) => each.validator), state.validators);
  assert.deepEqual(all.map((each) => each.balance), state.balances);
  report("beacon.getStateValidators", all.length);
  const validatorIds = [all.length - 1, toHex(state.validators[2].pubkey)];
  const {value: some} = await inJson("beacon.postStateValidators", {
    stateId,
    validatorIds,
    statuses: ["active", "exited", "withdrawal", "pending"],
  });
  assert.deepEqual(some, [all[all.length - 1], all[2]]);
  report("beacon.postStateValidators", some.length);
  const validatorId = validatorIds[1];
  const {value: one} = await inJson("beacon.getStateValidator", {stateId, validatorId});
  assert.deepEqual(one, all[2]);
  report("beacon.getStateValidator", one.status);
  const {value: balances} = await inJson("beacon.getStateValidatorBalances", {stateId});
  assert.deepEqual(balances.map((each) => each.balance), state.balances);
  report("beacon.getStateValidatorBalances", balances.length);
  const {value: few} = await inJson("beacon.postStateValidatorBalances", {stateId, validatorIds});
  assert.deepEqual(few, [balances[balances.length - 1], balances[2]]);
  report("beacon.postStateValidatorBalances", few.length);
  await readCommittees(all, state);
}

async function readCommittees(all, state) {
  const stateId = "head";
  const {value: sync} = await inJson("beacon.getEpochSyncCommittees", {stateId});
  const keys = sync.validators.map((index) => toHex(state.validators[index].pubkey));
  assert.deepEqual(keys, state.currentSyncCommittee.pubkeys.map((key) => toHex(key)));
  assert.deepEqual(sync.validatorAggregates.flat(), sync.validators);
  report("beacon.getEpochSyncCommittees", sync.validatorAggregates.length);
  const {value: mix} = await inJson("beacon.getStateRandao", {stateId});
  const epoch = Math.floor(state.slot / activePreset.SLOTS_PER_EPOCH);
  const kept = state.randaoMixes[epoch % activePreset.EPOCHS_PER_HISTORICAL_VECTOR];
  assert.deepEqual(toHex(mix.randao), toHex(kept));
  report("beacon.getStateRandao", toHex(mix.randao));
  const {value: committees} = await inJson("beacon.getEpochCommittees", {stateId});
  const members = new Set(committees.flatMap((each) => each.validators));
  const active = all.filter((each) => each.status.startsWith("active")).map((each) => each.index);
  assert.deepEqual([...members].sort((a, b) => a - b), active);
  report("beacon.getEpochCommittees", committees.length);
}

/** Follow the stream until each of the topics has come, which takes someone who lets slots pass. */
async function readEvents(topics) {
  const waiting = new Set(topics);
  const controller = new AbortController();
  await new Promise((resolve, reject) => {
    api.events.eventstream({
      topics,
      signal: controller.signal,
      onEvent: ({type, message}) => {
        if (!waiting.delete(type)) return;
        assert.match(message.block ?? message.newHeadBlock, /^0x[0-9a-f]{64}$/);
        report("events.eventstream", {[type]: message.slot ?? message.epoch});
        if (waiting.size === 0) resolve();
      },
      onError: reject,
    });
    console.log(JSON.stringify({listening: topics}));
  });
  controller.abort();
}

await readNode();
await readConfiguration();
await readValidators(await readState(await readBlocks()));
if (process.argv.length > 3) await readEvents(process.argv.slice(3));
process.exit(0);
