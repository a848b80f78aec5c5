// A compiler of another version than Keel's own, over npm's WebAssembly builds: argument its version,
// standard JSON from standard input to standard output. Sources must be complete: no import is looked up.
"use strict";

const fs = require("node:fs");

const solc = require(`solc-${process.argv[2]}`);
process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
