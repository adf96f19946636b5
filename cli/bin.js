#!/usr/bin/env node
/**
 * Which Node runs `holdfast`? Plain JavaScript that an old Node can read: the product itself is TypeScript and needs
 * Node 24.21, which npm brings as a locked dependency (docs/adr/0003-node-24-from-npm.md).
 */
import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = [24, 21];
/**
 * V8 of Node 24 can abort ("Check failed: jit_page.has_value()") when threads come and go on a processor with memory
 * protection keys (AMD EPYC, Intel Xeon): its bookkeeping of protected code pages has a race. Without the keys there is none.
 */
const STEADY = ["--no-memory-protection-keys"];
/**
 * The service's heap stays near what it holds (300 MiB in all while a thousand runs work): V8 would let what has just died grow to
 * 100 MiB, and what died later to several times of what lives.
 */
const SMALL = ["--max-semi-space-size=8", "--heap-growing-percent=40"];
/** SMALL, but for what the user sets: that wins. */
function smallBut(flags) {
  const set = flags
    .concat(process.env.NODE_OPTIONS || "")
    .join(" ")
    .replace(/_/g, "-");
  return process.argv.includes("serve") ? SMALL.filter((flag) => !set.includes(flag.split("=")[0])) : [];
}
/** Bundles of `holdfast store` (tools/bundle-cli.ts). */
const bundles = new URL("../node_modules/.cache/holdfast-cli/", import.meta.url);
const main = bundledMain() || new URL("./main.ts", import.meta.url);
/** Compiled TypeScript is kept here: reading it takes a third of the time of compiling it, in every thread. */
const compiled = fileURLToPath(new URL("../node_modules/.cache/holdfast", import.meta.url));

const version = process.versions.node.split(".").map(Number);
if (version[0] > NEEDED[0] || (version[0] === NEEDED[0] && version[1] >= NEEDED[1])) {
  const threads = process.argv.includes("serve") || (process.argv.includes("store") && hasProtectionKeys());
  if (threads && process.env.HOLDFAST_TUNED === undefined && process.execve) {
    // The same process becomes a Node that was started with the settings below: they cannot be made later.
    const flags = version[0] === NEEDED[0] ? STEADY.concat(smallBut(process.execArgv)) : [];
    const args = [process.execPath].concat(process.execArgv, flags, fileURLToPath(main), process.argv.slice(2));
    process.execve(process.execPath, args, tuned());
  }
  if (process.env.NODE_COMPILE_CACHE === undefined && nodeModule.enableCompileCache) {
    nodeModule.enableCompileCache(compiled);
    // For the worker threads.
    process.env.NODE_COMPILE_CACHE = compiled;
  }
  import(main.href).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  const runtime = bundledNode();
  if (runtime === undefined) {
    console.error(
      `holdfast needs Node ${NEEDED.join(".")} or newer. This is Node ${process.versions.node}, and the package ` +
        `node-${process.platform}-${process.arch} that would bring one is not installed.\n` +
        `Install Node ${NEEDED.join(".")}, or run "npm ci" without --omit=optional (Linux on x64 and arm64).`,
    );
    process.exitCode = 1;
  } else {
    run(runtime);
  }
}

/**
 * The command line in few files, for commands that are over soon. Undefined unless it was made of what the sources hold now, and is
 * whole: then the sources do the same.
 */
function bundledMain() {
  if (process.argv[2] !== "store") return undefined;
  try {
    const { folder, files, sources, digest } = JSON.parse(readFileSync(new URL("bundle.json", bundles), "utf8"));
    // Not imported: an import loads the parts of it that nobody needs here.
    const now = nodeModule
      .createRequire(import.meta.url)("crypto")
      .createHash("sha256");
    for (const path of sources) {
      const bytes = readFileSync(new URL(`../${path}`, import.meta.url));
      now.update(`${path}\0${bytes.length}\0`).update(bytes);
    }
    if (now.digest("hex") !== digest) return undefined;
    const whole = ([name, size]) => statSync(new URL(`${folder}/${name}`, bundles)).size === size;
    return Object.entries(files).every(whole) ? new URL(`${folder}/main.mjs`, bundles) : undefined;
  } catch (_notMade) {
    return undefined;
  }
}

/**
 * The environment that keeps the service small (300 MiB with two busy threads): one malloc arena instead of one per thread,
 * and compiled TypeScript from a cache in our own node_modules instead of a compiler in every thread. What the user sets wins.
 */
function tuned() {
  return Object.assign(
    {
      MALLOC_ARENA_MAX: "1",
      NODE_COMPILE_CACHE: compiled,
      HOLDFAST_TUNED: "1",
    },
    process.env,
  );
}

/** Does this processor have the memory protection keys that STEADY is about? To start Node a second time takes 40 ms. */
function hasProtectionKeys() {
  try {
    return process.arch === "x64" && / (os)?pku( |$)/m.test(readFileSync("/proc/cpuinfo", "latin1"));
  } catch (_noLinux) {
    return false;
  }
}

/** Path of the Node that npm installed for this machine, if it did. */
function bundledNode() {
  try {
    const name = `node-${process.platform}-${process.arch}/package.json`;
    return join(dirname(nodeModule.createRequire(import.meta.url).resolve(name)), "bin", "node");
  } catch (_notInstalled) {
    return undefined;
  }
}

/** Runs the product under `runtime` as if it were this process: same terminal, signals, exit code and end of life. */
function run(runtime) {
  // The fourth descriptor carries nothing. When this process dies, however it dies, the kernel closes it, and the
  // product sees that and ends (cli/wrapper.ts): after kill -9 nothing is left that holds the port and the data folder.
  // Flags of this older Node are not passed on: the bundled one may not know them. NODE_OPTIONS reaches it.
  const child = spawn(runtime, STEADY.concat(smallBut([]), fileURLToPath(main), process.argv.slice(2)), {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    env: Object.assign(tuned(), { HOLDFAST_WRAPPER_FD: "3" }),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`holdfast: ${runtime} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exit(code === null ? 128 + (constants.signals[signal] || 0) : code);
  });
}
