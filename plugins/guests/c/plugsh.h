/* plugsh.h: a plugin for plugsh in C or C++ with this one header and no PDK.
 *
 * Here are input, output, errors, configuration, variables, logs, HTTP, and other plugins: start, find, call,
 * call side by side, end.
 * JSON is not here: C has none of its own, so calls take and give bytes.
 *
 *     #include "plugsh.h"
 *     PLUGSH_EXPORT(greet) { plugsh_bytes who = plugsh_input(); plugsh_print("hello %s", who.data); return 0; }
 *
 *     zig cc --target=wasm32-wasi -mexec-model=reactor -O2 -g -o hello.wasm hello.c
 *     plugsh -c 'load ./hello.wasm; hello.greet Ada'
 *
 * Names that end in `_` are the header's own.
 */
#ifndef PLUGSH_H
#define PLUGSH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#define PLUGSH_C_ extern "C"
#define PLUGSH_NORETURN_ [[noreturn]]
#else
#define PLUGSH_C_ extern
#define PLUGSH_NORETURN_ _Noreturn
#endif
#define PLUGSH_PRINTF_(text, arguments) __attribute__((format(printf, text, arguments)))

/* ---- Types ---- */

/* Bytes on the heap. `data` is never NULL and has a 0 behind its last byte, which `len` does not count: free(data). */
typedef struct {
  char *data;
  size_t len;
} plugsh_bytes;

/* A process of plugsh, by the number that `ps` shows; 0 is none, or the shell. */
typedef uint64_t plugsh_process;

/* A call that was started and is not joined: it runs beside its caller, and is cut when that returns. */
typedef struct {
  uint64_t ticket;
} plugsh_pending;

/* How a call ended that may fail: `bytes` is its output if `ok`, and else the message. */
typedef struct {
  bool ok;
  plugsh_bytes bytes;
} plugsh_result;

typedef struct {
  const char *url;
  const char *method;         /* NULL: GET */
  const char *const *headers; /* name, value, name, value, ..., NULL; or NULL for none */
  const void *body;
  size_t body_len;
} plugsh_http_request;

/* An answer: plugsh_http_header reads a header, plugsh_http_free frees all of it. */
typedef struct {
  int32_t status;
  plugsh_bytes headers; /* JSON */
  plugsh_bytes body;
} plugsh_http_response;

typedef enum { PLUGSH_TRACE, PLUGSH_DEBUG, PLUGSH_INFO, PLUGSH_WARN, PLUGSH_ERROR } plugsh_level;

/* Opens the body of an exported function, which returns 0 for success and anything else for a failure. */
#define PLUGSH_EXPORT(name)                                                              \
  PLUGSH_C_ __attribute__((export_name(#name))) int32_t plugsh_export_##name(void); \
  int32_t plugsh_export_##name(void)

/* Says what the plugin and its functions do, and an input to try each with; `help PLUGIN.FUNCTION` shows it. Written once,
 * texts as literals, no comma between functions:
 *
 *     PLUGSH_ABOUT("greets people", PLUGSH_DOES(greet, "a greeting of whom its input names", "Ada"));
 */
#define PLUGSH_ABOUT(summary, functions)                                                           \
  __asm__(".section \".custom_section.plugsh-about\",\"\",@\n"                                      \
          PLUGSH_ASCII_({"summary":) PLUGSH_ASCII_(summary) PLUGSH_ASCII_(,"functions":[)           \
          functions PLUGSH_ASCII_({"name":""}]}) ".text\n")
#define PLUGSH_DOES(name, does, input)                                                             \
  PLUGSH_ASCII_({"name":) PLUGSH_ASCII_(#name) PLUGSH_ASCII_(,"summary":) PLUGSH_ASCII_(does)       \
  PLUGSH_ASCII_(,"input":) PLUGSH_ASCII_(input) PLUGSH_ASCII_(},)
/* Source text as bytes of a section: quoted once for the assembler, and once for C. */
#define PLUGSH_ASCII_(...) ".ascii " PLUGSH_STRING_(#__VA_ARGS__) "\n"
#define PLUGSH_STRING_(text) #text

/* ---- Functions of the host, as they are imported. A handle names a block of bytes that the host keeps; 0 is none. ---- */

#define PLUGSH_IMPORT_(module, type, name, arguments) \
  PLUGSH_C_ __attribute__((import_module(module), import_name(#name))) type plugsh_host_##name arguments
#define PLUGSH_ENV_(type, name, arguments) PLUGSH_IMPORT_("extism:host/env", type, name, arguments)
#define PLUGSH_USER_(type, name, arguments) PLUGSH_IMPORT_("extism:host/user", type, name, arguments)

PLUGSH_ENV_(uint64_t, input_length, (void));
PLUGSH_ENV_(uint64_t, input_load_u64, (uint64_t offset));
PLUGSH_ENV_(uint32_t, input_load_u8, (uint64_t offset));
PLUGSH_ENV_(void, output_set, (uint64_t block, uint64_t len));
PLUGSH_ENV_(void, error_set, (uint64_t message));
PLUGSH_ENV_(uint64_t, alloc, (uint64_t len));
PLUGSH_ENV_(void, free, (uint64_t block));
PLUGSH_ENV_(uint64_t, length, (uint64_t block));
PLUGSH_ENV_(uint64_t, load_u64, (uint64_t offset));
PLUGSH_ENV_(uint32_t, load_u8, (uint64_t offset));
PLUGSH_ENV_(void, store_u64, (uint64_t offset, uint64_t bytes));
PLUGSH_ENV_(void, store_u8, (uint64_t offset, uint32_t byte));
PLUGSH_ENV_(uint64_t, config_get, (uint64_t key));
PLUGSH_ENV_(uint64_t, var_get, (uint64_t key));
PLUGSH_ENV_(void, var_set, (uint64_t key, uint64_t value));
PLUGSH_ENV_(uint64_t, http_request, (uint64_t request, uint64_t body));
PLUGSH_ENV_(int32_t, http_status_code, (void));
PLUGSH_ENV_(uint64_t, http_headers, (void));
PLUGSH_ENV_(void, log_trace, (uint64_t message));
PLUGSH_ENV_(void, log_debug, (uint64_t message));
PLUGSH_ENV_(void, log_info, (uint64_t message));
PLUGSH_ENV_(void, log_warn, (uint64_t message));
PLUGSH_ENV_(void, log_error, (uint64_t message));
PLUGSH_USER_(uint64_t, register_plugin, (uint64_t name));
PLUGSH_USER_(uint64_t, call_plugin, (uint64_t id, uint64_t function, uint64_t input));
PLUGSH_USER_(uint64_t, try_call_plugin, (uint64_t id, uint64_t function, uint64_t input));
PLUGSH_USER_(uint64_t, call_error, (void));
PLUGSH_USER_(uint64_t, start_call, (uint64_t id, uint64_t function, uint64_t input));
PLUGSH_USER_(uint64_t, poll_call, (uint64_t ticket));
PLUGSH_USER_(uint64_t, join_call, (uint64_t ticket));
PLUGSH_USER_(uint64_t, try_join_call, (uint64_t ticket));
PLUGSH_USER_(void, free_plugin, (uint64_t id));
PLUGSH_USER_(uint64_t, find_plugin, (uint64_t name));
PLUGSH_USER_(uint64_t, self_plugin, (void));
PLUGSH_USER_(uint64_t, parent_plugin, (void));

/* ---- Blocks: one copy by the host where it has the bulk path (BULK.md), and else eight bytes a call. ---- */

/* Fewer bytes than this are as fast without the bulk path. */
#define PLUGSH_BULK_MIN_ 64

enum { PLUGSH_PROBE_ = 0, PLUGSH_READ_ = 1, PLUGSH_NEW_ = 3, PLUGSH_INPUT_ = 4 };

/* A request as the host reads it from memory. */
typedef struct {
  uint32_t op, address;
  uint64_t block, offset, len, reserved;
} plugsh_request_;

/* True once the host has done it. Hosts without the bulk path answer 0: no block lies that high. */
static inline bool plugsh_ring_(plugsh_request_ *request) {
  return plugsh_host_length(UINT64_C(1) << 63 | (uintptr_t)request) == 1;
}

static inline bool plugsh_bulk_(plugsh_request_ *request) {
  static enum { UNASKED, HERE, NOT_HERE } host = UNASKED;
  if (request->len < PLUGSH_BULK_MIN_) return false;
  if (host == UNASKED) {
    plugsh_request_ probe = {PLUGSH_PROBE_, 0, 0, 0, 0, 0};
    host = plugsh_ring_(&probe) ? HERE : NOT_HERE;
  }
  return host == HERE && plugsh_ring_(request);
}

static inline plugsh_bytes plugsh_room_(size_t len) {
  plugsh_bytes bytes = {(char *)malloc(len + 1), len};
  if (!bytes.data) abort();
  bytes.data[len] = 0;
  return bytes;
}

/* A new block with these bytes. */
static inline uint64_t plugsh_block_(const void *data, size_t len) {
  plugsh_request_ request = {PLUGSH_NEW_, (uint32_t)(uintptr_t)data, 0, 0, len, 0};
  if (len == 0) return 0;
  if (plugsh_bulk_(&request)) return request.block;
  uint64_t block = plugsh_host_alloc(len), word;
  if (!block) abort();
  size_t at = 0;
  for (; at + 8 <= len; at += 8) {
    memcpy(&word, (const char *)data + at, 8);
    plugsh_host_store_u64(block + at, word);
  }
  for (; at < len; at++) plugsh_host_store_u8(block + at, ((const unsigned char *)data)[at]);
  return block;
}

static inline uint64_t plugsh_text_block_(const char *text) { return plugsh_block_(text, strlen(text)); }

static inline void plugsh_drop_(uint64_t block) {
  if (block) plugsh_host_free(block);
}

/* The bytes of a block, which is freed. */
static inline plugsh_bytes plugsh_take_(uint64_t block) {
  plugsh_bytes bytes = plugsh_room_(block ? (size_t)plugsh_host_length(block) : 0);
  plugsh_request_ request = {PLUGSH_READ_, (uint32_t)(uintptr_t)bytes.data, block, 0, bytes.len, 0};
  if (!plugsh_bulk_(&request)) {
    size_t at = 0;
    for (; at + 8 <= bytes.len; at += 8) {
      uint64_t word = plugsh_host_load_u64(block + at);
      memcpy(bytes.data + at, &word, 8);
    }
    for (; at < bytes.len; at++) bytes.data[at] = (char)plugsh_host_load_u8(block + at);
  }
  plugsh_drop_(block);
  return bytes;
}

/* Text as printf makes it. */
static inline plugsh_bytes plugsh_format_(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  plugsh_bytes text = plugsh_room_(len < 0 ? 0 : (size_t)len);
  vsnprintf(text.data, text.len + 1, format, arguments);
  return text;
}

/* ---- A call: input, output, errors ---- */

static inline plugsh_bytes plugsh_input(void) {
  plugsh_bytes bytes = plugsh_room_((size_t)plugsh_host_input_length());
  plugsh_request_ request = {PLUGSH_INPUT_, (uint32_t)(uintptr_t)bytes.data, 0, 0, bytes.len, 0};
  if (plugsh_bulk_(&request)) return bytes;
  size_t at = 0;
  for (; at + 8 <= bytes.len; at += 8) {
    uint64_t word = plugsh_host_input_load_u64(at);
    memcpy(bytes.data + at, &word, 8);
  }
  for (; at < bytes.len; at++) bytes.data[at] = (char)plugsh_host_input_load_u8(at);
  return bytes;
}

static inline void plugsh_output(const void *data, size_t len) {
  plugsh_host_output_set(plugsh_block_(data, len), len);
}

/* Sets the output to text. */
PLUGSH_PRINTF_(1, 2) static inline void plugsh_print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  plugsh_bytes text = plugsh_format_(format, arguments);
  va_end(arguments);
  plugsh_output(text.data, text.len);
  free(text.data);
}

/* Sets the error's message; gives what the function returns: `return plugsh_fail("no rate for `%s`", currency);`. */
PLUGSH_PRINTF_(1, 2) static inline int32_t plugsh_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  plugsh_bytes text = plugsh_format_(format, arguments);
  va_end(arguments);
  plugsh_host_error_set(plugsh_block_(text.data, text.len));
  free(text.data);
  return 1;
}

/* Ends the call by a trap, with the message and its place as the error. Nothing more of the instance runs. */
#define plugsh_panic(...) plugsh_panic_at(__FILE__, __LINE__, __VA_ARGS__)
PLUGSH_NORETURN_ PLUGSH_PRINTF_(3, 4) static inline void plugsh_panic_at(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  plugsh_bytes text = plugsh_format_(format, arguments);
  va_end(arguments);
  plugsh_fail("panicked at %s:%d: %s", file, line, text.data);
  __builtin_trap();
}

/* What assert(3) calls when it does not hold: libc's own writes to standard error, which other hosts drop. */
PLUGSH_C_ __attribute__((weak)) void __assert_fail(const char *condition, const char *file, int line, const char *function) {
  (void)function;
  plugsh_panic_at(file, line, "assertion `%s` failed", condition);
}

/* ---- Configuration, variables, logs. The host frees the keys, values and messages that it is handed here. ---- */

/* False where there is none; `value` then has no bytes, and is to be freed all the same. */
static inline bool plugsh_config(const char *key, plugsh_bytes *value) {
  uint64_t block = plugsh_host_config_get(plugsh_text_block_(key));
  *value = plugsh_take_(block);
  return block != 0;
}

/* A variable that an earlier call set; false where there is none, as for plugsh_config. */
static inline bool plugsh_var(const char *key, plugsh_bytes *value) {
  uint64_t block = plugsh_host_var_get(plugsh_text_block_(key));
  *value = plugsh_take_(block);
  return block != 0;
}

static inline void plugsh_var_set(const char *key, const void *data, size_t len) {
  plugsh_host_var_set(plugsh_text_block_(key), plugsh_block_(data, len));
}

static inline void plugsh_var_remove(const char *key) { plugsh_host_var_set(plugsh_text_block_(key), 0); }

PLUGSH_PRINTF_(2, 3) static inline void plugsh_log(plugsh_level level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  plugsh_bytes text = plugsh_format_(format, arguments);
  va_end(arguments);
  uint64_t block = plugsh_block_(text.data, text.len);
  free(text.data);
  switch (level) {
    case PLUGSH_TRACE: plugsh_host_log_trace(block); break;
    case PLUGSH_DEBUG: plugsh_host_log_debug(block); break;
    case PLUGSH_INFO: plugsh_host_log_info(block); break;
    case PLUGSH_WARN: plugsh_host_log_warn(block); break;
    case PLUGSH_ERROR: plugsh_host_log_error(block); break;
  }
}

/* ---- HTTP, to the hosts that --allow-host lets this plugin reach ---- */

/* Writes `text` as a JSON string to `to`, or counts only where that is NULL; gives the length. */
static inline size_t plugsh_json_(char *to, const char *text) {
  size_t len = 0;
  char escaped[7];
#define PLUGSH_PUT_(part, n) do { if (to) memcpy(to + len, part, n); len += (n); } while (0)
  PLUGSH_PUT_("\"", 1);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c >= 0x20 && c != '"' && c != '\\') { PLUGSH_PUT_(text, 1); continue; }
    snprintf(escaped, sizeof escaped, "\\u%04x", c);
    PLUGSH_PUT_(escaped, 6);
  }
  PLUGSH_PUT_("\"", 1);
#undef PLUGSH_PUT_
  return len;
}

/* Appends `part`, and `value` as a JSON string unless it is NULL. */
static inline void plugsh_append_(plugsh_bytes *text, const char *part, const char *value) {
  size_t start = text->len, part_len = strlen(part);
  text->len += part_len + (value ? plugsh_json_(NULL, value) : 0);
  text->data = (char *)realloc(text->data, text->len + 1);
  if (!text->data) abort();
  memcpy(text->data + start, part, part_len);
  if (value) plugsh_json_(text->data + start + part_len, value);
  text->data[text->len] = 0;
}

/* A status of 400 and more is an answer too. A host that may not be reached, or does not answer, ends this call. */
static inline plugsh_http_response plugsh_http(const plugsh_http_request *request) {
  plugsh_bytes text = plugsh_room_(0);
  plugsh_append_(&text, "{\"method\":", request->method ? request->method : "GET");
  plugsh_append_(&text, ",\"url\":", request->url);
  plugsh_append_(&text, ",\"headers\":{", NULL);
  const char *separator = "";
  for (const char *const *header = request->headers; header && header[0]; header += 2, separator = ",") {
    plugsh_append_(&text, separator, header[0]);
    plugsh_append_(&text, ":", header[1]);
  }
  plugsh_append_(&text, "}}", NULL);
  uint64_t body = plugsh_host_http_request(plugsh_block_(text.data, text.len), plugsh_block_(request->body, request->body_len));
  free(text.data);
  plugsh_http_response response = {plugsh_host_http_status_code(), plugsh_take_(plugsh_host_http_headers()), plugsh_take_(body)};
  return response;
}

/* Reads a JSON string of the host, which escapes control characters alone, and gives what stands behind it. */
static inline const char *plugsh_unjson_(const char *at, plugsh_bytes *text) {
  text->len = 0;
  for (at++; *at && *at != '"'; at++) {
    char c = *at;
    if (c == '\\') {
      const char *escape = strchr("b\bf\fn\nr\rt\t", c = *++at);
      if (escape && *escape) c = escape[1];
      if (*at == 'u') {
        char digits[5] = {0};
        strncpy(digits, at + 1, 4);
        c = (char)strtoul(digits, NULL, 16);
        at += strlen(digits);
      }
    }
    text->data[text->len++] = c;
  }
  text->data[text->len] = 0;
  return *at ? at + 1 : at;
}

/* A header of an answer, by its name in lower case; without one it gives false, and a `value` of no bytes. */
static inline bool plugsh_http_header(const plugsh_http_response *response, const char *name, plugsh_bytes *value) {
  plugsh_bytes key = plugsh_room_(response->headers.len);
  *value = plugsh_room_(response->headers.len);
  bool found = false;
  for (const char *at = response->headers.data; !found && (*at == '{' || *at == ',') && at[1] == '"';) {
    at = plugsh_unjson_(at + 1, &key);
    if (at[0] != ':' || at[1] != '"') break;
    at = plugsh_unjson_(at + 1, value);
    found = strcmp(key.data, name) == 0;
  }
  if (!found) value->data[value->len = 0] = 0;
  free(key.data);
  return found;
}

static inline void plugsh_http_free(plugsh_http_response *response) {
  free(response->headers.data);
  free(response->body.data);
}

/* ---- Other plugins ---- */

/* Starts a plugin as a child of this one; `name` is what `load` takes. A failure ends this call: it does not return. */
static inline plugsh_process plugsh_register(const char *name) {
  uint64_t block = plugsh_text_block_(name);
  plugsh_process process = plugsh_host_register_plugin(block);
  plugsh_drop_(block);
  return process;
}

/* The living process of that name, or 0. */
static inline plugsh_process plugsh_find(const char *name) {
  uint64_t block = plugsh_text_block_(name);
  plugsh_process process = plugsh_host_find_plugin(block);
  plugsh_drop_(block);
  return process;
}

static inline plugsh_process plugsh_self(void) { return plugsh_host_self_plugin(); }

/* The process that started this one; 0 is the shell. */
static inline plugsh_process plugsh_parent(void) { return plugsh_host_parent_plugin(); }

/* Ends a process that this one, or one below it, started. A failure ends this call. */
static inline void plugsh_free(plugsh_process process) { plugsh_host_free_plugin(process); }

/* Calls a function. A failure does not return: it ends this call too, with an error that names the whole chain. */
static inline plugsh_bytes plugsh_call(plugsh_process process, const char *function, const void *input, size_t len) {
  uint64_t name = plugsh_text_block_(function), block = plugsh_block_(input, len);
  uint64_t output = plugsh_host_call_plugin(process, name, block);
  plugsh_drop_(name);
  plugsh_drop_(block);
  return plugsh_take_(output);
}

/* How the last call ended that may fail. */
static inline plugsh_result plugsh_result_(uint64_t output) {
  uint64_t error = plugsh_host_call_error();
  plugsh_result result = {error == 0, plugsh_take_(error ? error : output)};
  return result;
}

/* Calls a function; a failure is a value. */
static inline plugsh_result plugsh_try_call(plugsh_process process, const char *function, const void *input, size_t len) {
  uint64_t name = plugsh_text_block_(function), block = plugsh_block_(input, len);
  uint64_t output = plugsh_host_try_call_plugin(process, name, block);
  plugsh_drop_(name);
  plugsh_drop_(block);
  return plugsh_result_(output);
}

/* ---- Calls side by side ---- */

/* Starts a call that runs beside this one. It does not fail for the callee's sake: the join has the output or the failure. */
static inline plugsh_pending plugsh_start(plugsh_process process, const char *function, const void *input, size_t len) {
  uint64_t name = plugsh_text_block_(function), block = plugsh_block_(input, len);
  plugsh_pending pending = {plugsh_host_start_call(process, name, block)};
  plugsh_drop_(name);
  plugsh_drop_(block);
  return pending;
}

/* True once the call has ended, so that a join would not wait. */
static inline bool plugsh_has_ended(plugsh_pending pending) { return plugsh_host_poll_call(pending.ticket) != 0; }

/* Waits for a started call, once. A failure does not return: it ends this call too, as that of plugsh_call does. */
static inline plugsh_bytes plugsh_join(plugsh_pending pending) { return plugsh_take_(plugsh_host_join_call(pending.ticket)); }

/* Waits for a started call, once; a failure is a value. */
static inline plugsh_result plugsh_try_join(plugsh_pending pending) {
  return plugsh_result_(plugsh_host_try_join_call(pending.ticket));
}

#endif
