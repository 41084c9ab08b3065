/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_path.h"

#include "base/utf8.h"
#include "policy/spelling.h"

#include <string.h>

enum { DOMAIN_MAX = 255 };

static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

/* RFC 5321 4.1.2 atext, plus UTF-8 (RFC 6531). */
static bool is_atext(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || is_high(c) ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Length of the local part without quotes at the front: atoms and dots. Real senders use doubled and
 * trailing dots, and colons; those pass, and are quoted where they are written. */
static size_t bare_local(struct slice in)
{
    size_t i = 0;
    while (i < in.len && (is_atext(in.ptr[i]) || in.ptr[i] == '.' || in.ptr[i] == ':'))
        i++;
    return i;
}

/* Length of the quoted string at the front with its quotes; 0 when it is none. */
static size_t quoted_string(struct slice in)
{
    if (in.len == 0 || in.ptr[0] != '"')
        return 0;
    for (size_t i = 1; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '"')
            return i + 1;
        if (c == '\\' && ++i < in.len)
            c = in.ptr[i];
        if (i >= in.len || (!is_high(c) && (c < 0x20 || c == 0x7f)))
            return 0;
    }
    return 0;
}

static size_t domain_name(struct slice in)
{
    size_t i = 0;
    while (i < in.len && (ascii_alpha(in.ptr[i]) || ascii_digit(in.ptr[i]) || is_high(in.ptr[i]) ||
                          (in.ptr[i] && strchr("-._", in.ptr[i]))))
        i++;
    return i;
}

/* Labels without an empty one; a trailing dot is tolerated. U-labels may take more octets than what
 * the DNS allows for their A-labels. */
static bool domain_sound(struct slice name)
{
    size_t most = slice_is_ascii(name) ? DOMAIN_MAX : DOMAIN_SPELLING_MAX;
    if (name.len == 0 || name.len > most || name.ptr[0] == '.' || name.ptr[0] == '-')
        return false;
    return slice_search(name, SLICE("..")) == name.len;
}

/* "[1.2.3.4]" or "[IPv6:...]": its length, 0 when it is none. */
static size_t literal(struct slice in)
{
    if (in.len < 3 || in.ptr[0] != '[')
        return 0;
    size_t close = slice_find(in, ']');
    if (close == in.len || close == 1 || close > 64)
        return 0;
    for (size_t i = 1; i < close; i++)
        if (!ascii_alpha(in.ptr[i]) && !ascii_digit(in.ptr[i]) &&
            (!in.ptr[i] || !strchr(":.-", in.ptr[i])))
            return 0;
    return close + 1;
}

static size_t domain_length(struct slice in)
{
    size_t n = literal(in);
    if (n)
        return n;
    n = domain_name(in);
    return domain_sound(slice_sub(in, 0, n)) ? n : 0;
}

/* Skips "@a,@b:" (RFC 5321 4.1.2: accepted and ignored). False when it is malformed. */
static bool skip_route(struct slice *in)
{
    if (in->len == 0 || in->ptr[0] != '@')
        return true;
    while (in->len && in->ptr[0] == '@') {
        *in = slice_from(*in, 1);
        size_t n = domain_length(*in);
        if (n == 0)
            return false;
        *in = slice_from(*in, n);
        if (in->len == 0 || (in->ptr[0] != ',' && in->ptr[0] != ':'))
            return false;
        bool last = in->ptr[0] == ':';
        *in = slice_from(*in, 1);
        if (last)
            return true;
    }
    return false;
}

/* Atoms with single dots between (RFC 5321 4.1.2), or quoted: as it may be written. */
static bool local_is_sound(struct slice local)
{
    if (local.ptr[0] == '"')
        return true;
    for (size_t i = 0; i < local.len; i++)
        if (local.ptr[i] == ':' ||
            (local.ptr[i] == '.' && (i == 0 || i + 1 == local.len || local.ptr[i - 1] == '.')))
            return false;
    return true;
}

static bool mailbox(struct slice *in, struct smtp_path *path, const char **why)
{
    const char *start = in->ptr;
    size_t n = quoted_string(*in);
    if (n == 0)
        n = bare_local(*in);
    if (n == 0) {
        *why = "malformed local part";
        return false;
    }
    path->local = slice_sub(*in, 0, n);
    *in = slice_from(*in, n);
    path->domain = (struct slice){in->ptr, 0};
    if (in->len && in->ptr[0] == '@') {
        *in = slice_from(*in, 1);
        n = domain_length(*in);
        if (n == 0) {
            *why = "malformed domain";
            return false;
        }
        path->domain = slice_sub(*in, 0, n);
        *in = slice_from(*in, n);
    }
    path->address = (struct slice){start, (size_t)(in->ptr - start)};
    return true;
}

static bool has_high(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_high(s.ptr[i]))
            return true;
    return false;
}

static void skip_blanks(struct slice *in)
{
    while (in->len && ascii_blank(in->ptr[0]))
        *in = slice_from(*in, 1);
}

static bool is_at(const struct slice *in, char c)
{
    return in->len && in->ptr[0] == c;
}

/* What ends an address: the bracket, or where there was none a blank or the end. */
static bool cut_end(struct slice *in, bool bracket)
{
    if (!bracket)
        return in->len == 0 || ascii_blank(in->ptr[0]);
    skip_blanks(in);
    if (!is_at(in, '>'))
        return false;
    *in = slice_from(*in, 1);
    return true;
}

static bool cut_bracket(struct slice *in)
{
    bool bracket = is_at(in, '<');
    if (bracket) {
        *in = slice_from(*in, 1);
        skip_blanks(in);
    }
    return bracket;
}

bool smtp_path(struct slice *in, struct smtp_path *path, const char **why)
{
    *path = (struct smtp_path){0};
    *in = slice_trim(*in);
    *why = "address expected";
    if (in->len == 0)
        return false;
    bool bracket = cut_bracket(in);
    if (bracket && is_at(in, '>'))
        return cut_end(in, bracket);
    if (!skip_route(in)) {
        *why = "malformed source route";
        return false;
    }
    if (!mailbox(in, path, why))
        return false;
    *why = "malformed address";
    if (!cut_end(in, bracket))
        return false;
    path->utf8 = has_high(path->address);
    *why = "address is not UTF-8";
    return !path->utf8 || utf8_valid(path->address);
}

bool smtp_path_keep(struct arena *arena, struct slice domain, struct smtp_path *path)
{
    struct slice quote = local_is_sound(path->local) ? SLICE("") : SLICE("\"");
    struct slice given = ARENA_JOIN(arena, path->local, SLICE("@"), domain);
    struct slice written =
        quote.len ? ARENA_JOIN(arena, quote, path->local, quote, SLICE("@"), domain) : given;
    if (!given.ptr || !written.ptr)
        return false;
    size_t local = path->local.len + 2 * quote.len;
    path->address = written;
    path->local = slice_sub(written, 0, local);
    path->domain = slice_from(written, local + 1);
    path->spelled = spell_address(arena, given);
    domain_name_make(arena, path->domain, &path->name);
    return path->spelled.ptr && !arena_failed(arena);
}

bool smtp_helo_valid(struct slice name)
{
    size_t n = literal(name);
    if (n == 0)
        n = domain_name(name);
    return n > 0 && n == name.len && n <= DOMAIN_MAX && !has_high(name);
}
