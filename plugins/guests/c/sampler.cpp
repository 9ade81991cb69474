// Tries all that plugsh.h has, in C++: a function for each part of it.
#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugsh.h"

PLUGSH_ABOUT("tries all that plugsh.h has",
             PLUGSH_DOES(count_vowels, "how many vowels its input has, and \"total\" all inputs so far", "Hello, World!")
             PLUGSH_DOES(shout, "its input in upper case, by the plugin `text`", "hello"));

namespace {

// A string of bytes that the header gave.
std::string owned(plugsh_bytes bytes) {
  std::string text(bytes.data, bytes.len);
  free(bytes.data);
  return text;
}

std::string input() { return owned(plugsh_input()); }

int32_t output(const std::string& text) {
  plugsh_output(text.data(), text.size());
  return 0;
}

}  // namespace

// Counts the vowels of its input; `total` adds up in a variable.
PLUGSH_EXPORT(count_vowels) {
  int count = 0;
  for (char c : input()) count += std::string_view("aeiouAEIOU").find(c) != std::string_view::npos;
  plugsh_bytes before;
  int total = count + (plugsh_var("total", &before) ? atoi(before.data) : 0);
  free(before.data);
  std::string text = std::to_string(total);
  plugsh_var_set("total", text.data(), text.size());
  return output("{\"count\":" + std::to_string(count) + ",\"total\":" + text + ",\"vowels\":\"aeiouAEIOU\"}");
}

// Removes the variable.
PLUGSH_EXPORT(forget) {
  plugsh_var_remove("total");
  return 0;
}

// Its input in upper case, by the plugin `text`, which it starts and ends.
PLUGSH_EXPORT(shout) {
  std::string text = input();
  plugsh_process upper = plugsh_register("text");
  std::string loud = owned(plugsh_call(upper, "upper", text.data(), text.size()));
  plugsh_free(upper);
  return output(loud + "!");
}

// PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure.
PLUGSH_EXPORT(guarded) {
  std::string line = input();
  size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return plugsh_fail("expected PLUGIN FUNCTION INPUT");
  std::string plugin = line.substr(0, first), function = line.substr(first + 1, second - first - 1), rest = line.substr(second + 1);
  plugsh_process process = plugsh_register(plugin.c_str());
  plugsh_result result = plugsh_try_call(process, function.c_str(), rest.data(), rest.size());
  plugsh_free(process);
  return output((result.ok ? "ok: " : "failed: ") + owned(result.bytes));
}

// The vowels of its input's words, each counted by a child of its own, side by side; and how a call that fails beside them
// has ended.
PLUGSH_EXPORT(side_by_side) {
  plugsh_process failing = plugsh_register("misbehave");
  plugsh_pending failure = plugsh_start(failing, "error", "bang", 4);
  std::vector<std::pair<plugsh_process, plugsh_pending>> counts;
  std::string text = input();
  for (size_t start = 0, end; start < text.size(); start = end + 1) {
    end = std::min(text.find(' ', start), text.size());
    plugsh_process counter = plugsh_register("count_vowels");
    counts.emplace_back(counter, plugsh_start(counter, "count_vowels", text.data() + start, end - start));
  }
  int sum = 0;
  for (auto [counter, pending] : counts) {
    std::string report = owned(plugsh_join(pending));
    sum += atoi(report.c_str() + report.find(':') + 1);
    plugsh_free(counter);
  }
  while (!plugsh_has_ended(failure)) continue;
  plugsh_result result = plugsh_try_join(failure);
  plugsh_free(failing);
  return output(std::to_string(sum) + " vowels; " + (result.ok ? "ok: " : "failed: ") + owned(result.bytes));
}

// Its own id, its parent's, and that of the process that the input names.
PLUGSH_EXPORT(family) {
  return output("{\"id\":" + std::to_string(plugsh_self()) + ",\"parent\":" + std::to_string(plugsh_parent()) +
                ",\"found\":" + std::to_string(plugsh_find(input().c_str())) + "}");
}

// Greets whom the configuration names, and logs that at every level.
PLUGSH_EXPORT(greet) {
  plugsh_bytes configured;
  bool known = plugsh_config("who", &configured);
  std::string value = owned(configured), who = known ? value : "nobody";
  for (plugsh_level level : {PLUGSH_TRACE, PLUGSH_DEBUG, PLUGSH_INFO, PLUGSH_WARN, PLUGSH_ERROR}) {
    plugsh_log(level, "greets %s", who.c_str());
  }
  return output("hello " + who);
}

// Posts `ping` to the URL; status, header `x-answer` and body of the answer.
PLUGSH_EXPORT(fetch) {
  std::string url = input();
  const char* headers[] = {"x-from", "a \"sampler\"", nullptr};
  plugsh_http_request request = {url.c_str(), "POST", headers, "ping", 4};
  plugsh_http_response response = plugsh_http(&request);
  plugsh_bytes answer;
  plugsh_http_header(&response, "x-answer", &answer);
  std::string text = std::to_string(response.status) + " " + owned(answer) + " " + response.body.data;
  plugsh_http_free(&response);
  return output(text);
}

// Its input.
PLUGSH_EXPORT(echo) { return output(input()); }

// Fails with its input as the message.
PLUGSH_EXPORT(fail) { return plugsh_fail("%s", input().c_str()); }

// Panics, which traps.
PLUGSH_EXPORT(crash) { plugsh_panic("no rate for `%s`", input().c_str()); }

// Fails an assertion, which traps.
PLUGSH_EXPORT(check) {
  plugsh_bytes input = plugsh_input();
  assert(input.len > 100);
  return 0;
}
