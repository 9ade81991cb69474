// A plugin for plugsh in AssemblyScript: this file beside its source, and no PDK.
//
// Here are input, output, errors, configuration, variables, logs, HTTP, and other plugins: start, find, call, call
// side by side, end. JSON is not here: AssemblyScript has none of its own, so calls take and give bytes or text.
//
//     npx asc hello.ts -o hello.wasm -O --use abort=plugsh/abort
//     plugsh -c 'load ./hello.wasm; hello.greet Ada'

// ---- Functions of the host, as they are imported. A handle names a block of bytes that the host keeps; 0 is none.

@external("extism:host/env", "input_length") declare function host_input_length(): u64;
@external("extism:host/env", "input_load_u64") declare function host_input_load_u64(offset: u64): u64;
@external("extism:host/env", "input_load_u8") declare function host_input_load_u8(offset: u64): u32;
@external("extism:host/env", "output_set") declare function host_output_set(handle: u64, len: u64): void;
@external("extism:host/env", "error_set") declare function host_error_set(message: u64): void;
@external("extism:host/env", "alloc") declare function host_alloc(len: u64): u64;
@external("extism:host/env", "free") declare function host_free(handle: u64): void;
@external("extism:host/env", "length") declare function host_length(handle: u64): u64;
@external("extism:host/env", "load_u64") declare function host_load_u64(offset: u64): u64;
@external("extism:host/env", "load_u8") declare function host_load_u8(offset: u64): u32;
@external("extism:host/env", "store_u64") declare function host_store_u64(offset: u64, bytes: u64): void;
@external("extism:host/env", "store_u8") declare function host_store_u8(offset: u64, byte: u32): void;
@external("extism:host/env", "config_get") declare function host_config_get(key: u64): u64;
@external("extism:host/env", "var_get") declare function host_var_get(key: u64): u64;
@external("extism:host/env", "var_set") declare function host_var_set(key: u64, value: u64): void;
@external("extism:host/env", "http_request") declare function host_http_request(request: u64, body: u64): u64;
@external("extism:host/env", "http_status_code") declare function host_http_status_code(): i32;
@external("extism:host/env", "http_headers") declare function host_http_headers(): u64;
@external("extism:host/env", "log_trace") declare function host_log_trace(message: u64): void;
@external("extism:host/env", "log_debug") declare function host_log_debug(message: u64): void;
@external("extism:host/env", "log_info") declare function host_log_info(message: u64): void;
@external("extism:host/env", "log_warn") declare function host_log_warn(message: u64): void;
@external("extism:host/env", "log_error") declare function host_log_error(message: u64): void;
@external("extism:host/user", "register_plugin") declare function host_register_plugin(name: u64): u64;
@external("extism:host/user", "call_plugin") declare function host_call_plugin(id: u64, func: u64, input: u64): u64;
@external("extism:host/user", "try_call_plugin") declare function host_try_call_plugin(id: u64, func: u64, input: u64): u64;
@external("extism:host/user", "call_error") declare function host_call_error(): u64;
@external("extism:host/user", "start_call") declare function host_start_call(id: u64, func: u64, input: u64): u64;
@external("extism:host/user", "poll_call") declare function host_poll_call(ticket: u64): u64;
@external("extism:host/user", "join_call") declare function host_join_call(ticket: u64): u64;
@external("extism:host/user", "try_join_call") declare function host_try_join_call(ticket: u64): u64;
@external("extism:host/user", "free_plugin") declare function host_free_plugin(id: u64): void;
@external("extism:host/user", "find_plugin") declare function host_find_plugin(name: u64): u64;
@external("extism:host/user", "self_plugin") declare function host_self_plugin(): u64;
@external("extism:host/user", "parent_plugin") declare function host_parent_plugin(): u64;

// ---- A call: input, output, errors

/** The call's input. */
export function input(): ArrayBuffer {
  const bytes = new ArrayBuffer(<i32>host_input_length()), address = changetype<usize>(bytes);
  if (bulk(Op.INPUT, address, 0, bytes.byteLength)) return bytes;
  let at = 0;
  for (; at + 8 <= bytes.byteLength; at += 8) store<u64>(address + at, host_input_load_u64(at));
  for (; at < bytes.byteLength; at++) store<u8>(address + at, <u8>host_input_load_u8(at));
  return bytes;
}

/** The call's input as text. */
export function inputText(): string {
  return String.UTF8.decode(input());
}

/** Sets the output; gives what the function returns: `return output(bytes);`. */
export function output(bytes: ArrayBuffer): i32 {
  host_output_set(block(bytes), bytes.byteLength);
  return 0;
}

/** Sets the output to text. */
export function outputText(text: string): i32 {
  return output(String.UTF8.encode(text));
}

/** Sets the error's message; gives what the function returns: ``return fail(`no rate for ${currency}`);``. */
export function fail(message: string): i32 {
  host_error_set(textBlock(message));
  return 1;
}

/**
 * What the compiler calls where the program throws, or an assertion or check fails, told so by `--use abort=plugsh/abort`:
 * ends the call by a trap, with the message and its place as the error.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const place = file !== null ? ` at ${file}:${line}` : "";
  host_error_set(textBlock(message !== null ? `panicked${place}: ${message}` : `panicked${place}`));
  unreachable();
}

// ---- Configuration, variables, logs. The host frees the keys, values and messages that it is handed here.

/** A value of the configuration; null where there is none. */
export function config(key: string): string | null {
  return optionalText(host_config_get(textBlock(key)));
}

/** A variable that an earlier call set; null where there is none. */
export function getVar(key: string): ArrayBuffer | null {
  const handle = host_var_get(textBlock(key));
  return handle == 0 ? null : take(handle);
}

/** The same as text. */
export function getTextVar(key: string): string | null {
  return optionalText(host_var_get(textBlock(key)));
}

export function setVar(key: string, value: ArrayBuffer): void {
  host_var_set(textBlock(key), block(value));
}

export function setTextVar(key: string, value: string): void {
  host_var_set(textBlock(key), textBlock(value));
}

export function removeVar(key: string): void {
  host_var_set(textBlock(key), 0);
}

export enum Level { TRACE, DEBUG, INFO, WARN, ERROR }

export function log(level: Level, message: string): void {
  const handle = textBlock(message);
  switch (level) {
    case Level.TRACE: return host_log_trace(handle);
    case Level.DEBUG: return host_log_debug(handle);
    case Level.INFO: return host_log_info(handle);
    case Level.WARN: return host_log_warn(handle);
    default: return host_log_error(handle);
  }
}

// ---- HTTP, to the hosts that --allow-host lets this plugin reach

export class Response {
  /** `headers` are by their names in lower case. */
  constructor(public status: i32, public headers: Map<string, string>, public body: ArrayBuffer) {}

  text(): string {
    return String.UTF8.decode(this.body);
  }

  /** A header, by its name in lower case; null where there is none. */
  header(name: string): string | null {
    return this.headers.has(name) ? this.headers.get(name) : null;
  }
}

/** Reads an object of strings from the host's JSON, which escapes control characters alone. */
function objectOfStrings(json: string): Map<string, string> {
  const object = new Map<string, string>();
  let key = "", text = "", isText = false, isKey = true;
  for (let i = 0; i < json.length; i++) {
    let c = json.charAt(i);
    if (c == '"') {
      if (isText && isKey) key = text;
      if (isText && !isKey) object.set(key, text);
      if (isText) isKey = !isKey;
      isText = !isText;
      text = "";
    } else if (c == "\\" && i + 1 < json.length) {
      c = json.charAt(++i);
      const escape = "bfnrt".indexOf(c);
      if (escape >= 0) c = "\b\f\n\r\t".charAt(escape);
      if (c == "u") {
        c = String.fromCharCode(<i32>parseInt(json.substr(i + 1, 4), 16));
        i += 4;
      }
      text += c;
    } else if (isText) {
      text += c;
    }
  }
  return object;
}

export class Request {
  headers: Map<string, string> = new Map();
  body: ArrayBuffer = new ArrayBuffer(0);

  constructor(public url: string, public method: string = "GET") {}

  /** A status of 400 and more is an answer too. A host that may not be reached, or does not answer, ends this call. */
  send(): Response {
    const names = this.headers.keys();
    let headers = "";
    for (let i = 0; i < names.length; i++) {
      headers += (i > 0 ? "," : "") + quoted(names[i]) + ":" + quoted(this.headers.get(names[i]));
    }
    const json = `{"method":${quoted(this.method)},"url":${quoted(this.url)},"headers":{${headers}}}`;
    const body = host_http_request(textBlock(json), block(this.body));
    const status = host_http_status_code(), answered = String.UTF8.decode(take(host_http_headers()));
    return new Response(status, objectOfStrings(answered), take(body));
  }
}

/** Text as a JSON string. */
function quoted(text: string): string {
  let json = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const plain = c >= 0x20 && c != 0x22 && c != 0x5c;
    json += plain ? text.charAt(i) : "\\u" + c.toString(16).padStart(4, "0");
  }
  return json + '"';
}

// ---- Other plugins

/** How a call ended that may fail. */
export class Outcome {
  /** `error` is the message that the callee or plugsh gave; null when the call did not fail. */
  constructor(public output: ArrayBuffer, public error: string | null) {}

  text(): string {
    return String.UTF8.decode(this.output);
  }
}

/** A call that was started and is not joined: it runs beside its caller, and is cut when that returns. */
export class Pending {
  constructor(private ticket: u64) {}

  /** True once the call has ended, so that a join would not wait. */
  hasEnded(): bool {
    return host_poll_call(this.ticket) != 0;
  }

  /** Waits for the call, once. A failure does not return: it ends this call too, as that of `Process.call` does. */
  join(): ArrayBuffer {
    return take(host_join_call(this.ticket));
  }

  /** Waits for a call that gives text, as `join` does. */
  joinText(): string {
    return String.UTF8.decode(this.join());
  }

  /** Waits for the call, once; a failure is a value. */
  tryJoin(): Outcome {
    const output = host_try_join_call(this.ticket);
    return new Outcome(take(output), optionalText(host_call_error()));
  }
}

/** A process of plugsh, by the number that `ps` shows. It may be gone by the time of the next call. */
export class Process {
  constructor(public id: u64) {}

  /** Starts a plugin as a child of this one; `name` is what `load` takes. A failure ends this call: it does not return. */
  static register(name: string): Process {
    const handle = textBlock(name), process = new Process(host_register_plugin(handle));
    drop(handle);
    return process;
  }

  /** The living process of that name, or null. */
  static find(name: string): Process | null {
    const handle = textBlock(name), id = host_find_plugin(handle);
    drop(handle);
    return id == 0 ? null : new Process(id);
  }

  /** The process that asks. */
  static current(): Process {
    return new Process(host_self_plugin());
  }

  /** The process that started this one; null is the shell. */
  static parent(): Process | null {
    const id = host_parent_plugin();
    return id == 0 ? null : new Process(id);
  }

  /** Calls a function. A failure does not return: it ends this call too, with an error that names the whole chain. */
  call(func: string, input: ArrayBuffer): ArrayBuffer {
    const name = textBlock(func), bytes = block(input), output = host_call_plugin(this.id, name, bytes);
    drop(name);
    drop(bytes);
    return take(output);
  }

  /** Calls a function with text, which gives text. */
  callText(func: string, input: string): string {
    return String.UTF8.decode(this.call(func, String.UTF8.encode(input)));
  }

  /** Calls a function; a failure is a value. */
  tryCall(func: string, input: ArrayBuffer): Outcome {
    const name = textBlock(func), bytes = block(input), output = host_try_call_plugin(this.id, name, bytes);
    drop(name);
    drop(bytes);
    return new Outcome(take(output), optionalText(host_call_error()));
  }

  /**
   * Starts a call that runs beside this one. It does not fail for the callee's sake: the join has the output or the failure.
   */
  start(func: string, input: ArrayBuffer): Pending {
    const name = textBlock(func), bytes = block(input), ticket = host_start_call(this.id, name, bytes);
    drop(name);
    drop(bytes);
    return new Pending(ticket);
  }

  /** Starts a call with text, as `start` does. */
  startText(func: string, input: string): Pending {
    return this.start(func, String.UTF8.encode(input));
  }

  /** Ends a process that this one, or one below it, started. A failure ends this call. */
  free(): void {
    host_free_plugin(this.id);
  }
}

// ---- Blocks: one copy by the host where it has the bulk path (BULK.md), and else eight bytes a call.

/** Fewer bytes than this are as fast without the bulk path. */
const BULK_LEN_MIN = 64;

enum Op { PROBE = 0, READ = 1, NEW = 3, INPUT = 4 }
enum Host { UNASKED, HERE, NOT_HERE }

let host: Host = Host.UNASKED;

/** A request as the host reads it from memory: `op` and address of 4 bytes, block, offset, length and 0 of 8. */
const request = memory.data(40, 8);

/** True once the host has done it. Hosts without the bulk path answer 0: no block lies that high. */
function ring(op: Op, address: usize, handle: u64, len: u64): bool {
  store<u32>(request, op);
  store<u32>(request, <u32>address, 4);
  store<u64>(request, handle, 8);
  store<u64>(request, 0, 16);
  store<u64>(request, len, 24);
  store<u64>(request, 0, 32);
  return host_length((<u64>1 << 63) | <u64>request) == 1;
}

function bulk(op: Op, address: usize, handle: u64, len: i32): bool {
  if (len < BULK_LEN_MIN) return false;
  if (host == Host.UNASKED) host = ring(Op.PROBE, 0, 0, 0) ? Host.HERE : Host.NOT_HERE;
  return host == Host.HERE && ring(op, address, handle, len);
}

/** A new block with these bytes. */
function block(bytes: ArrayBuffer): u64 {
  const len = bytes.byteLength, address = changetype<usize>(bytes);
  if (len == 0) return 0;
  if (bulk(Op.NEW, address, 0, len)) return load<u64>(request, 8);
  const handle = host_alloc(len);
  if (handle == 0) unreachable();
  let at = 0;
  for (; at + 8 <= len; at += 8) host_store_u64(handle + at, load<u64>(address + at));
  for (; at < len; at++) host_store_u8(handle + at, load<u8>(address + at));
  return handle;
}

function textBlock(text: string): u64 {
  return block(String.UTF8.encode(text));
}

function drop(handle: u64): void {
  if (handle != 0) host_free(handle);
}

/** The bytes of a block, which is freed. */
function take(handle: u64): ArrayBuffer {
  if (handle == 0) return new ArrayBuffer(0);
  const len = <i32>host_length(handle), bytes = new ArrayBuffer(len), address = changetype<usize>(bytes);
  if (!bulk(Op.READ, address, handle, len)) {
    let at = 0;
    for (; at + 8 <= len; at += 8) store<u64>(address + at, host_load_u64(handle + at));
    for (; at < len; at++) store<u8>(address + at, <u8>host_load_u8(handle + at));
  }
  host_free(handle);
  return bytes;
}

function optionalText(handle: u64): string | null {
  return handle == 0 ? null : String.UTF8.decode(take(handle));
}
