// Makes the second module of a plugin in JavaScript: the script, and an export for each function that it exports.
//
//     node pack.mjs hello.js > hello.wat
//     plugsh -c 'load ./hello.wat --link javascript=javascript.wasm; hello.greet Ada'
//
// Exports are found in the text: `export function name`, `export async` and lists (`export { name }`) are not.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

const path = process.argv[2];
if (process.argv.length !== 3) {
  console.error("usage: node pack.mjs SCRIPT.js > PLUGIN.wat");
  process.exit(2);
}
const script = readFileSync(path);
const names = [...script.toString().matchAll(/^export function ([A-Za-z_]\w*)/gm)].map(([, name]) => name);
if (names.length === 0) {
  console.error(`\`${path}\` has no \`export function\``);
  process.exit(1);
}

/** The text of a comment on one line: without its stars and its final stop. */
const line = (comment) => comment.replace(/^\s*\*? ?/gm, "").replace(/\s+/g, " ").trim().replace(/\.$/, "");
// What `help PLUGIN.FUNCTION` shows: the comment above a function, and its `@example`; of the plugin the first line.
const comments = [...script.toString().matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export function ([A-Za-z_]\w*)/g)];
const described = comments.map(([, comment, name]) => {
  const [summary, input] = comment.split("@example");
  return { name, summary: line(summary), input: input && line(input) };
});
const summary = script.toString().match(/^\/\/ (.*)/)?.[1].replace(/\.$/, "");
const about = JSON.stringify({ summary, functions: described });

let end = 0;
const data = [];
/** Bytes as wasm's text form has them. */
const escape = (bytes) => [...bytes].map((byte) => "\\" + byte.toString(16).padStart(2, "0")).join("");

/** Places bytes in memory; gives address and length as constants. */
function place(bytes) {
  const escaped = escape(bytes);
  data.push(`  (data (i32.const ${end}) "${escaped}")`);
  const constants = `(i32.const ${end}) (i32.const ${bytes.length})`;
  end += bytes.length;
  return constants;
}

const file = place(Buffer.from(basename(path)));
const source = place(script);
const functions = names.map((name) => `  (func (export "${name}") (result i32)
    (call $call (call $script) (call $block ${file}) (call $block ${place(Buffer.from(name))})))`);

process.stdout.write(`(module
  (import "javascript" "loaded" (func $loaded (result i32)))
  (import "javascript" "call" (func $call (param $script i64) (param $file i64) (param $function i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (memory (export "memory") ${Math.ceil(end / 65536)})
${data.join("\n")}
  ;; A new block with bytes of memory.
  (func $block (param $from i32) (param $length i32) (result i64)
    (local $block i64) (local $at i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (loop $next
      (call $store_u8
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
        (i32.load8_u (i32.add (local.get $from) (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $length))))
    (local.get $block))
  ;; The script for an engine that has none yet, and else 0.
  (func $script (result i64)
    (if (result i64) (call $loaded)
      (then (i64.const 0))
      (else (call $block ${source}))))
${functions.join("\n")}
  (@custom "plugsh-about" "${escape(Buffer.from(about))}"))
`);
