// Replays a chain that Keel saved, by Lodestar's state transition: `node replay.js FOLDER`.
//
// Each block must have the expected proposer, valid signatures and the right state root. Prints one
// line of JSON for each block, and a last one about the head; after a refusal nothing follows.

import {readFileSync, readdirSync} from "node:fs";
import {basename, join} from "node:path";
import {setActivePreset} from "@lodestar/params/setPreset";
import {counts, summary} from "./counting.js";

const folder = process.argv[2];
const story = JSON.parse(readFileSync(join(folder, "crosscheck.json"), "utf8"));
setActivePreset(story.config.PRESET_BASE);

// The preset is fixed as soon as these are loaded, so they cannot stand above.
const {createBeaconConfig, chainConfigFromJson} = await import("@lodestar/config");
const {chainConfig: presetDefaults} = await import("@lodestar/config/default");
const lodestar = await import("@lodestar/state-transition");
const {ssz} = await import("@lodestar/types");

const types = ssz[story.fork];
let state = genesisState();

for (const slot of blockSlots()) {
  try {
    const signed = types.SignedBeaconBlock.deserialize(read("blocks", slot));
    const post = lodestar.stateTransition(state, signed, {
      verifyProposer: true,
      verifySignatures: true,
      verifyStateRoot: true,
      // Whether Anvil's payload is that of a real client is another question; see docs/consensus.md.
      executionPayloadStatus: lodestar.ExecutionPayloadStatus.valid,
      dataAvailabilityStatus: lodestar.DataAvailabilityStatus.Available,
    });
    print({slot, counts: counts(state, post, signed.message)});
    state = post;
  } catch (error) {
    print({slot, refused: error.message});
    process.exit(1);
  }
}
if (state.slot < story.head_slot) {
  state = lodestar.processSlots(state, story.head_slot);
}
print({head: {slot: state.slot, state_root: hex(state.hashTreeRoot()), ...summary(state)}});

function genesisState() {
  const view = types.BeaconState.deserializeToViewDU(read("states", 0));
  const chainConfig = {...presetDefaults, ...chainConfigFromJson(story.config)};
  const config = createBeaconConfig(chainConfig, view.genesisValidatorsRoot);
  return lodestar.createCachedBeaconState(view, {
    config,
    pubkeyCache: lodestar.createPubkeyCache(),
  });
}

function blockSlots() {
  const names = readdirSync(join(folder, "blocks"));
  return names.map((name) => Number(basename(name, ".ssz"))).sort((a, b) => a - b);
}

function read(part, slot) {
  return readFileSync(join(folder, part, `${slot}.ssz`));
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
