/* SPDX-License-Identifier: ISC */
#include "policy/regex/chars.h"

#include <string.h>

static void add_range(struct regex_chars *set, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to && c < REGEX_ASCII; c++)
        regex_chars_add(set, (unsigned char)c);
    if (to >= REGEX_ASCII)
        set->beyond = true;
}

static void add_all_of(struct regex_chars *set, const char *chars)
{
    for (; *chars; chars++)
        regex_chars_add(set, (unsigned char)*chars);
}

static void add_letters(struct regex_chars *set)
{
    add_range(set, 'a', 'z');
    add_range(set, 'A', 'Z');
}

static void fold_set(struct regex_chars *set)
{
    for (int c = 'a'; c <= 'z'; c++) {
        unsigned char lower = (unsigned char)c, upper = (unsigned char)(c - 'a' + 'A');
        if (regex_chars_has(set, lower) || regex_chars_has(set, upper)) {
            regex_chars_add(set, lower);
            regex_chars_add(set, upper);
        }
    }
}

struct regex_chars regex_any(bool newlines_too)
{
    struct regex_chars set = {{0, 0}, false, {"", 0}};
    if (!newlines_too)
        regex_chars_add(&set, '\n');
    regex_chars_invert(&set);
    return set;
}

/* \d, \w and their kin; false: it is none of them. */
static bool add_kind(struct regex_chars *set, char letter)
{
    struct regex_chars kind = {{0, 0}, false, {"", 0}};
    static const char inverted[] = "DWSHVN";
    switch (letter) {
    case 'd':
    case 'D':
        add_range(&kind, '0', '9');
        break;
    case 'w':
    case 'W':
        add_letters(&kind);
        add_all_of(&kind, "0123456789_");
        break;
    case 's':
    case 'S':
        add_all_of(&kind, " \t\n\v\f\r");
        break;
    case 'h':
    case 'H':
        add_all_of(&kind, " \t");
        break;
    case 'v':
    case 'V':
    case 'R':
        add_all_of(&kind, "\n\v\f\r");
        break;
    case 'N':
        add_all_of(&kind, "\n");
        break;
    case 'X':
        kind = regex_any(true);
        break;
    default:
        return false;
    }
    if (strchr(inverted, letter))
        regex_chars_invert(&kind);
    regex_chars_join(set, &kind);
    return true;
}

static char at_or_nul(struct slice s, size_t at)
{
    return at < s.len ? s.ptr[at] : '\0';
}

static void pass_braces(struct slice pattern, size_t *at)
{
    size_t end = slice_find(slice_from(pattern, *at), '}');
    *at = *at + end < pattern.len ? *at + end + 1 : pattern.len;
}

/* \p{L}: letters and digits stand for all of them; \P for all else. */
static void read_property(struct slice pattern, size_t *at, bool negated, struct regex_chars *set)
{
    if (at_or_nul(pattern, *at) == '{')
        pass_braces(pattern, at);
    else
        *at += *at < pattern.len;
    struct regex_chars some = {{0, 0}, true, {"", 0}};
    if (negated)
        some = regex_any(true);
    else {
        add_letters(&some);
        add_range(&some, '0', '9');
    }
    regex_chars_join(set, &some);
}

static unsigned read_number(struct slice pattern, size_t *at, unsigned base, size_t most)
{
    unsigned number = 0;
    for (size_t n = 0; n < most && *at < pattern.len; n++, (*at)++) {
        int digit = hex_digit(pattern.ptr[*at]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        if (number <= 0x110000)
            number = number * base + (unsigned)digit;
    }
    return number;
}

/* \x41, \x{41}, \o{101} */
static unsigned read_code(struct slice pattern, size_t *at, unsigned base)
{
    if (at_or_nul(pattern, *at) != '{')
        return read_number(pattern, at, base, base == 16 ? 2 : 3);
    ++*at;
    unsigned number = read_number(pattern, at, base, 16);
    pass_braces(pattern, at);
    return number;
}

/* \n and its kin, \cX, numbers; false: it is no character by such a name. */
static bool read_named(struct slice pattern, size_t *at, char letter, unsigned *code)
{
    static const char names[] = "aefnrt", codes[] = "\a\033\f\n\r\t";
    const char *place = strchr(names, letter);
    if (letter && place)
        *code = (unsigned char)codes[place - names];
    else if (letter == 'x')
        *code = read_code(pattern, at, 16);
    else if (letter == 'o')
        *code = read_code(pattern, at, 8);
    else if (letter == '0')
        *code = read_number(pattern, at, 8, 2);
    else if (letter == 'c')
        *code = (unsigned char)at_or_nul(pattern, (*at)++) & 0x1f;
    else
        return false;
    return true;
}

/* \101 is no back reference: hardly any pattern has so many groups. */
static bool is_octal(struct slice digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '7')
            return false;
    return digits.len == 3;
}

static bool read_escape(struct slice pattern, size_t *at, bool in_class, struct regex_chars *set)
{
    char letter = at_or_nul(pattern, *at + 1);
    unsigned code;
    *at = *at + 2 < pattern.len ? *at + 2 : pattern.len;
    if (letter == 'p' || letter == 'P') {
        read_property(pattern, at, letter == 'P', set);
        return true;
    }
    if (add_kind(set, letter))
        return true;
    if (in_class && letter == 'b')
        code = '\b';
    else if ((in_class && ascii_digit(letter)) || is_octal(slice_sub(pattern, *at - 1, *at + 2))) {
        --*at;
        code = read_number(pattern, at, 8, 3);
    } else if (!read_named(pattern, at, letter, &code)) {
        if (ascii_alpha(letter) || ascii_digit(letter))
            return false;
        code = (unsigned char)letter;
    }
    add_range(set, code, code);
    return true;
}

bool regex_read_escape(struct slice pattern, size_t *at, struct regex_chars *set)
{
    return read_escape(pattern, at, false, set);
}

static struct slice read_char(struct slice pattern, size_t *at)
{
    size_t from = (*at)++;
    while (*at < pattern.len && ((unsigned char)pattern.ptr[*at] & 0xc0) == 0x80)
        ++*at;
    return slice_sub(pattern, from, *at);
}

static void add_char(struct regex_chars *set, struct slice c)
{
    regex_chars_add(set, (unsigned char)c.ptr[0]);
    if ((unsigned char)c.ptr[0] >= REGEX_ASCII && !set->example.len)
        set->example = c;
}

void regex_read_literal(struct slice pattern, size_t *at, bool fold, struct regex_chars *set)
{
    add_char(set, read_char(pattern, at));
    if (fold)
        fold_set(set);
}

/* [:alpha:], moved behind; letters stand for those that tell letters apart. */
static bool read_posix(struct slice pattern, size_t *at, struct regex_chars *set)
{
    static const struct {
        const char *name, *kind;
    } kinds[] = {{"digit", "d"}, {"word", "w"},  {"alnum", "w"}, {"alpha", "w"}, {"xdigit", "w"},
                 {"lower", "w"}, {"upper", "w"}, {"space", "s"}, {"blank", "h"}};
    struct slice rest = slice_from(pattern, *at);
    size_t end = slice_search(rest, SLICE(":]"));
    if (!slice_starts(rest, SLICE("[:")) || end == rest.len)
        return false;
    struct slice name = slice_sub(rest, 2, end);
    bool negated = name.len && name.ptr[0] == '^';
    name = slice_from(name, negated);
    struct regex_chars kind = {{0, 0}, false, {"", 0}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (slice_eq(name, slice_of(kinds[i].name)))
            add_kind(&kind, kinds[i].kind[0]);
    if (regex_chars_empty(&kind)) /* punct, graph, print, cntrl, ascii */
        add_range(&kind, 1, REGEX_ASCII - 1);
    if (negated)
        regex_chars_invert(&kind);
    regex_chars_join(set, &kind);
    *at += end + 2;
    return true;
}

static unsigned first_of(const struct regex_chars *set)
{
    for (unsigned c = 0; c < REGEX_ASCII; c++)
        if (regex_chars_has(set, (unsigned char)c))
            return c;
    return REGEX_ASCII;
}

/* One member; its characters, or the beginning of a range. */
static void read_member(struct slice pattern, size_t *at, struct regex_chars *set)
{
    if (pattern.ptr[*at] == '\\')
        read_escape(pattern, at, true, set);
    else
        add_char(set, read_char(pattern, at));
}

static void read_members(struct slice pattern, size_t *at, struct regex_chars *set)
{
    struct regex_chars one = {{0, 0}, false, {"", 0}}, last = one;
    if (read_posix(pattern, at, set))
        return;
    read_member(pattern, at, &one);
    regex_chars_join(set, &one);
    if (at_or_nul(pattern, *at) != '-' || *at + 1 >= pattern.len || pattern.ptr[*at + 1] == ']')
        return;
    ++*at;
    read_member(pattern, at, &last);
    regex_chars_join(set, &last);
    add_range(set, first_of(&one), last.beyond ? REGEX_ASCII : first_of(&last));
}

void regex_read_class(struct slice pattern, size_t *at, bool fold, struct regex_chars *set)
{
    struct regex_chars members = {{0, 0}, false, {"", 0}};
    bool negated = at_or_nul(pattern, ++*at) == '^';
    *at += negated;
    for (bool first = true; *at < pattern.len && (first || pattern.ptr[*at] != ']'); first = false)
        read_members(pattern, at, &members);
    *at += *at < pattern.len;
    if (fold)
        fold_set(&members);
    if (negated)
        regex_chars_invert(&members);
    regex_chars_join(set, &members);
}
