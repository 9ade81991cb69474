// Tries all that plugsh.js has: a function for each part of it.

import * as plugsh from "plugsh";

/** Counts the vowels of its input; `total` adds up in a variable. */
export function count_vowels(input) {
  const count = [...input.text()].filter((c) => "aeiouAEIOU".includes(c)).length;
  const total = count + (plugsh.vars.get("total")?.json() ?? 0);
  plugsh.vars.set("total", total);
  return { count, total, vowels: "aeiouAEIOU" };
}

/** Removes the variable. */
export function forget() {
  plugsh.vars.remove("total");
}

/** Its input in upper case, by the plugin `text`, which it starts and ends. */
export function shout(input) {
  const upper = plugsh.Process.register("text");
  const loud = upper.call("upper", input).text();
  upper.free();
  return loud + "!";
}

/** PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure. */
export function guarded(input) {
  const [plugin, name, ...rest] = input.text().split(" ");
  if (name === undefined) plugsh.fail("expected PLUGIN FUNCTION INPUT");
  const process = plugsh.Process.register(plugin);
  const { output, error } = process.tryCall(name, rest.join(" "));
  process.free();
  return error === undefined ? `ok: ${output.text()}` : `failed: ${error}`;
}

/**
 * The vowels of its input's words, each counted by a child of its own, side by side; and how a call that fails beside them has
 * ended.
 */
export function side_by_side(input) {
  const failing = plugsh.Process.register("misbehave");
  const failure = failing.start("error", "bang");
  const counters = input.text().split(" ").map((word) => {
    const counter = plugsh.Process.register("count_vowels");
    return { counter, pending: counter.start("count_vowels", word) };
  });
  let sum = 0;
  for (const { counter, pending } of counters) {
    sum += pending.join().json().count;
    counter.free();
  }
  while (!failure.hasEnded());
  const { output, error } = failure.tryJoin();
  failing.free();
  return `${sum} vowels; ` + (error === undefined ? `ok: ${output.text()}` : `failed: ${error}`);
}

/** The nodes of a binary tree of the depth, as the plugin `tree` counts them: values as JSON. */
export function nodes(input) {
  const tree = plugsh.Process.register("tree");
  const { nodes } = tree.call("run", { depth: input.json(), fanout: 2, work: 0 }).json();
  tree.free();
  return `${nodes}`;
}

/** Its own id, its parent's, and that of the process that the input names. */
export function family(input) {
  const { Process } = plugsh;
  const id = (process) => process?.id ?? 0;
  return { id: id(Process.current()), parent: id(Process.parent()), found: id(Process.find(input.text())) };
}

/** Greets whom the configuration names, and logs that at every level. */
export function greet() {
  const who = plugsh.config("who") ?? "nobody";
  for (const level of ["trace", "debug", "info", "warn", "error"]) plugsh.log[level](`greets ${who}`);
  return `hello ${who}`;
}

/** Posts `ping` to the URL; status, header `x-answer` and body of the answer. */
export function fetch(input) {
  const response = plugsh.http(input.text(), { method: "POST", headers: { "x-from": 'a "sampler"' }, body: "ping" });
  return `${response.status} ${response.headers["x-answer"]} ${response.text()}`;
}

/** Its input. */
export function echo(input) {
  return input;
}

/** Fails with its input as the message. */
export function fail(input) {
  plugsh.fail(input.text());
}

/** Throws, which traps. */
export function crash(input) {
  throw new Error(`no rate for \`${input.text()}\``);
}

/** Calls itself without end: a check of the engine's. */
export function bounds() {
  return bounds() + 1;
}
