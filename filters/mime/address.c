/* SPDX-License-Identifier: ISC
 * The text is cut into words: runs of atoms and quoted strings that touch, or that only blanks and
 * comments beside an '@' or a dot part. A word with an '@' outside quotes is an address; '<' and
 * '>' make the one between them the mailbox's. Words with an '@' where none belongs are kept as
 * further addresses, or as what others could read. */
#include "filters/mime/address.h"

#include "filters/mime/address_internal.h"
#include "filters/mime/headers.h"

#include <string.h>

enum { LITERAL_MAX = 64, LOCAL_MAX = 96 };

/* ---- pieces ---- */

static struct address_text *current(struct address_reader *r)
{
    return r->in_angle ? &r->angle : &r->word;
}

/* Something follows where others may have stopped to read a domain. */
static void go_on(struct address_reader *r, const struct address_text *t)
{
    if (t->is_cut && text_has_at(t))
        reader_add_other(r, text_domain(t));
}

/* Quotes, brackets and the like where a domain stands. */
static void cut_domain(struct address_reader *r, struct address_text *t)
{
    if (text_has_at(t)) {
        reader_flag(r, ADDRESS_MALFORMED);
        t->is_cut = true;
    }
}

/* The quoted string at r->at goes to `to` without its quotes. False when it does not end. */
static bool read_quoted(struct address_reader *r, struct address_text *to)
{
    const struct address_text before = *to;
    size_t i = r->at + 1;
    cut_domain(r, to);
    go_on(r, to);
    for (; i < r->s.len && r->s.ptr[i] != '"'; i++) {
        if (r->s.ptr[i] == '\\' && i + 1 < r->s.len)
            i++;
        text_put(to, r->s.ptr[i]);
    }
    if (i >= r->s.len) {
        *to = before;
        return false;
    }
    cut_domain(r, to);
    r->at = i + 1;
    return true;
}

/* The offset behind the comment at `from`; `from` when it does not end before `to`. */
static size_t behind_comment(struct slice s, size_t from, size_t to)
{
    int depth = 0;
    for (size_t i = from; i < to; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')' && --depth == 0)
            return i + 1;
    }
    return from;
}

static bool read_comment(struct address_reader *r)
{
    size_t end = r->no_more_comments ? r->at : behind_comment(r->s, r->at, r->s.len);
    if (end == r->at) {
        r->no_more_comments = true;
        return false;
    }
    r->comment = slice_sub(r->s, r->at + 1, end - 1);
    r->at = end;
    return true;
}

static void open_angle(struct address_reader *r)
{
    reader_end_word(r);
    if (r->has_angle && r->angle.len > 0)
        reader_add_angle(r);

    text_clear(&r->angle);
    r->in_angle = r->has_angle = true;
}

/* What stood before a comma or colon in brackets: a part of a route, <@a,@b:c@d>, or an address. */
static void end_in_angle(struct address_reader *r)
{
    if (r->angle.len > 0 && r->angle.at != 0)
        reader_add_angle(r);
    text_clear(&r->angle);
}

static void read_colon(struct address_reader *r)
{
    if (r->in_angle) {
        reader_flag(r, ADDRESS_ROUTE);
        end_in_angle(r);
        return;
    }
    reader_flag(r, ADDRESS_GROUP);
    if (r->bare.len > 0 || text_has_at(&r->word) || r->has_angle)
        reader_end_mailbox(r);
    text_clear(&r->name);
    text_clear(&r->word);
    r->piece = 0;
}

/* A character that is none of the syntax's own. */
static void read_atom(struct address_reader *r, char c)
{
    struct address_text *to = current(r);
    if ((unsigned char)c >= 0x80)
        reader_flag(r, ADDRESS_EIGHT_BIT);
    if ((unsigned char)c < ' ' || c == 0x7f)
        reader_flag(r, ADDRESS_CONTROL);
    go_on(r, to);
    text_atom(to, c);
}

/* ---- blanks and comments (CFWS) ---- */

/* The offset behind the blanks and comments at `from`. */
static size_t behind_blanks(struct slice s, size_t from, size_t to)
{
    for (size_t next; from < to; from = next) {
        next = s.ptr[from] == '(' ? behind_comment(s, from, to) : from + ascii_blank(s.ptr[from]);
        if (next == from)
            break;
    }
    return from;
}

/* Whether atoms parted by dots, with blanks and comments beside these, lead to an '@': the rest of
 * a local part in its obsolete form. */
static bool leads_to_at(const struct address_reader *r, bool after_dot)
{
    struct slice s = r->s;
    size_t end = r->at + LOCAL_MAX < s.len ? r->at + LOCAL_MAX : s.len;
    bool gap = true;
    for (size_t i = r->at; i < end; i++) {
        size_t next = behind_blanks(s, i, end);
        gap = gap || next > i;
        i = next;
        if (i == end || (s.ptr[i] && strchr("@()<>,;:[]", s.ptr[i])))
            return i < end && s.ptr[i] == '@';
        bool dot = s.ptr[i] == '.';
        if (gap && !dot && !after_dot)
            return false;
        gap = false;
        after_dot = dot;
    }
    return false;
}

static bool goes_on(const struct address_reader *r, char next)
{
    const struct address_text *t = &r->word;
    if (next == '@' || (text_has_at(t) && (t->joins || next == '.')))
        return true;
    return !text_has_at(t) && (t->joins || next == '.') && leads_to_at(r, t->joins);
}

static void pass_blanks(struct address_reader *r)
{
    for (size_t before = SIZE_MAX; r->at < r->s.len && r->at != before;) {
        before = r->at;
        if (ascii_blank(r->s.ptr[r->at]))
            r->at++;
        else if (r->s.ptr[r->at] == '(')
            (void)read_comment(r);
    }
}

/* They end a word, except beside its '@' and dots; in brackets they end nothing. */
static void read_blanks(struct address_reader *r)
{
    struct address_text *t = current(r);
    pass_blanks(r);
    char next = r->at < r->s.len ? r->s.ptr[r->at] : '\0';
    bool ends = next == '\0' || strchr("<>,:;", next) != NULL;
    if (t->len == 0)
        return;
    if (r->in_angle && !ends && !t->joins && next != '@' && next != '.')
        reader_flag(r, ADDRESS_MALFORMED);
    if (r->in_angle || goes_on(r, next))
        t->is_cut = true;
    else
        reader_end_word(r);
}

/* ---- all of it ---- */

static void close_angle(struct address_reader *r)
{
    if (!r->in_angle) {
        reader_flag(r, ADDRESS_MALFORMED);
        reader_end_word(r);
    }
    r->in_angle = false;
}

static void read_special(struct address_reader *r, char c)
{
    r->at++;
    switch (c) {
    case '<':
        open_angle(r);
        break;
    case '>':
        close_angle(r);
        break;
    case ':':
        read_colon(r);
        break;
    default: /* ',' and ';' */
        if (r->in_angle)
            end_in_angle(r);
        else if (c == ';' || !reader_comma_of_name(r))
            reader_end_mailbox(r);
    }
}

/* [192.0.2.1] or [IPv6:...] after an '@' is one piece. */
static bool read_literal(struct address_reader *r)
{
    struct address_text *to = current(r);
    struct slice ahead = slice_sub(r->s, r->at, r->at + LITERAL_MAX);
    size_t end = slice_find(ahead, ']');
    if (!text_has_at(to) || to->at + 1 != to->len || end == ahead.len)
        return false;
    for (size_t i = 0; i <= end; i++)
        text_put(to, ahead.ptr[i]);
    r->at += end + 1;
    return true;
}

static void skip_malformed(struct address_reader *r)
{
    reader_flag(r, ADDRESS_MALFORMED);
    cut_domain(r, current(r));
    r->at++;
}

static void read_next(struct address_reader *r)
{
    char c = r->s.ptr[r->at];
    if (c == '[' && read_literal(r))
        return;
    if (c == '"' && !r->no_more_quotes) {
        if (read_quoted(r, current(r)))
            return;
        r->no_more_quotes = true;
    }
    size_t before = r->at;
    if (c == '(' || ascii_blank(c))
        read_blanks(r);
    if (r->at > before)
        return;
    if (c == '"' || c == '(' || c == ')') {
        skip_malformed(r);
    } else if (strchr("<>:,;", c) && c) {
        read_special(r, c);
    } else {
        r->at++;
        read_atom(r, c);
    }
}

static bool make_texts(struct address_reader *r, size_t size)
{
    return text_make(r->arena, &r->name, size) && text_make(r->arena, &r->word, size) &&
           text_make(r->arena, &r->angle, size) && text_make(r->arena, &r->bare, size) &&
           text_make(r->arena, &r->joined, size);
}

bool addresses_parse(struct arena *arena, struct slice value, size_t max, struct addresses *out)
{
    *out = (struct addresses){.items = arena_array(arena, max, sizeof *out->items)};
    struct address_reader r = {.arena = arena,
                               .out = out,
                               .max = max,
                               .s = header_unfold(arena, value),
                               .comment = SLICE("")};
    if (value.len == 0)
        return out->items != NULL;
    if (!out->items || !r.s.ptr || !make_texts(&r, value.len * 2 + 16))
        return false;
    reader_look_across_words(&r);
    while (r.at < r.s.len)
        read_next(&r);
    if (r.in_angle)
        reader_flag(&r, ADDRESS_MALFORMED);
    reader_end_mailbox(&r);
    return !arena_failed(arena);
}
