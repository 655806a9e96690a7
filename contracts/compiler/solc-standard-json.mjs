#!/usr/bin/env node
// Makes npm's `solc` answer like the native compiler, for the two questions that build tools ask:
//
//   solc-standard-json.mjs --version
//   solc-standard-json.mjs --standard-json [FILE|-] [--base-path DIR] [--include-path DIR]...
//
// Imports are looked up under the base path (default: the working directory), then under each include path, then
// under this project's node_modules. Only JSON goes to stdout.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const USAGE = "usage: solc-standard-json.mjs --version | --standard-json [FILE|-] [--base-path DIR] [--include-path DIR]";
const NODE_MODULES = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules");
// Options of the native compiler that take a value and mean nothing here.
const IGNORED_WITH_VALUE = new Set(["--allow-paths", "--output-dir"]);

function parseArguments(args) {
  const options = { version: false, standardJson: false, input: "-", basePath: ".", includePaths: [] };
  for (let i = 0; i < args.length; i += 1) {
    const argument = args[i];
    if (argument === "--version") options.version = true;
    else if (argument === "--standard-json") options.standardJson = true;
    else if (argument === "--base-path") options.basePath = args[(i += 1)];
    else if (argument === "--include-path") options.includePaths.push(args[(i += 1)]);
    else if (IGNORED_WITH_VALUE.has(argument)) i += 1;
    else if (argument === "-" || !argument.startsWith("-")) options.input = argument;
    else fail(`unknown option ${argument}`);
  }
  return options;
}

function fail(message) {
  process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(2);
}

function loadCompiler() {
  const require = createRequire(import.meta.url);
  try {
    return require("solc");
  } catch (error) {
    return fail(`npm's solc cannot be loaded (${error.code ?? error.message}): run "npm ci" in contracts/`);
  }
}

function importFrom(roots) {
  return (name) => {
    for (const root of roots) {
      const path = resolve(root, name);
      if (!existsSync(path)) continue;
      const inside = realpathSync(path).startsWith(realpathSync(root) + sep);
      return inside ? { contents: readFileSync(path, "utf8") } : { error: `${name} is outside ${root}` };
    }
    return { error: `File not found: ${name}` };
  };
}

async function readInput(source) {
  if (source !== "-") return readFileSync(source, "utf8");
  // A synchronous read of a pipe fails with EAGAIN once the input is longer than the pipe's buffer.
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const options = parseArguments(process.argv.slice(2));
if (options.version) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${loadCompiler().version()}\n`);
} else if (options.standardJson) {
  const roots = [options.basePath, ...options.includePaths, NODE_MODULES];
  const input = await readInput(options.input);
  process.stdout.write(`${loadCompiler().compile(input, { import: importFrom(roots) })}\n`);
} else {
  fail("nothing to do");
}
