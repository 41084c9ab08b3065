/* SPDX-License-Identifier: ISC
 * What begins with a parenthesis in a pattern. */
#include "policy/regex/reader.h"

/* "(?i-x" up to ')' or ':'; false: it is something else. */
static bool read_flags(struct reader *r, struct flags *flags)
{
    size_t at = r->at + 2;
    bool on = true;
    struct flags read = *flags;
    for (; at < r->pattern.len && r->pattern.ptr[at] != ')' && r->pattern.ptr[at] != ':'; at++)
        switch (r->pattern.ptr[at]) {
        case '^':
            read = (struct flags){false, false, false};
            break;
        case '-':
            on = false;
            break;
        case 'i':
            read.fold = on;
            break;
        case 's':
            read.newlines = on;
            break;
        case 'x':
            read.extended = on;
            break;
        case 'm':
        case 'n':
        case 'J':
        case 'U':
            break;
        default:
            return false;
        }
    if (at >= r->pattern.len)
        return false;
    r->at = at;
    *flags = read;
    return true;
}

static int read_inside(struct reader *r, size_t from, struct flags flags, bool aside)
{
    int last = -1;
    if (++r->depth > REGEX_DEPTH_MAX) {
        r->failed = true;
        return -1;
    }
    int holder = aside ? reader_add(r, REGEX_ASIDE, from) : -1;
    int inside = reader_alternatives(r, &flags);
    r->depth--;
    r->at += !reader_at_end(r); /* the ')' */
    if (aside)
        reader_append(r, holder, inside, &last);
    int node = aside ? holder : inside;
    if (node >= 0) {
        reader_node(r, node)->from = (uint32_t)from;
        reader_node(r, node)->to = (uint32_t)r->at;
    }
    return node;
}

/* (?(1)yes|no): the condition is left out. */
static int read_conditional(struct reader *r, size_t from, struct flags flags)
{
    if (reader_comes(r, "(?=") || reader_comes(r, "(?!") || reader_comes(r, "(?<")) {
        r->at += reader_peek(r, 2) == '<' ? 4 : 3;
        read_inside(r, r->at, flags, true);
    } else
        reader_pass_to(r, ")");
    return read_inside(r, from, flags, false);
}

static int read_named_group(struct reader *r, size_t from, struct flags flags)
{
    char end = reader_peek(r, 2) == '\'' ? '\'' : '>';
    const char ends[2] = {end, '\0'};
    r->at += 3;
    reader_pass_to(r, ends);
    return read_inside(r, from, flags, false);
}

/* (?R), (?1), (?&name), (?P>name), (?P=name), (?C1): a call is taken for nothing. */
static int read_call(struct reader *r, size_t from)
{
    reader_pass_to(r, ")");
    return reader_empty(r, from);
}

static int read_aside(struct reader *r, size_t from, struct flags flags, bool behind)
{
    int node = read_inside(r, from, flags, true);
    if (node >= 0)
        reader_node(r, node)->behind = behind;
    return node;
}

static int read_special(struct reader *r, struct flags *flags)
{
    static const char *const plain[] = {"(?:", "(?>", "(?|"};
    static const char *const asides[] = {"(?=", "(?!", "(?<=", "(?<!", "(?*", "(?<*"};
    size_t from = r->at;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (reader_comes(r, plain[i])) {
            r->at += 3;
            return read_inside(r, from, *flags, false);
        }
    for (size_t i = 0; i < sizeof asides / sizeof *asides; i++)
        if (reader_comes(r, asides[i])) {
            bool behind = reader_peek(r, 2) == '<';
            r->at += slice_of(asides[i]).len;
            return read_aside(r, from, *flags, behind);
        }
    if (reader_comes(r, "(?(")) {
        r->at += 2;
        return read_conditional(r, from, *flags);
    }
    if (reader_comes(r, "(?<") || reader_comes(r, "(?'") || reader_comes(r, "(?P<"))
        return read_named_group(r, from, *flags);
    struct flags changed = *flags;
    if (!read_flags(r, &changed))
        return read_call(r, from);
    if (reader_peek(r, 0) == ':') {
        r->at++;
        return read_inside(r, from, changed, false);
    }
    r->at++;
    *flags = changed;
    return reader_empty(r, from);
}

int reader_group(struct reader *r, struct flags *flags)
{
    size_t from = r->at;
    if (reader_comes(r, "(?"))
        return read_special(r, flags);
    if (reader_comes(r, "(*")) /* a verb, or an assertion by its name */
        return read_call(r, from);
    r->at++;
    return read_inside(r, from, *flags, false);
}
