// Tries all that plugsh.ts has: a function for each part of it.

import * as plugsh from "./plugsh";

/** Counts the vowels of its input; `total` adds up in a variable. */
export function count_vowels(): i32 {
  const text = plugsh.inputText(), before = plugsh.getTextVar("total");
  let count = 0;
  for (let i = 0; i < text.length; i++) if ("aeiouAEIOU".includes(text.charAt(i))) count++;
  const total = count + (before !== null ? i32.parse(before) : 0);
  plugsh.setTextVar("total", total.toString());
  return plugsh.outputText(`{"count":${count},"total":${total},"vowels":"aeiouAEIOU"}`);
}

/** Removes the variable. */
export function forget(): i32 {
  plugsh.removeVar("total");
  return 0;
}

/** Its input in upper case, by the plugin `text`, which it starts and ends. */
export function shout(): i32 {
  const upper = plugsh.Process.register("text");
  const loud = upper.callText("upper", plugsh.inputText());
  upper.free();
  return plugsh.outputText(loud + "!");
}

/** PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure. */
export function guarded(): i32 {
  const line = plugsh.inputText(), first = line.indexOf(" "), second = line.indexOf(" ", first + 1);
  if (first < 0 || second < 0) return plugsh.fail("expected PLUGIN FUNCTION INPUT");
  const process = plugsh.Process.register(line.substring(0, first));
  const outcome = process.tryCall(line.substring(first + 1, second), String.UTF8.encode(line.substring(second + 1)));
  process.free();
  const error = outcome.error;
  return plugsh.outputText(error !== null ? "failed: " + error : "ok: " + outcome.text());
}

/**
 * The vowels of its input's words, each counted by a child of its own, side by side; and how a call that fails beside them has
 * ended.
 */
export function side_by_side(): i32 {
  const failing = plugsh.Process.register("misbehave"), failure = failing.startText("error", "bang");
  const words = plugsh.inputText().split(" "), counters: plugsh.Process[] = [], counts: plugsh.Pending[] = [];
  for (let i = 0; i < words.length; i++) {
    counters.push(plugsh.Process.register("count_vowels"));
    counts.push(counters[i].startText("count_vowels", words[i]));
  }
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const report = counts[i].joinText();
    sum += i32.parse(report.substring(report.indexOf(":") + 1, report.indexOf(",")));
    counters[i].free();
  }
  while (!failure.hasEnded()) continue;
  const outcome = failure.tryJoin(), error = outcome.error;
  failing.free();
  return plugsh.outputText(`${sum} vowels; ` + (error !== null ? "failed: " + error : "ok: " + outcome.text()));
}

/** Its own id, its parent's, and that of the process that the input names. */
export function family(): i32 {
  const parent = plugsh.Process.parent(), found = plugsh.Process.find(plugsh.inputText());
  const parentId = parent !== null ? parent.id : 0, foundId = found !== null ? found.id : 0;
  return plugsh.outputText(`{"id":${plugsh.Process.current().id},"parent":${parentId},"found":${foundId}}`);
}

/** Greets whom the configuration names, and logs that at every level. */
export function greet(): i32 {
  const configured = plugsh.config("who"), who = configured !== null ? configured : "nobody";
  for (let level = plugsh.Level.TRACE; level <= plugsh.Level.ERROR; level++) plugsh.log(level, "greets " + who);
  return plugsh.outputText("hello " + who);
}

/** Posts `ping` to the URL; status, header `x-answer` and body of the answer. */
export function fetch(): i32 {
  const request = new plugsh.Request(plugsh.inputText(), "POST");
  request.headers.set("x-from", 'a "sampler"');
  request.body = String.UTF8.encode("ping");
  const response = request.send();
  const answer = response.header("x-answer");
  return plugsh.outputText(`${response.status} ${answer !== null ? answer : ""} ${response.text()}`);
}

/** Its input. */
export function echo(): i32 {
  return plugsh.output(plugsh.input());
}

/** Fails with its input as the message. */
export function fail(): i32 {
  return plugsh.fail(plugsh.inputText());
}

/** Throws, which traps. */
export function crash(): i32 {
  throw new Error("no rate for `" + plugsh.inputText() + "`");
}

/** Reads behind its input: a check of the standard library's. */
export function bounds(): i32 {
  const bytes = Uint8Array.wrap(plugsh.input());
  return bytes[bytes.length];
}
