/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_command.h"

#include <string.h>

int pop3_line(struct slice bytes, struct slice *line, size_t *used)
{
    const char *lf = memchr(bytes.ptr, '\n', bytes.len);
    size_t len = lf ? (size_t)(lf - bytes.ptr) + 1 : bytes.len;
    *used = len;
    if (len > POP3_LINE_MAX)
        return -1;
    if (!lf)
        return 0;
    bool ended = len > 1 && bytes.ptr[len - 2] == '\r';
    *line = slice_sub(bytes, 0, ended ? len - 2 : len - 1);
    bool clean = !memchr(line->ptr, '\r', line->len) && !memchr(line->ptr, '\0', line->len);
    return ended && clean ? 1 : -2;
}

static struct slice word_of(enum pop3_verb verb)
{
    static const char *const words[] = {
#define VERB(id, ...) #id,
#include "proxy/pop3/pop3_verbs.def"
#undef VERB
    };
    return slice_of(words[verb]);
}

enum pop3_verb pop3_verb(struct slice line, struct slice *argument)
{
    struct slice word, rest;
    unsigned verb = 0;
    slice_cut(line, ' ', &word, &rest);
    while (verb < POP3_VERBS && !slice_ieq(word, word_of((enum pop3_verb)verb)))
        verb++;
    *argument = verb == POP3_PASS ? rest : slice_trim(rest);
    return (enum pop3_verb)verb;
}

bool pop3_number(struct slice text, uint32_t *number)
{
    uint64_t wide;
    bool fits = text.len > 0 && slice_to_u64(text, UINT32_MAX, &wide);
    *number = fits ? (uint32_t)wide : 0;
    return fits;
}

bool pop3_numbers(struct slice text, uint32_t *number, uint32_t *lines)
{
    struct slice first, second;
    return slice_cut(text, ' ', &first, &second) && pop3_number(first, number) &&
           pop3_number(slice_trim(second), lines);
}
