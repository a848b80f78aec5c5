// Linking of external libraries, so that Ape, which drops unlinked contracts, gets whole ones.
//
// A library lives where the deterministic deployer puts its code under a salt of zeros (CREATE2), so
// its address follows from the code that the compiler has just written. keel/deploy/plan.py plans
// the same address. Only libraries that need no other one are linked.
"use strict";

const { keccak256 } = require("js-sha3"); // which solc itself needs
const { linkBytecode } = require("solc/linker");

const DEPLOYER = "4e59b44847b379578588920ca78fbf26c0b4956c";
const SALT = "00".repeat(32);

const CODE = "evm.bytecode.object";
const REFERENCES = "evm.bytecode.linkReferences";

/** The standard JSON input, asking for link references wherever it asks for code. */
function askingForReferences(input) {
  for (const selection of Object.values(input.settings?.outputSelection ?? {})) {
    for (const outputs of Object.values(selection)) {
      if (outputs.includes(CODE) && !outputs.includes(REFERENCES)) outputs.push(REFERENCES);
    }
  }
  return input;
}

/** The compiler's output with every library's address in place, as far as its code is there. */
function linked(output) {
  const contracts = output.contracts ?? {};
  const addresses = {};
  for (const [source, name] of referencesOf(contracts)) {
    const code = contracts[source]?.[name]?.evm?.bytecode?.object;
    // A user of a library whose code is not in the output stays unlinked, and Ape says so.
    if (code !== undefined && !code.includes("__$")) addresses[`${source}:${name}`] = addressOf(code);
  }
  for (const code of codesOf(contracts)) {
    if (code.object?.includes("__$")) code.object = linkBytecode(code.object, addresses);
  }
  return output;
}

function addressOf(code) {
  const codeHash = keccak256(Buffer.from(code, "hex"));
  return `0x${keccak256(Buffer.from(`ff${DEPLOYER}${SALT}${codeHash}`, "hex")).slice(24)}`;
}

function* referencesOf(contracts) {
  for (const code of codesOf(contracts)) {
    for (const [source, names] of Object.entries(code.linkReferences ?? {})) {
      for (const name of Object.keys(names)) yield [source, name];
    }
  }
}

function* codesOf(contracts) {
  for (const contract of Object.values(contracts).flatMap(Object.values)) {
    yield* [contract.evm?.bytecode, contract.evm?.deployedBytecode].filter(Boolean);
  }
}

module.exports = { askingForReferences, linked };
