// A ledger: fails in the ways of C, one function each.
#include <stdint.h>

_Noreturn void abort(void);
_Noreturn void __assert_fail(const char *, const char *, int, const char *);
#define assert(holds) ((holds) ? (void)0 : __assert_fail(#holds, __FILE__, __LINE__, __func__))

#define EXPORT(name) __attribute__((export_name(#name))) int32_t name(void)

static volatile int32_t amount = -5;
static volatile uint32_t row = 0x7fffffff;
static volatile int32_t parts = 0;
static volatile int32_t rows[4] = {1, 2, 3, 4};

static __attribute__((noinline)) void book(int32_t cents) {
    assert(cents >= 0 && "an amount below zero");
    rows[0] += cents;
}

EXPORT(check) {
    book(amount);
    return 0;
}

static __attribute__((noinline)) int32_t at(uint32_t index) { return rows[index]; }

EXPORT(read) {
    // No sound program does this: it is the trap that is wanted.
    return at(row) != 0;
}

static inline __attribute__((always_inline)) int32_t split(int32_t sum) { return sum / parts; }

EXPORT(share) { return split(100) != 0; }

EXPORT(stop) { abort(); }
