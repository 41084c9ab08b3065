/* SPDX-License-Identifier: ISC
 * Without JIT: its code needs writable and executable pages, which the jails refuse, and it ignores
 * the depth limit. */
#include "policy/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum {
    PATTERN_MAX = 4096,
    MATCH_LIMIT = 50000,
    DEPTH_LIMIT = 2000,
    HEAP_LIMIT_KIB = 1024,
    PARENS_MAX = 50
};

struct regex {
    pcre2_code *code;
    pcre2_match_data *data; /* scratch: a process evaluates one thing at a time */
    pcre2_match_context *limits;
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

struct regex *regex_new(struct slice pattern, bool fold, char error[static REGEX_ERROR_SIZE],
                        size_t *at)
{
    int code = PCRE2_ERROR_NOMEMORY;
    *at = 0;
    struct regex *regex = calloc(1, sizeof *regex);
    if (regex && (regex->code = compile(pattern, fold, &code, at)) &&
        (regex->data = pcre2_match_data_create(1, NULL)) &&
        (regex->limits = pcre2_match_context_create(NULL))) {
        pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
        pcre2_set_depth_limit(regex->limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
        return regex;
    }
    pcre2_get_error_message(code, (PCRE2_UCHAR *)error, REGEX_ERROR_SIZE);
    regex_free(regex);
    return NULL;
}

int regex_match(const struct regex *regex, struct slice text)
{
    const char *start = text.ptr ? text.ptr : "";
    int found =
        pcre2_match(regex->code, (PCRE2_SPTR)start, text.len, 0, 0, regex->data, regex->limits);
    if (found >= 0)
        return 1;
    return found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
