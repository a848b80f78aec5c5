// The Solidity compiler's command line as far as Ape, forge and slither use it, over npm's
// WebAssembly build: `--standard-json [FILE]`, input from FILE or standard input.
//
// An import that the input leaves out is read from the folder INCLUDE, where set-up links the
// locked libraries: Ape compiles in a copy of the contracts' folder alone. So no remapping is needed,
// and the code's metadata hash does not depend on which files happened to be compiled together.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");

const INCLUDE = path.join(path.dirname(__dirname), ".venv", "solc", "include");
const MODES = ["--version", "--standard-json"];
const given = process.argv.slice(2);
const mode = given.find((argument) => MODES.includes(argument)); // forge gives paths before it

if (mode === "--version") {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (mode === "--standard-json") {
  const file = given.find((argument, position) => isInputFile(argument, given[position - 1]));
  const input = fs.readFileSync(file ?? 0, "utf8");
  process.stdout.write(solc.compile(input, { import: readLibrary }));
} else {
  console.error("keel: this solc knows only --version and --standard-json [FILE]");
  process.exitCode = 2;
}

function isInputFile(argument, before) {
  const valueOfOption = before !== undefined && before.startsWith("--") && before !== mode;
  return !argument.startsWith("-") && !valueOfOption;
}

function readLibrary(sourceName) {
  try {
    return { contents: fs.readFileSync(path.join(INCLUDE, sourceName), "utf8") };
  } catch (error) {
    return { error: error.message };
  }
}
