/* SPDX-License-Identifier: ISC
 * The facts of a clean message: what a test assumes where it gives nothing. */
#include "policy/facts.h"

enum baseline_kind {
    BASELINE_NONE,
    BASELINE_TEXT,
    BASELINE_WORD,
    BASELINE_IP,
    BASELINE_NUMBER,
    BASELINE_SIZE,
    BASELINE_BOOL,
    BASELINE_EMPTY
};

struct baseline {
    enum baseline_kind kind;
    const char *text;
    int64_t number;
};

#define TEXT_IS(s)                                                                                 \
    {                                                                                              \
        BASELINE_TEXT, s, 0                                                                        \
    }
#define WORD_IS(s)                                                                                 \
    {                                                                                              \
        BASELINE_WORD, s, 0                                                                        \
    }
#define IP_IS(s)                                                                                   \
    {                                                                                              \
        BASELINE_IP, s, 0                                                                          \
    }
#define NUMBER_IS(n)                                                                               \
    {                                                                                              \
        BASELINE_NUMBER, NULL, n                                                                   \
    }
#define SIZE_IS(n)                                                                                 \
    {                                                                                              \
        BASELINE_SIZE, NULL, n                                                                     \
    }
#define DURATION_IS(ms) SIZE_IS(ms)
#define BOOL_IS(b)                                                                                 \
    {                                                                                              \
        BASELINE_BOOL, NULL, b                                                                     \
    }
#define ABSENT                                                                                     \
    {                                                                                              \
        BASELINE_NONE, NULL, 0                                                                     \
    }
#define EMPTY                                                                                      \
    {                                                                                              \
        BASELINE_EMPTY, NULL, 0                                                                    \
    }
#define COMPUTED                                                                                   \
    {                                                                                              \
        BASELINE_NONE, NULL, 0                                                                     \
    }

static const struct baseline rows[FACT_COUNT] = {
#define FACT(id, name, type, phase, producer, on_unknown, baseline, doc) [FACT_##id] = baseline,
#define KEYED(id, name, type, phase, producer, on_unknown, baseline, doc) [FACT_##id] = baseline,
#define ALIAS(name, id)
#include "policy/facts.def"
#undef FACT
#undef KEYED
#undef ALIAS
};

static int64_t word_index(const struct enum_type *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (slice_eq(slice_of(words->words[i]), slice_of(word)))
            return (int64_t)i;
    return 0;
}

struct value fact_baseline(enum fact fact)
{
    const struct baseline *row = &rows[fact];
    struct value value = {.state = VALUE_KNOWN};
    switch (row->kind) {
    case BASELINE_TEXT:
        return value_text(slice_of(row->text));
    case BASELINE_WORD:
        return value_integer(word_index(fact_info(fact)->type.words, row->text));
    case BASELINE_IP:
        ip_parse(slice_of(row->text), &value.ip);
        return value;
    case BASELINE_NUMBER:
        return value_number((double)row->number);
    case BASELINE_SIZE:
        return value_integer(row->number);
    case BASELINE_BOOL:
        return value_bool(row->number != 0);
    case BASELINE_EMPTY:
        return value;
    default:
        return value_absent();
    }
}
