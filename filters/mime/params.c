/* SPDX-License-Identifier: ISC */
#include "filters/mime/params.h"

#include <string.h>

enum { COMMENT_MAX = 1000, KEY_MAX = 60 };

struct cursor {
    struct arena *arena;
    struct slice s;
    size_t at;
    struct params *out;
    size_t max;
    size_t bare_from; /* where the last value without quotes began, or s.len */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static char peek(const struct cursor *c, size_t at)
{
    return at < c->s.len ? c->s.ptr[at] : '\0';
}

/* After the comment that begins at `at`; `at` itself when there is none that ends soon. */
static size_t after_comment(struct slice s, size_t at)
{
    int depth = 0;
    size_t end = s.len - at > COMMENT_MAX ? at + COMMENT_MAX : s.len;
    for (size_t i = at; i < end; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')' && --depth == 0)
            return i + 1;
        if (depth == 0)
            break;
    }
    return at;
}

static size_t skip_space(const struct cursor *c, size_t at)
{
    while (at < c->s.len) {
        size_t next = is_space(c->s.ptr[at]) ? at + 1 : after_comment(c->s, at);
        if (next == at)
            break;
        at = next;
    }
    return at;
}

enum without { COMMENTS = 1, QUOTES = 2, ESCAPES = 4 };

/* A copy without some syntax. */
static struct slice without(struct arena *arena, struct slice s, unsigned what)
{
    char *out = arena_cstr(arena, s);
    size_t n = 0;
    if (!out)
        return s;
    for (size_t i = 0; i < s.len; i++) {
        size_t next = what & COMMENTS ? after_comment(s, i) : i;
        if (next > i)
            i = next - 1;
        else if (!((what & QUOTES) && s.ptr[i] == '"') && !((what & ESCAPES) && s.ptr[i] == '\\'))
            out[n++] = s.ptr[i];
    }
    return (struct slice){out, n};
}

size_t slice_add_distinct(struct slice *values, size_t n, size_t max, struct slice value)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(values[i], value))
            return n;
    if (n < max)
        values[n++] = value;
    return n;
}

static void add_reading(struct param *p, struct slice value)
{
    p->n = slice_add_distinct(p->readings, p->n, PARAM_READINGS, value);
}

static void add_odd_reading(struct cursor *c, struct param *p, struct slice value)
{
    add_reading(p, value);
    p->odd = c->out->odd = true;
}

static size_t next_semicolon(const struct cursor *c, size_t from)
{
    return from + slice_find(slice_from(c->s, from), ';');
}

/* True when "key=" stands at `at`. */
static bool key_follows(const struct cursor *c, size_t at)
{
    size_t i = at;
    while (i - at < KEY_MAX && (ascii_alpha(peek(c, i)) || ascii_digit(peek(c, i)) ||
                                (i > at && strchr("-*_", peek(c, i)) && peek(c, i))))
        i++;
    return i > at && ascii_alpha(peek(c, at)) && peek(c, skip_space(c, i)) == '=';
}

/* What goes on after the closing quote up to the semicolon. */
static void quoted_tail(struct cursor *c, struct param *p, size_t open, size_t after)
{
    size_t next = skip_space(c, after), end = next_semicolon(c, next);
    if (next == c->s.len || c->s.ptr[next] == ';') {
        c->at = next;
        return;
    }
    c->out->odd = true;
    if (next > after && key_follows(c, next)) {
        c->at = next;
        return;
    }
    struct slice raw = slice_trim(slice_sub(c->s, open, end));
    add_odd_reading(c, p, without(c->arena, raw, QUOTES));
    add_odd_reading(c, p, slice_from(raw, 1));
    c->at = end;
}

static void read_quoted(struct cursor *c, struct param *p)
{
    size_t open = c->at, i = open + 1;
    bool escaped = false;
    while (i < c->s.len && c->s.ptr[i] != '"') {
        escaped = escaped || c->s.ptr[i] == '\\';
        i += c->s.ptr[i] == '\\' ? 2 : 1;
    }
    bool open_ended = i >= c->s.len;
    struct slice raw = slice_sub(c->s, open + 1, i);
    if (escaped) {
        char *out = arena_cstr(c->arena, raw);
        size_t n = 0;
        for (size_t k = 0; out && k < raw.len; k++) {
            k += raw.ptr[k] == '\\' && k + 1 < raw.len;
            out[n++] = raw.ptr[k];
        }
        add_reading(p, out ? (struct slice){out, n} : raw);
    }
    add_reading(p, raw);
    if (open_ended) {
        add_odd_reading(c, p, slice_sub(raw, 0, slice_find(raw, ';')));
        c->at = c->s.len;
    } else {
        quoted_tail(c, p, open, i + 1);
    }
}

/* Where a value without quotes ends:
 * at the semicolon, or before a further "key=" whose semicolon is missing. */
static size_t bare_end(struct cursor *c, struct param *p)
{
    size_t end = next_semicolon(c, c->at);
    if (slice_starts(slice_from(c->s, c->at), SLICE("=?")))
        return end;
    for (size_t i = c->at; i + 1 < end; i++)
        if (is_space(c->s.ptr[i]) && !is_space(c->s.ptr[i + 1]) && key_follows(c, i + 1)) {
            add_odd_reading(c, p, slice_trim(slice_sub(c->s, c->at, i)));
            return i + 1;
        }
    return end;
}

static void read_bare(struct cursor *c, struct param *p)
{
    size_t from = c->at, end = bare_end(c, p);
    struct slice raw = slice_trim(slice_sub(c->s, from, end));
    bool word = slice_starts(raw, SLICE("=?"));
    size_t first = 0;
    while (first < raw.len && !is_space(raw.ptr[first]))
        first++;
    add_reading(p, raw);
    if (slice_find(raw, '(') < raw.len)
        add_odd_reading(c, p, without(c->arena, raw, COMMENTS));
    if (slice_find(raw, '"') < raw.len) {
        add_odd_reading(c, p, without(c->arena, raw, QUOTES | ESCAPES));
        add_odd_reading(c, p, slice_sub(raw, 0, slice_find(raw, '"')));
    }
    if (slice_find(raw, '\\') < raw.len)
        add_odd_reading(c, p, without(c->arena, raw, ESCAPES));
    if (first < raw.len && !word)
        add_odd_reading(c, p, slice_sub(raw, 0, first));
    if (raw.len > 2 && raw.ptr[0] == '\'' && raw.ptr[raw.len - 1] == '\'')
        add_odd_reading(c, p, slice_sub(raw, 1, raw.len - 1));
    c->bare_from = from;
    c->at = end;
}

/* name, name*, name*N, name*N* */
static void split_key(struct param *p)
{
    struct slice key = p->name;
    p->section = -1;
    if (key.len && key.ptr[key.len - 1] == '*') {
        p->extended = true;
        key.len--;
    }
    size_t star = slice_rfind(key, '*');
    uint64_t n = 0;
    if (star < key.len && slice_to_u64(slice_from(key, star + 1), 9999, &n)) {
        p->section = (int)n;
        key.len = star;
    }
    p->name = key;
}

static bool clean_key(struct cursor *c, struct slice raw, struct param *p)
{
    struct slice key = slice_trim(without(c->arena, raw, COMMENTS | QUOTES | ESCAPES));
    for (size_t i = key.len; i-- > 0;)
        if (is_space(key.ptr[i])) {
            key = slice_from(key, i + 1);
            break;
        }
    if (key.len != slice_trim(raw).len)
        p->odd = c->out->odd = true;
    char *lower = arena_cstr(c->arena, key);
    if (!lower)
        return false;
    for (size_t i = 0; i < key.len; i++)
        lower[i] = ascii_lower(lower[i]);
    p->name = (struct slice){lower, key.len};
    split_key(p);
    return true;
}

/* Text without '=' after a semicolon: it may belong to the value before, as in name=file;.exe */
static void read_junk(struct cursor *c, size_t end)
{
    struct slice junk = slice_trim(slice_sub(c->s, c->at, end));
    struct param *last = c->out->n > 0 ? &c->out->items[c->out->n - 1] : NULL;
    if (junk.len && last && last->n < PARAM_READINGS && c->bare_from < c->s.len) {
        struct slice whole = slice_trim(slice_sub(c->s, c->bare_from, end));
        add_odd_reading(c, last, whole);
        if (slice_find(whole, '\\') < whole.len)
            add_odd_reading(c, last, without(c->arena, whole, ESCAPES));
    }
    c->at = end;
}

static bool read_segment(struct cursor *c)
{
    size_t end = next_semicolon(c, c->at), eq = c->at + slice_find(slice_from(c->s, c->at), '=');
    if (eq >= end) {
        read_junk(c, end);
        return true;
    }
    if (c->out->n == c->max) {
        c->out->too_many = true;
        c->at = c->s.len;
        return true;
    }
    struct param *p = &c->out->items[c->out->n++];
    if (!clean_key(c, slice_sub(c->s, c->at, eq), p))
        return false;
    c->bare_from = c->s.len;
    size_t value = eq + 1;
    while (is_space(peek(c, value)))
        value++;
    c->at = value;
    if (peek(c, value) == '"')
        read_quoted(c, p);
    else
        read_bare(c, p);
    return true;
}

static struct slice read_main(struct cursor *c)
{
    size_t start = skip_space(c, c->at), i = start;
    if (slice_starts(slice_from(c->s, start), SLICE("=?"))) {
        c->at = next_semicolon(c, start);
        return slice_trim(slice_sub(c->s, start, c->at));
    }
    while (i < c->s.len && !is_space(c->s.ptr[i]) && !strchr(";,=", c->s.ptr[i])) {
        size_t next = after_comment(c->s, i);
        i = next > i ? next : i + 1;
    }
    if (peek(c, skip_space(c, i)) == '=')
        return (struct slice){"", 0};
    c->at = i;
    return without(c->arena, slice_sub(c->s, start, i), COMMENTS);
}

bool params_parse(struct arena *arena, struct slice value, size_t max, struct params *out)
{
    size_t room = 1;
    for (size_t i = 0; i < value.len && room < max; i++)
        room += value.ptr[i] == '=';
    *out = (struct params){.items = arena_array(arena, room, sizeof *out->items)};
    struct cursor c = {.arena = arena, .s = value, .out = out, .max = room, .bare_from = value.len};
    if (!out->items)
        return false;
    out->main = read_main(&c);
    for (;;) {
        while (c.at < value.len &&
               (is_space(value.ptr[c.at]) || value.ptr[c.at] == ';' || value.ptr[c.at] == ','))
            c.at++;
        size_t next = skip_space(&c, c.at);
        if (next > c.at) {
            c.at = next;
            out->odd = true;
            continue;
        }
        if (c.at == value.len)
            return true;
        if (!read_segment(&c))
            return false;
    }
}

static struct slice loose_value(struct slice s)
{
    size_t i = 0;
    s = slice_sub(s, 0, COMMENT_MAX);
    if (s.len && s.ptr[0] == '"')
        return slice_sub(s, 1, 1 + slice_find(slice_from(s, 1), '"'));
    while (i < s.len && !is_space(s.ptr[i]) && !strchr(";\"", s.ptr[i]))
        i++;
    return slice_sub(s, 0, i);
}

size_t params_loose(struct slice s, struct slice keyword, struct slice *values, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i + keyword.len < s.len && n < max; i++) {
        if (!slice_istarts(slice_from(s, i), keyword))
            continue;
        size_t k = i + keyword.len;
        while (k < s.len && (ascii_digit(s.ptr[k]) || s.ptr[k] == '*'))
            k++;
        while (k < s.len && is_space(s.ptr[k]))
            k++;
        if (k == s.len || s.ptr[k] != '=')
            continue;
        k++;
        while (k < s.len && is_space(s.ptr[k]))
            k++;
        values[n++] = loose_value(slice_from(s, k));
    }
    return n;
}
