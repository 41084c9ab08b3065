/* SPDX-License-Identifier: ISC */
#include "policy/regex/chars.h"

void regex_chars_add(struct regex_chars *set, unsigned char c)
{
    if (c < REGEX_ASCII)
        set->ascii[c / 64] |= UINT64_C(1) << c % 64;
    else
        set->beyond = true;
}

bool regex_chars_has(const struct regex_chars *set, unsigned char c)
{
    return c < REGEX_ASCII ? set->ascii[c / 64] >> c % 64 & 1 : set->beyond;
}

struct regex_chars regex_chars_both(const struct regex_chars *a, const struct regex_chars *b)
{
    return (struct regex_chars){
        {a->ascii[0] & b->ascii[0], a->ascii[1] & b->ascii[1]},
        a->beyond && b->beyond,
        a->example.len ? a->example : b->example,
    };
}

void regex_chars_join(struct regex_chars *into, const struct regex_chars *other)
{
    into->ascii[0] |= other->ascii[0];
    into->ascii[1] |= other->ascii[1];
    into->beyond |= other->beyond;
    if (!into->example.len)
        into->example = other->example;
}

bool regex_chars_empty(const struct regex_chars *set)
{
    return !set->ascii[0] && !set->ascii[1] && !set->beyond;
}

bool regex_chars_meet(const struct regex_chars *a, const struct regex_chars *b)
{
    struct regex_chars both = regex_chars_both(a, b);
    return !regex_chars_empty(&both);
}

void regex_chars_invert(struct regex_chars *set)
{
    *set = (struct regex_chars){{~set->ascii[0], ~set->ascii[1]}, true, {"", 0}};
}

void regex_chars_write(const struct regex_chars *set, bool unusual, struct buf *out)
{
    static const char usual[] = "aA0 -_.,;:/@<=\"'\t\n";
    enum { USUAL = sizeof usual - 1 };
    for (size_t i = 0; i < USUAL; i++) {
        char c = usual[unusual ? USUAL - 1 - i : i];
        if (regex_chars_has(set, (unsigned char)c)) {
            buf_char(out, c);
            return;
        }
    }
    for (int c = REGEX_ASCII - 1; c >= 0; c--)
        if (regex_chars_has(set, (unsigned char)c)) {
            buf_char(out, (char)c);
            return;
        }
    if (set->beyond)
        buf_append(out, set->example.len ? set->example : SLICE("\xc3\xa9"));
}
