/* SPDX-License-Identifier: ISC */
#include "policy/regex/attack.h"

#include "base/buf.h"

enum {
    DEAR = 10,     /* a long probe takes as much as so many short ones */
    SQUARE = 9000, /* steps: more than the square of 128 takes, halved */
    COUNTED = 31,  /* octets: longer ones may have a match where repeats are counted */
};

/* Most end soon, and those that do not are few. */
static bool tries(struct regex_attacker *a, struct slice text, unsigned steps)
{
    size_t from = a->lead < text.len ? a->lead : text.len;
    if (a->probes < DEAR)
        return false;
    a->probes--;
    if (!a->probe(a->context, text, from, SQUARE))
        return false;
    if (steps)
        return true;
    a->probes -= DEAR - 1;
    return a->probe(a->context, text, from, 0);
}

/* How a text ends: with what spoils the match, and with the letters that must be there, without
 * which PCRE2 does not begin. */
enum completion { SPOILED_THEN_COMPLETED, SPOILED, COMPLETED_THEN_SPOILED, CUT_THEN_SPOILED, WAYS };

struct ending {
    struct slice spoils;
    enum completion way;
};

static struct slice completion_of(const struct regex_attack *attack, enum completion way)
{
    if (way == SPOILED || attack->behind.len == 0)
        return (struct slice){"", 0};
    return slice_sub(attack->behind, 0, attack->behind.len - (way == CUT_THEN_SPOILED));
}

/* 0 when it does not fit, or holds the word not even twice. */
static size_t build(const struct regex_attack *attack, const struct ending *end, size_t size,
                    char text[static REGEX_RISK_LONGEST])
{
    struct buf b = buf_over(text, REGEX_RISK_LONGEST);
    struct slice completes = completion_of(attack, end->way);
    size_t rest = end->spoils.len + completes.len;
    bool spoiled_first = end->way == SPOILED_THEN_COMPLETED;
    if (attack->word.len == 0 || size > REGEX_RISK_LONGEST ||
        attack->before.len + attack->word.len * 2 + rest > size)
        return 0;
    buf_append(&b, attack->before);
    while (buf_len(&b) + attack->word.len + rest <= size)
        buf_append(&b, attack->word);
    buf_append(&b, spoiled_first ? end->spoils : completes);
    buf_append(&b, spoiled_first ? completes : end->spoils);
    return buf_len(&b);
}

/* What takes the square of a short text's length, and so of a longer one's, is soon known. */
static bool grows(struct regex_attacker *a, const struct regex_attack *attack,
                  const struct ending *end)
{
    char text[REGEX_RISK_LONGEST];
    size_t size = attack->before.len + attack->behind.len;
    size += attack->word.len == 1 ? 64 : 128;
    if (attack->word.len > 3 || size >= REGEX_RISK_TEXT_MAX)
        return true;
    size_t len = build(attack, end, size, text);
    return len == 0 || tries(a, (struct slice){text, len}, SQUARE);
}

static bool explodes_at(struct regex_attacker *a, const struct regex_attack *attack,
                        const struct ending *end, size_t size)
{
    char text[REGEX_RISK_LONGEST];
    size_t len = build(attack, end, size, text);
    if (len == 0 || !tries(a, (struct slice){text, len}, 0))
        return false;
    a->length = len;
    return true;
}

/* The length that is enough, nearly: it is told. */
static void shorten(struct regex_attacker *a, const struct regex_attack *attack,
                    const struct ending *end)
{
    static const size_t sizes[] = {16, 24, 32, 48, 64, 96, 128, 192};
    a->probes = sizeof sizes / sizeof *sizes * DEAR;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && sizes[i] < a->length; i++)
        if (explodes_at(a, attack, end, sizes[i]))
            return;
}

static size_t twenty_of(const struct regex_attack *attack)
{
    size_t size = attack->before.len + attack->word.len * 20 + attack->behind.len + 2;
    return size > REGEX_RISK_TEXT_MAX ? size : 0;
}

static bool explodes_with(struct regex_attacker *a, const struct regex_attack *attack,
                          struct slice spoils)
{
    const size_t sizes[] = {REGEX_RISK_TEXT_MAX, twenty_of(attack), a->counts ? COUNTED : 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int way = 0; way < (attack->behind.len ? WAYS : SPOILED_THEN_COMPLETED + 1); way++) {
            struct ending end = {spoils, way};
            if ((i > 0 || grows(a, attack, &end)) && explodes_at(a, attack, &end, sizes[i])) {
                shorten(a, attack, &end);
                return true;
            }
        }
    return false;
}

bool regex_explodes(struct regex_attacker *a, const struct regex_attack *attack, bool of_lines)
{
    const char mark = a->stranger ? a->stranger : '!', line[2] = {'\n', mark};
    const struct slice ends[] = {{&mark, 1}, {"", 0}, {line, 2}, {line, 1}};
    for (size_t i = 0; i < (of_lines ? 4 : 2); i++)
        if (explodes_with(a, attack, ends[i]))
            return true;
    return false;
}

bool regex_explodes_somehow(struct regex_attacker *a, const struct regex_attack *attack)
{
    static const char marks[] = "<=\"'\\;:>/-";
    if (regex_explodes(a, attack, true))
        return true;
    for (size_t i = 0; i < sizeof marks - 1 && a->stranger == '\0'; i++)
        if (explodes_with(a, attack, (struct slice){&marks[i], 1}))
            return true;
    return false;
}
