// The Solidity compiler's command line over npm's WebAssembly build, as far as Ape, forge and
// slither use it: `--standard-json [FILE]`, input from FILE or standard input. The script that
// set-up writes to .venv/solc answers `--version` itself, so that no one waits for WebAssembly.
"use strict";

const fs = require("node:fs");
const solc = require("solc");

const [mode, ...rest] = process.argv.slice(2);

if (mode === "--version") {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (mode === "--standard-json") {
  const file = rest.find((argument, position) => isInputFile(argument, rest[position - 1]));
  fs.writeSync(1, ""); // fail at once, not after the compile, when nobody reads the answer
  process.stdout.write(solc.compile(fs.readFileSync(file ?? 0, "utf8")));
} else {
  console.error("keel: this solc knows only --version and --standard-json [FILE]");
  process.exitCode = 2;
}

function isInputFile(argument, before) {
  const valueOfOption = before !== undefined && before.startsWith("--");
  return argument !== "-" && !argument.startsWith("-") && !valueOfOption;
}
