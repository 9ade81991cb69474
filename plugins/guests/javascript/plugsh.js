// A plugin for plugsh in JavaScript: what scripts import as "plugsh". It stands in the engine.
//
// Here are input, output, errors, configuration, variables, logs, HTTP, and other plugins: start, find, call (with text,
// bytes, or a value as JSON), call side by side, end.

const host = globalThis.__plugsh_host;

/** Bytes that are to be read as text or JSON: the input of a function, the output of a call, a variable, a response. */
export class Bytes {
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** As a Uint8Array. */
  bytes() {
    return this.#bytes;
  }

  /** As text; bytes that are not UTF-8 become U+FFFD. */
  text() {
    return host.text(this.#bytes);
  }

  /** As the value whose JSON they are. */
  json() {
    return JSON.parse(this.text());
  }
}

/** Strings, Uint8Arrays and Bytes cross as they are, nothing as no bytes, other values as JSON. */
function crossing(value) {
  if (value instanceof Bytes) return value.bytes();
  if (value === undefined || value === null || typeof value === "string" || value instanceof Uint8Array) return value;
  return JSON.stringify(value);
}

/** Runs a function of the script; the engine calls it. */
export function __run(f, input) {
  return crossing(f(new Bytes(input)));
}

/** What `fail` throws. */
export class Failure extends Error {
  get name() {
    return "Failure";
  }
}

/** Fails with a message, and leaves the instance as it is. Anything else that is thrown ends it, with message and place. */
export function fail(message) {
  throw new Failure(message);
}

/** A value of the configuration; undefined where there is none. */
export function config(key) {
  return host.config(key) ?? undefined;
}

/** Variables, which later calls see. */
export const vars = {
  /** Bytes, or undefined where there is none. */
  get(key) {
    const value = host.getVar(key);
    return value == null ? undefined : new Bytes(value);
  },
  set(key, value) {
    host.setVar(key, crossing(value) ?? "");
  },
  remove(key) {
    host.setVar(key, null);
  },
};

/** Log lines, by level. */
export const log = {
  trace: (message) => host.log("trace", `${message}`),
  debug: (message) => host.log("debug", `${message}`),
  info: (message) => host.log("info", `${message}`),
  warn: (message) => host.log("warn", `${message}`),
  error: (message) => host.log("error", `${message}`),
};

/** What came back of a request: its bytes, the status, and the headers by their names in lower case. A status of 400 and more
 * is an answer too. */
export class Response extends Bytes {
  constructor(status, headers, body) {
    super(body);
    this.status = status;
    this.headers = headers;
  }
}

/** Sends a request to a host that --allow-host names. One that may not be reached, or does not answer, ends this call. */
export function http(url, { method = "GET", headers = {}, body } = {}) {
  const flat = Object.entries(headers).flatMap(([name, value]) => [name, `${value}`]);
  const answer = host.http(method, `${url}`, flat, crossing(body));
  return new Response(answer.status, answer.headers, answer.body);
}

/** `{ output }` or `{ error }`. */
function outcome({ output, error }) {
  return error === undefined ? { output: new Bytes(output) } : { error };
}

/** A call that was started and is not joined: it runs beside its caller, and is cut when that returns. */
export class Pending {
  #started;

  constructor(started) {
    this.#started = started;
  }

  /** True once the call has ended, so that a join would not wait. */
  hasEnded() {
    return this.#started.hasEnded();
  }

  /** Waits for the call, once. A failure does not return: it ends this call too, as that of `Process.call` does. */
  join() {
    return new Bytes(this.#started.join());
  }

  /** Waits for the call, once; a failure is a value: `{ error }` in place of `{ output }`. */
  tryJoin() {
    return outcome(this.#started.tryJoin());
  }
}

/** A process of plugsh, by the number that `ps` shows. It may be gone by the time of the next call. */
export class Process {
  constructor(id) {
    this.id = id;
  }

  /** Starts a plugin as a child of this one; `name` is what `load` takes. A failure ends this call: it does not return. */
  static register(name) {
    return new Process(host.register(name));
  }

  /** The living process of that name, or undefined. */
  static find(name) {
    return Process.#of(host.find(name));
  }

  /** The process that asks. */
  static current() {
    return Process.#of(host.current());
  }

  /** The process that started this one; undefined is the shell. */
  static parent() {
    return Process.#of(host.parent());
  }

  static #of(id) {
    return id === 0 ? undefined : new Process(id);
  }

  /** Calls a function. A failure does not return: it ends this call too, with an error that names the whole chain. */
  call(name, input) {
    return new Bytes(host.call(this.id, name, crossing(input)));
  }

  /** Calls a function; a failure is a value: `{ error }` in place of `{ output }`. */
  tryCall(name, input) {
    return outcome(host.tryCall(this.id, name, crossing(input)));
  }

  /** Starts a call that runs beside this one. It does not fail for the callee's sake: the join has the output or the failure. */
  start(name, input) {
    return new Pending(host.start(this.id, name, crossing(input)));
  }

  /** Ends a process that this one, or one below it, started. A failure ends this call. */
  free() {
    host.free(this.id);
  }
}
