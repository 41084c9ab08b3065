/* SPDX-License-Identifier: ISC */
#include "filters/mime/address_internal.h"

#include "filters/mime/words.h"

#include <string.h>

enum { DOMAIN_MAX = 255, SHOWN_MAX = 4096 };

static struct slice no_name(void)
{
    return (struct slice){"", 0};
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

/* An address other than the mailbox's own in what people are shown:
 * not after some thousand characters. */
static bool shows_another(struct slice name, struct slice domain)
{
    name = slice_sub(name, 0, SHOWN_MAX);
    for (size_t i = 1; i + 1 < name.len; i++)
        if (name.ptr[i] == '@' && name.ptr[i - 1] != ' ' && name.ptr[i + 1] != ' ')
            return domain.len > DOMAIN_MAX || !contains_fold(slice_from(name, i + 1), domain);
    return false;
}

void reader_flag(struct address_reader *r, unsigned flags)
{
    r->out->flags |= flags;
}

/* ---- what is found ---- */

void reader_add_other(struct address_reader *r, struct slice domain)
{
    struct addresses *out = r->out;
    size_t n = out->others_count;
    if (domain.len == 0 || (n > 0 && slice_eq(out->others[n - 1], domain)))
        return;
    if (n == ADDRESS_OTHERS_MAX)
        reader_flag(r, ADDRESS_UNCLEAR);
    else
        out->others[out->others_count++] = arena_copy(r->arena, domain);
}

/* What would be domains if this text were addresses. True when there are any. */
static bool add_others_in(struct address_reader *r, struct slice text)
{
    size_t at = text_behind_at(text);
    bool found = at <= text.len;
    for (; at <= text.len; at = text_behind_at(text)) {
        text = slice_from(text, at);
        size_t len = 0;
        while (len < text.len && !strchr(" \t<>()\",;:", text.ptr[len]))
            len++;
        reader_add_other(r, slice_sub(text, 0, len));
    }
    return found;
}

static struct slice decoded(struct address_reader *r, struct slice text)
{
    struct malformations odd = {{0}};
    return words_decode(r->arena, text, &odd);
}

/* Encoded words have no place in an address, but some programs decode all before they look. */
static void look_behind_words(struct address_reader *r, const struct address_text *t)
{
    if (!words_present(text_slice(t)))
        return;
    reader_flag(r, ADDRESS_ENCODED_WORD);
    if (add_others_in(r, decoded(r, text_local(t))))
        reader_flag(r, ADDRESS_UNCLEAR);
    if (words_present(text_domain(t)))
        reader_add_other(r, decoded(r, text_domain(t)));
}

/* The length of what a program that looks for encoded words first takes for one; s begins with
 * "=?". Only the third '?' can be its last. */
static size_t word_length(struct slice s)
{
    size_t at = 2;
    for (unsigned marks = 0; marks < 2; marks++)
        at += slice_find(slice_from(s, at), '?') + 1;
    return at >= s.len ? s.len : at + slice_search(slice_from(s, at), SLICE("?=")) + 2;
}

static bool parts_pairs(struct slice word)
{
    int quotes = 0, open = 0;
    for (size_t i = 0; i < word.len; i++) {
        quotes += word.ptr[i] == '"';
        open += (word.ptr[i] == '(') - (word.ptr[i] == ')');
    }
    return quotes % 2 != 0 || open != 0;
}

void reader_look_across_words(struct address_reader *r)
{
    for (struct slice rest = r->s; slice_search(rest, SLICE("=?")) < rest.len;) {
        rest = slice_from(rest, slice_search(rest, SLICE("=?")));
        size_t length = word_length(rest);
        if (parts_pairs(slice_sub(rest, 0, length))) {
            bool several = slice_find(r->s, '@') < slice_rfind(r->s, '@');
            reader_flag(r, several ? ADDRESS_MALFORMED | ADDRESS_UNCLEAR : ADDRESS_MALFORMED);
            add_others_in(r, r->s);
            return;
        }
        rest = slice_from(rest, length);
    }
}

static void add_address(struct address_reader *r, const struct address_text *t, struct slice name)
{
    struct slice domain = text_domain(t);
    if (r->out->n == r->max) {
        reader_flag(r, ADDRESS_TOO_MANY);
        return;
    }
    struct address *a = &r->out->items[r->out->n++];
    look_behind_words(r, t);
    if (domain.len == 0)
        reader_flag(r, ADDRESS_MALFORMED | ADDRESS_UNCLEAR);
    if (text_is_turned(text_slice(t)))
        reader_flag(r, ADDRESS_CONTROL);
    *a = (struct address){.name = decoded(r, name),
                          .local = arena_copy(r->arena, text_local(t)),
                          .domain = lower(r->arena, domain)};
    if (shows_another(a->name, a->domain))
        reader_flag(r, ADDRESS_NAME_IS_ADDRESS);
    if (r->out->n > 1)
        reader_flag(r, ADDRESS_MULTIPLE);
}

/* "ceo@ba nk.example": some join what a blank parts. */
static void add_joined(struct address_reader *r)
{
    if (r->joined.len == 0)
        return;
    struct slice domain = text_domain(&r->bare), rest = text_slice(&r->joined);
    struct slice both = arena_printf(r->arena, "%.*s%.*s", SLICE_ARGS(domain), SLICE_ARGS(rest));
    if (both.ptr)
        reader_add_other(r, both);
}

void reader_add_angle(struct address_reader *r)
{
    reader_flag(r, ADDRESS_MALFORMED);
    add_address(r, &r->angle, no_name());
}

/* ---- mailboxes ---- */

static void add_bare(struct address_reader *r, struct slice name)
{
    add_address(r, &r->bare, name);
    add_joined(r);
}

static void keep_bare(struct address_reader *r)
{
    if (r->bare.len > 0) {
        reader_flag(r, ADDRESS_MALFORMED);
        add_bare(r, no_name());
    }
    text_clear(&r->bare);
    text_clear(&r->joined);
    text_word(&r->bare, &r->word);
    r->bare.at = r->word.at;
    r->bare_is_late = r->has_angle;
}

void reader_end_word(struct address_reader *r)
{
    if (r->word.len > 0 && text_has_at(&r->word)) {
        keep_bare(r);
    } else if (r->word.len > 0) {
        text_word(&r->name, &r->word);
        for (size_t i = 0; r->bare.len > 0 && i < r->word.len; i++)
            text_put(&r->joined, r->word.ptr[i]);
    }
    text_clear(&r->word);
}

/* <a@b>, perhaps with an address beside it. */
static void add_mailbox(struct address_reader *r)
{
    if (r->bare.len > 0 && !r->bare_is_late) {
        text_word(&r->name, &r->bare);
        reader_add_other(r, text_domain(&r->bare));
        add_joined(r);
    }
    add_address(r, &r->angle, r->name.len ? text_slice(&r->name) : r->comment);
    if (r->bare.len > 0 && r->bare_is_late) {
        reader_flag(r, ADDRESS_MALFORMED);
        add_bare(r, no_name());
    }
}

static void add_bare_mailbox(struct address_reader *r)
{
    struct slice name = text_slice(&r->name);
    if (r->joined.len > 0 || r->has_angle)
        reader_flag(r, ADDRESS_MALFORMED);
    if (r->piece > 0)
        reader_flag(r, ADDRESS_MALFORMED | ADDRESS_UNCLEAR);
    add_others_in(r, decoded(r, name));
    add_bare(r, name.len ? name : r->comment);
}

/* A name, and no address. */
static void look_at_name(struct address_reader *r)
{
    struct slice name = text_slice(&r->name);
    reader_flag(r, ADDRESS_MALFORMED | ADDRESS_UNCLEAR);
    if (words_present(name))
        reader_flag(r, ADDRESS_ENCODED_WORD);
    add_others_in(r, decoded(r, name));
}

void reader_end_mailbox(struct address_reader *r)
{
    reader_end_word(r);
    if (r->has_angle && r->angle.len > 0)
        add_mailbox(r);
    else if (r->bare.len > 0)
        add_bare_mailbox(r);
    else if (r->name.len > 0)
        look_at_name(r);
    text_clear(&r->name);
    text_clear(&r->angle);
    text_clear(&r->bare);
    text_clear(&r->joined);
    r->piece = 0;
    r->comment = no_name();
    r->in_angle = r->has_angle = r->bare_is_late = false;
}

bool reader_comma_of_name(struct address_reader *r)
{
    reader_end_word(r);
    struct slice piece = slice_from(text_slice(&r->name), r->piece);
    if (r->has_angle || r->bare.len > 0 || piece.len == 0)
        return false;
    piece = decoded(r, piece);
    if (text_behind_at(piece) <= piece.len)
        return false;
    text_put(&r->name, ',');
    r->piece = r->name.len;
    return true;
}
