/* SPDX-License-Identifier: ISC */
#include "policy/regex/search.h"

#include "base/utf8.h"

enum {
    AT_FIRST = 125000, /* steps that are granted to all beginnings together */
    FEW = 64,          /* steps from one of them, and ... */
    MORE = 8,          /* ... times as many where those are not enough */
    CALL = 16,         /* steps that a call takes anyhow */
};

/* PCRE2_INFO_FIRSTCODETYPE */
enum { AT_LINES = 2 };

struct search {
    const pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    struct slice text;
    size_t call;   /* steps that a call takes: it looks for what must be there, and for UTF-8 */
    uint64_t left; /* steps */
    uint32_t options;
};

static int match(struct search *s, size_t from, uint32_t steps, uint32_t options)
{
    pcre2_set_match_limit(s->limits, steps);
    return pcre2_match(s->code, (PCRE2_SPTR)s->text.ptr, s->text.len, from, options, s->data,
                       s->limits);
}

static bool spend(struct search *s, size_t steps)
{
    steps += s->call;
    s->left = steps < s->left ? s->left - steps : 0;
    return s->left > 0;
}

/* From here alone. */
static int match_at(struct search *s, size_t from)
{
    uint32_t steps = FEW;
    for (;;) {
        int found = match(s, from, steps, s->options | PCRE2_ANCHORED);
        bool hit = found == PCRE2_ERROR_MATCHLIMIT;
        if (!spend(s, hit ? steps : steps / 2) || (hit && steps == REGEX_STEPS_MAX))
            return PCRE2_ERROR_MATCHLIMIT;
        if (!hit)
            return found;
        steps = steps * MORE < REGEX_STEPS_MAX ? steps * MORE : REGEX_STEPS_MAX;
    }
}

/* The next octet at which a match may begin. */
static size_t next_of(const struct search *s, size_t at, uint32_t where)
{
    for (at++; at < s->text.len; at++) {
        bool within = ((unsigned char)s->text.ptr[at] & 0xc0) == 0x80;
        if (!within && (where != AT_LINES || s->text.ptr[at - 1] == '\n'))
            break;
    }
    return at;
}

static int one_after_the_other(struct search *s)
{
    uint32_t where = 0, options = 0;
    bool valid = utf8_valid(s->text);
    pcre2_pattern_info(s->code, PCRE2_INFO_FIRSTCODETYPE, &where);
    pcre2_pattern_info(s->code, PCRE2_INFO_ALLOPTIONS, &options);
    s->options = valid ? PCRE2_NO_UTF_CHECK : 0;
    s->call = CALL + s->text.len / (valid ? 64 : 8);
    for (size_t at = 0; at <= s->text.len; at = next_of(s, at, where)) {
        int found = match_at(s, at);
        if (found != PCRE2_ERROR_NOMATCH || options & PCRE2_ANCHORED)
            return found;
    }
    return PCRE2_ERROR_NOMATCH;
}

int regex_search(const pcre2_code *code, pcre2_match_data *data, pcre2_match_context *limits,
                 struct slice text, uint64_t *steps)
{
    struct search s = {.code = code, .data = data, .limits = limits, .text = text};
    size_t few = AT_FIRST / (text.len + 1) + 1;
    if (few > REGEX_STEPS_MAX)
        few = REGEX_STEPS_MAX;
    s.left = *steps < REGEX_ALL_STEPS_MAX ? *steps : REGEX_ALL_STEPS_MAX;
    uint64_t granted = s.left;
    int found = match(&s, 0, (uint32_t)few, 0);
    if (found == PCRE2_ERROR_MATCHLIMIT && few < REGEX_STEPS_MAX)
        found = one_after_the_other(&s);
    *steps -= granted - s.left;
    if (found >= 0)
        return 1;
    return found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
