// A stock: variables of C, built without optimisation.
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name))) int32_t name(void)

enum colour { RED, GREEN = 5, BLUE };

typedef struct part {
    const char *name;
    int16_t count;
    double weight;
    enum colour colour;
    struct part *next;
} part;

union word {
    uint32_t whole;
    uint8_t bytes[4];
};

static int32_t calls = 0;

static int32_t weigh(const part *first, uint64_t limit) {
    int32_t heavy = 0;
    char label[8] = "scale";
    float factor = 0.5f;
    _Bool done = 0;
    union word word = {.whole = 0x01020304};
    int32_t row[3] = {-1, 0, 7};
    for (const part *at = first; at; at = at->next) {
        if (at->weight * factor > (double)limit) {
            heavy += at->count;
        }
    }
    done = heavy > 0;
    calls += done + (label[0] == 's') + (word.bytes[0] == 4) + row[2];
    return heavy;
}

EXPORT(heaviest) {
    part bolt = {"bolt", 40, 0.25, BLUE, 0};
    part beam = {"beam", 2, 900.0, RED, &bolt};
    int32_t heavy = weigh(&beam, 100);
    return heavy == 2 ? 0 : 1;
}
