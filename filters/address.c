/* SPDX-License-Identifier: ISC
 * The text is cut into words: runs of atoms and quoted strings that touch. A word with an '@'
 * outside quotes is an address; '<' and '>' make the one between them the mailbox's. Words with an
 * '@' where none belongs are kept as further addresses. */
#include "filters/address.h"

#include "filters/headers.h"
#include "filters/words.h"

#include <string.h>

enum { LITERAL_MAX = 64, DOMAIN_MAX = 255, SHOWN_MAX = 4096 };

static const size_t NO_AT = SIZE_MAX;

struct text {
    char *ptr;
    size_t len, at; /* the last '@' outside quotes */
};

struct reader {
    struct arena *arena;
    struct addresses *out;
    size_t max;
    struct slice s;
    size_t at;
    bool no_more_quotes, no_more_comments;
    /* the mailbox being read */
    struct text name, word, angle, bare;
    struct slice comment;
    bool in_angle, has_angle;
};

static void put(struct text *t, char c)
{
    t->ptr[t->len++] = c;
}

static void append(struct text *to, const struct text *from)
{
    if (to->len > 0)
        put(to, ' ');
    memcpy(to->ptr + to->len, from->ptr, from->len);
    to->len += from->len;
}

static void clear(struct text *t)
{
    t->len = 0;
    t->at = NO_AT;
}

static struct slice slice_text(const struct text *t)
{
    return (struct slice){t->ptr, t->len};
}

static struct slice lower(struct arena *arena, struct slice s)
{
    char *out = arena_cstr(arena, s);
    if (!out)
        return s;
    for (size_t i = 0; i < s.len; i++)
        out[i] = ascii_lower(out[i]);
    return (struct slice){out, s.len};
}

static bool contains_fold(struct slice s, struct slice needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (slice_istarts(slice_from(s, i), needle))
            return true;
    return false;
}

/* An address other than the mailbox's own in what people are shown: not after some thousand
 * characters. */
static bool shows_another(struct slice name, struct slice domain)
{
    name = slice_sub(name, 0, SHOWN_MAX);
    for (size_t i = 1; i + 1 < name.len; i++)
        if (name.ptr[i] == '@' && name.ptr[i - 1] != ' ' && name.ptr[i + 1] != ' ')
            return domain.len > DOMAIN_MAX || !contains_fold(slice_from(name, i + 1), domain);
    return false;
}

static void add_address(struct reader *r, struct text *t, struct slice name)
{
    struct malformations odd = {{0}};
    struct slice whole = slice_text(t);
    if (r->out->n == r->max) {
        r->out->flags |= ADDRESS_TOO_MANY;
        return;
    }
    struct address *a = &r->out->items[r->out->n++];
    size_t at = t->at == NO_AT ? whole.len : t->at;
    struct slice domain = slice_from(whole, at + 1);
    if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    if (words_present(whole))
        r->out->flags |= ADDRESS_ENCODED_WORD;
    if (t->at == NO_AT || domain.len == 0)
        r->out->flags |= ADDRESS_MALFORMED;
    *a = (struct address){.name = words_decode(r->arena, name, &odd),
                          .local = arena_copy(r->arena, slice_sub(whole, 0, at)),
                          .domain = lower(r->arena, domain)};
    if (shows_another(a->name, a->domain))
        r->out->flags |= ADDRESS_NAME_IS_ADDRESS;
    if (r->out->n > 1)
        r->out->flags |= ADDRESS_MULTIPLE;
}

static struct slice no_name(void)
{
    return (struct slice){"", 0};
}

static void end_word(struct reader *r)
{
    if (r->word.len == 0)
        return;
    if (r->word.at == NO_AT) {
        append(&r->name, &r->word);
    } else if (r->has_angle) {
        r->out->flags |= ADDRESS_MALFORMED;
        add_address(r, &r->word, no_name());
    } else {
        if (r->bare.len > 0) {
            r->out->flags |= ADDRESS_MALFORMED;
            add_address(r, &r->bare, no_name());
        }
        clear(&r->bare);
        append(&r->bare, &r->word);
        r->bare.at = r->word.at;
    }
    clear(&r->word);
}

static void end_mailbox(struct reader *r)
{
    end_word(r);
    if (r->has_angle && r->bare.len > 0)
        append(&r->name, &r->bare);
    struct slice name = r->name.len ? slice_text(&r->name) : r->comment;
    if (r->has_angle && r->angle.len > 0) {
        add_address(r, &r->angle, name);
    } else if (r->bare.len > 0) {
        add_address(r, &r->bare, name);
    } else if (r->name.len > 0) {
        r->out->flags |=
            words_present(name) ? ADDRESS_MALFORMED | ADDRESS_ENCODED_WORD : ADDRESS_MALFORMED;
    }
    clear(&r->name);
    clear(&r->word);
    clear(&r->angle);
    clear(&r->bare);
    r->comment = no_name();
    r->in_angle = r->has_angle = false;
}

/* The quoted string at r->at goes to `to` without its quotes. False when it does not end. */
static bool read_quoted(struct reader *r, struct text *to)
{
    size_t i = r->at + 1, before = to->len;
    for (; i < r->s.len && r->s.ptr[i] != '"'; i++) {
        if (r->s.ptr[i] == '\\' && i + 1 < r->s.len)
            i++;
        put(to, r->s.ptr[i]);
    }
    if (i >= r->s.len) {
        to->len = before;
        return false;
    }
    r->at = i + 1;
    return true;
}

static bool read_comment(struct reader *r)
{
    int depth = 0;
    for (size_t i = r->at; i < r->s.len; i++) {
        if (r->s.ptr[i] == '\\')
            i++;
        else if (r->s.ptr[i] == '(')
            depth++;
        else if (r->s.ptr[i] == ')' && --depth == 0) {
            r->comment = slice_sub(r->s, r->at + 1, i);
            r->at = i + 1;
            return true;
        }
    }
    return false;
}

static void open_angle(struct reader *r)
{
    end_word(r);
    if (r->has_angle && r->angle.len > 0) {
        r->out->flags |= ADDRESS_MALFORMED;
        add_address(r, &r->angle, no_name());
    }
    clear(&r->angle);
    r->in_angle = r->has_angle = true;
}

static void read_colon(struct reader *r)
{
    if (r->in_angle) {
        r->out->flags |= ADDRESS_ROUTE;
        clear(&r->angle);
        return;
    }
    r->out->flags |= ADDRESS_GROUP;
    if (r->bare.len > 0 || r->word.at != NO_AT || r->has_angle)
        end_mailbox(r);
    clear(&r->name);
    clear(&r->word);
}

/* A character that is none of the syntax's own. */
static void read_atom(struct reader *r, char c)
{
    struct text *to = r->in_angle ? &r->angle : &r->word;
    if ((unsigned char)c >= 0x80)
        r->out->flags |= ADDRESS_EIGHT_BIT;
    if ((unsigned char)c < ' ' || c == 0x7f)
        r->out->flags |= ADDRESS_CONTROL;
    if (c == '@')
        to->at = to->len;
    put(to, c);
}

static char next_visible(const struct reader *r)
{
    size_t i = r->at;
    while (i < r->s.len && ascii_blank(r->s.ptr[i]))
        i++;
    return i < r->s.len ? r->s.ptr[i] : '\0';
}

/* Blanks end a word, except around an '@'. */
static void read_blank(struct reader *r)
{
    while (r->at < r->s.len && ascii_blank(r->s.ptr[r->at]))
        r->at++;
    bool around_at = next_visible(r) == '@' || (r->word.len > 0 && r->word.at == r->word.len - 1);
    if (!r->in_angle && !around_at)
        end_word(r);
}

/* A route, <@a,@b:c@d>, or two addresses in one pair of brackets. */
static void read_comma_in_angle(struct reader *r)
{
    if (r->angle.at != NO_AT && r->angle.ptr[0] != '@') {
        r->out->flags |= ADDRESS_MALFORMED;
        add_address(r, &r->angle, no_name());
    }
    clear(&r->angle);
}

static void read_special(struct reader *r, char c)
{
    r->at++;
    switch (c) {
    case '<':
        open_angle(r);
        break;
    case '>':
        if (!r->in_angle)
            r->out->flags |= ADDRESS_MALFORMED;
        r->in_angle = false;
        break;
    case ':':
        read_colon(r);
        break;
    default: /* ',' and ';' */
        if (r->in_angle)
            read_comma_in_angle(r);
        else
            end_mailbox(r);
    }
}

/* [192.0.2.1] or [IPv6:...] after an '@' is one piece. */
static bool read_literal(struct reader *r)
{
    struct text *to = r->in_angle ? &r->angle : &r->word;
    struct slice ahead = slice_sub(r->s, r->at, r->at + LITERAL_MAX);
    size_t end = slice_find(ahead, ']');
    if (to->at == NO_AT || to->at + 1 != to->len || end == ahead.len)
        return false;
    for (size_t i = 0; i <= end; i++)
        put(to, ahead.ptr[i]);
    r->at += end + 1;
    return true;
}

static void read_next(struct reader *r)
{
    char c = r->s.ptr[r->at];
    if (c == '[' && read_literal(r))
        return;
    if (c == '"' && !r->no_more_quotes) {
        if (read_quoted(r, r->in_angle ? &r->angle : &r->word))
            return;
        r->no_more_quotes = true;
    } else if (c == '(' && !r->no_more_comments) {
        if (read_comment(r)) {
            if (!r->in_angle)
                end_word(r);
            return;
        }
        r->no_more_comments = true;
    }
    if (c == '"' || c == '(' || c == ')') {
        r->out->flags |= ADDRESS_MALFORMED;
        r->at++;
    } else if (strchr("<>:,;", c) && c) {
        read_special(r, c);
    } else if (ascii_blank(c)) {
        read_blank(r);
    } else {
        r->at++;
        read_atom(r, c);
    }
}

static bool make_text(struct arena *arena, struct text *t, size_t size)
{
    t->ptr = arena_alloc(arena, size);
    t->at = NO_AT;
    return t->ptr != NULL;
}

bool addresses_parse(struct arena *arena, struct slice value, size_t max, struct addresses *out)
{
    *out = (struct addresses){.items = arena_array(arena, max, sizeof *out->items)};
    struct reader r = {.arena = arena,
                       .out = out,
                       .max = max,
                       .s = header_unfold(arena, value),
                       .comment = no_name()};
    size_t room = value.len * 2 + 16;
    if (value.len == 0)
        return out->items != NULL;
    if (!out->items || !r.s.ptr || !make_text(arena, &r.name, room) ||
        !make_text(arena, &r.word, room) || !make_text(arena, &r.angle, room) ||
        !make_text(arena, &r.bare, room))
        return false;
    while (r.at < r.s.len)
        read_next(&r);
    if (r.in_angle)
        out->flags |= ADDRESS_MALFORMED;
    end_mailbox(&r);
    return !arena_failed(arena);
}
