// The Solidity compiler's command line as far as Ape, forge and slither use it, over npm's
// WebAssembly build, or with `--native=PATH` over a native one: `--standard-json [FILE]`, input from
// FILE or standard input. External libraries come out linked (link.cjs).
//
// An import that the input leaves out is read from the folder INCLUDE, where set-up links the
// locked libraries: Ape compiles in a copy of the contracts' folder alone. So no remapping is needed,
// and the code's metadata hash does not depend on which files happened to be compiled together.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { askingForReferences, linked } = require("./link.cjs");

const ROOT = path.dirname(__dirname);
const INCLUDE = path.join(ROOT, ".venv", "solc", "include");
const MODES = ["--version", "--standard-json"];
const NATIVE = "--native=";
const native = process.argv.find((argument) => argument.startsWith(NATIVE))?.slice(NATIVE.length);
const given = process.argv.slice(2).filter((argument) => !argument.startsWith(NATIVE));
const mode = given.find((argument) => MODES.includes(argument)); // forge gives paths before it

if (mode === "--version") {
  if (native) process.stdout.write(runNative(["--version"], ""));
  else console.log(`solc, the solidity compiler commandline interface\nVersion: ${require("solc").version()}`);
} else if (mode === "--standard-json") {
  const file = given.find((argument, position) => isInputFile(argument, given[position - 1]));
  const asked = JSON.parse(fs.readFileSync(file ?? 0, "utf8"));
  const input = JSON.stringify(askingForReferences(asked));
  const answer = native ? compileNatively(input) : require("solc").compile(input, { import: readLibrary });
  process.stdout.write(JSON.stringify(linked(JSON.parse(answer))));
} else {
  console.error("keel: this solc knows only --version and --standard-json [FILE]");
  process.exitCode = 2;
}

function compileNatively(input) {
  const at = given.indexOf("--base-path");
  const basePath = at < 0 ? ROOT : given[at + 1];
  const folders = ["--base-path", basePath, "--include-path", INCLUDE, "--allow-paths", ROOT];
  return runNative(["--standard-json", ...folders], input);
}

function runNative(options, input) {
  const done = spawnSync(native, options, { input, encoding: "utf8", maxBuffer: 2 ** 30 });
  if (done.status === 0) return done.stdout;
  process.stderr.write(done.stderr ?? `keel: ${done.error.message}\n`);
  process.exit(done.status ?? 1);
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
