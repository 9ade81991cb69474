/* Tries all that plugsh.h has: a function for each part of it. */
#include <assert.h>
#include <inttypes.h>

#include "plugsh.h"

PLUGSH_ABOUT("tries all that plugsh.h has",
             PLUGSH_DOES(count_vowels, "how many vowels its input has, and \"total\" all inputs so far", "Hello, World!")
             PLUGSH_DOES(shout, "its input in upper case, by the plugin `text`", "hello"));

/* Counts the vowels of its input; `total` adds up in a variable. */
PLUGSH_EXPORT(count_vowels) {
  plugsh_bytes text = plugsh_input(), before;
  unsigned count = 0, total = 0;
  for (size_t i = 0; i < text.len; i++) count += text.data[i] && strchr("aeiouAEIOU", text.data[i]);
  if (plugsh_var("total", &before) && before.len == sizeof total) memcpy(&total, before.data, sizeof total);
  total += count;
  plugsh_var_set("total", &total, sizeof total);
  plugsh_print("{\"count\":%u,\"total\":%u,\"vowels\":\"aeiouAEIOU\"}", count, total);
  free(before.data);
  free(text.data);
  return 0;
}

/* Removes the variable. */
PLUGSH_EXPORT(forget) {
  plugsh_var_remove("total");
  return 0;
}

/* Its input in upper case, by the plugin `text`, which it starts and ends. */
PLUGSH_EXPORT(shout) {
  plugsh_bytes text = plugsh_input();
  plugsh_process upper = plugsh_register("text");
  plugsh_bytes loud = plugsh_call(upper, "upper", text.data, text.len);
  plugsh_free(upper);
  plugsh_print("%s!", loud.data);
  free(loud.data);
  free(text.data);
  return 0;
}

/* PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure. */
PLUGSH_EXPORT(guarded) {
  plugsh_bytes line = plugsh_input();
  const char *plugin = strtok(line.data, " "), *function = strtok(NULL, " "), *input = strtok(NULL, "");
  if (!plugin || !function) return plugsh_fail("expected PLUGIN FUNCTION INPUT");
  if (!input) input = "";
  plugsh_process process = plugsh_register(plugin);
  plugsh_result result = plugsh_try_call(process, function, input, strlen(input));
  plugsh_free(process);
  plugsh_print("%s: %s", result.ok ? "ok" : "failed", result.bytes.data);
  free(result.bytes.data);
  free(line.data);
  return 0;
}

/* The vowels of its input's first three words, each counted by a child of its own, side by side; and how a call that fails
 * beside them has ended. */
PLUGSH_EXPORT(side_by_side) {
  enum { PIECES = 3 };
  plugsh_bytes text = plugsh_input();
  plugsh_process counters[PIECES], failing = plugsh_register("misbehave");
  plugsh_pending counts[PIECES], failure = plugsh_start(failing, "error", "bang", 4);
  const char *word = strtok(text.data, " ");
  for (int i = 0; i < PIECES; i++, word = strtok(NULL, " ")) {
    if (!word) return plugsh_fail("expected WORD WORD WORD");
    counters[i] = plugsh_register("count_vowels");
    counts[i] = plugsh_start(counters[i], "count_vowels", word, strlen(word));
  }
  int sum = 0;
  for (int i = 0; i < PIECES; i++) {
    plugsh_bytes report = plugsh_join(counts[i]);
    const char *count = strchr(report.data, ':');
    if (!count) return plugsh_fail("no count in `%s`", report.data);
    sum += atoi(count + 1);
    free(report.data);
    plugsh_free(counters[i]);
  }
  while (!plugsh_has_ended(failure)) continue;
  plugsh_result result = plugsh_try_join(failure);
  plugsh_free(failing);
  plugsh_print("%d vowels; %s: %s", sum, result.ok ? "ok" : "failed", result.bytes.data);
  free(result.bytes.data);
  free(text.data);
  return 0;
}

/* Its own id, its parent's, and that of the process that the input names. */
PLUGSH_EXPORT(family) {
  plugsh_bytes name = plugsh_input();
  plugsh_print("{\"id\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"found\":%" PRIu64 "}", plugsh_self(), plugsh_parent(),
               plugsh_find(name.data));
  free(name.data);
  return 0;
}

/* Greets whom the configuration names, and logs that at every level. */
PLUGSH_EXPORT(greet) {
  plugsh_bytes who;
  const char *name = plugsh_config("who", &who) ? who.data : "nobody";
  for (int level = PLUGSH_TRACE; level <= PLUGSH_ERROR; level++) plugsh_log((plugsh_level)level, "greets %s", name);
  plugsh_print("hello %s", name);
  free(who.data);
  return 0;
}

/* Posts `ping` to the URL; status, header `x-answer` and body of the answer. */
PLUGSH_EXPORT(fetch) {
  plugsh_bytes url = plugsh_input();
  const char *headers[] = {"x-from", "a \"sampler\"", NULL};
  plugsh_http_request request = {.url = url.data, .method = "POST", .headers = headers, .body = "ping", .body_len = 4};
  plugsh_http_response response = plugsh_http(&request);
  plugsh_bytes answer;
  plugsh_http_header(&response, "x-answer", &answer);
  plugsh_print("%" PRId32 " %s %s", response.status, answer.data, response.body.data);
  free(answer.data);
  plugsh_http_free(&response);
  free(url.data);
  return 0;
}

/* Its input. */
PLUGSH_EXPORT(echo) {
  plugsh_bytes input = plugsh_input();
  plugsh_output(input.data, input.len);
  free(input.data);
  return 0;
}

/* Fails with its input as the message. */
PLUGSH_EXPORT(fail) {
  plugsh_bytes message = plugsh_input();
  int32_t failure = plugsh_fail("%s", message.data);
  free(message.data);
  return failure;
}

/* Panics, which traps. */
PLUGSH_EXPORT(crash) {
  plugsh_bytes currency = plugsh_input();
  plugsh_panic("no rate for `%s`", currency.data);
}

/* Fails an assertion, which traps. */
PLUGSH_EXPORT(check) {
  plugsh_bytes input = plugsh_input();
  assert(input.len > 100);
  return 0;
}
