// `assert` and `abort` as musl and wasi-libc have them, without the rest of a C library: a whole one would be most of
// the module.
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const char *at;
    size_t length;
};

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) uint16_t
fd_write(int32_t fd, const struct bytes *parts, size_t count, size_t *written);

static void say(const char *text) {
    struct bytes bytes = {text, 0};
    size_t written;
    while (text[bytes.length]) bytes.length++;
    fd_write(2, &bytes, 1, &written);
}

static void say_number(int number) {
    if (number > 9) say_number(number / 10);
    say((char[]){'0' + number % 10, 0});
}

_Noreturn void abort(void) { __builtin_trap(); }

_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function) {
    say("Assertion failed: "), say(expression), say(" ("), say(file), say(": "), say(function), say(": ");
    say_number(line), say(")\n");
    abort();
}
