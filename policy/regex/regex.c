/* SPDX-License-Identifier: ISC
 * Without JIT: its code needs writable and executable pages, which the jails refuse, and it ignores
 * the depth limit. */
#include "policy/regex/regex.h"

#include "policy/regex/risk.h"
#include "policy/regex/search.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PATTERN_MAX = 4096,
    DEPTH_LIMIT = 2000,
    HEAP_LIMIT_KIB = 1024,
    PARENS_MAX = 50,
    SHOWN_MAX = 24
};

struct regex {
    pcre2_code *code;
    pcre2_match_data *data; /* scratch: a process evaluates one thing at a time */
    pcre2_match_context *limits;
    bool whole; /* what it says of its beginning, or of giving up, is of the whole text */
};

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_match_data_free(regex->data);
    pcre2_code_free(regex->code);
    free(regex);
}

static pcre2_code *compile(struct slice pattern, bool fold, int *error, size_t *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_DOLLAR_ENDONLY | (fold ? PCRE2_CASELESS : 0);
    *error = PCRE2_ERROR_NOMEMORY;
    if (!context)
        return NULL;
    pcre2_set_max_pattern_length(context, PATTERN_MAX);
    pcre2_set_parens_nest_limit(context, PARENS_MAX);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, error, at, context);
    pcre2_compile_context_free(context);
    return code;
}

static struct regex *make(struct slice pattern, bool fold, int *error, size_t *at)
{
    struct regex *regex = calloc(1, sizeof *regex);
    *error = PCRE2_ERROR_NOMEMORY;
    if (regex && (regex->code = compile(pattern, fold, error, at)) &&
        (regex->data = pcre2_match_data_create(1, NULL)) &&
        (regex->limits = pcre2_match_context_create(NULL))) {
        regex->whole = slice_search(pattern, SLICE("(*")) < pattern.len ||
                       slice_search(pattern, SLICE("\\G")) < pattern.len;
        pcre2_set_depth_limit(regex->limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
        return regex;
    }
    regex_free(regex);
    return NULL;
}

static bool hits_a_limit(void *context, struct slice text, size_t from, unsigned steps)
{
    const struct regex *regex = context;
    pcre2_set_match_limit(regex->limits, steps ? steps : REGEX_STEPS_MAX);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.ptr, text.len, from, PCRE2_ANCHORED,
                            regex->data, regex->limits);
    return found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT ||
           found == PCRE2_ERROR_HEAPLIMIT;
}

static void explain(const struct regex_risk *risk, struct slice pattern, char *error)
{
    struct slice place = slice_sub(pattern, risk->from, risk->to);
    bool whole = place.len <= SHOWN_MAX;
    place = slice_sub(place, 0, SHOWN_MAX);
    snprintf(error, REGEX_ERROR_SIZE,
             risk->kind == REGEX_RISK_NESTED
                 ? "\"%.*s%s\" can read the same text in too many ways: %zu octets are enough to "
                   "take more than %d steps; let nothing in it repeat what it repeats itself, or "
                   "write its repeats as possessive ones, such as \\w++ for \\w+"
                 : "\"%.*s%s\" and the repeats behind it can share a text in too many ways: %zu "
                   "octets are enough to take more than %d steps; leave some out, bound them as "
                   "in .{0,40}, or let them not match what parts them, as in [^,]*,",
             SLICE_ARGS(place), whole ? "" : "...", risk->length, REGEX_STEPS_MAX);
}

struct regex *regex_new(struct slice pattern, bool fold, char error[static REGEX_ERROR_SIZE],
                        size_t *at)
{
    int code;
    *at = 0;
    struct regex *regex = make(pattern, fold, &code, at);
    if (!regex) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)error, REGEX_ERROR_SIZE);
        return NULL;
    }
    struct regex_risk risk = regex_risk(pattern, fold, hits_a_limit, regex);
    if (risk.kind == REGEX_RISK_NONE)
        return regex;
    explain(&risk, pattern, error);
    *at = risk.from;
    regex_free(regex);
    return NULL;
}

int regex_match(const struct regex *regex, struct slice text, uint64_t *steps)
{
    struct slice matched = {text.ptr ? text.ptr : "", text.len};
    if (!regex->whole)
        return regex_search(regex->code, regex->data, regex->limits, matched, steps);
    pcre2_set_match_limit(regex->limits, REGEX_STEPS_MAX);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)matched.ptr, matched.len, 0, 0, regex->data,
                            regex->limits);
    if (found >= 0)
        return 1;
    return found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
