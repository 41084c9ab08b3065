/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_hide.h"

#include <string.h>

enum { LITERAL_MAX = 64, ID_MAX = 64 };

static const struct slice hidden = {"hidden", 6};

struct writing {
    char *out;
    size_t room, len;
};

static void put(struct writing *w, struct slice text)
{
    size_t n = text.len < w->room - w->len ? text.len : w->room - w->len;
    if (n)
        memcpy(w->out + w->len, text.ptr, n);
    w->len += n;
}

/* ---- words ---- */

static bool is_host_char(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_';
}

static bool is_address_char(char c)
{
    return hex_digit(c) >= 0 || c == ':' || c == '.';
}

static struct slice run_of(struct slice text, bool (*is)(char c))
{
    size_t n = 0;
    while (n < text.len && is(text.ptr[n]))
        n++;
    return slice_sub(text, 0, n);
}

/* Without the marks of a sentence. */
static struct slice without_tail(struct slice word)
{
    while (word.len && (word.ptr[word.len - 1] == '.' || word.ptr[word.len - 1] == ':' ||
                        word.ptr[word.len - 1] == '-'))
        word.len--;
    return word;
}

static char char_at(struct slice text, size_t i)
{
    return i < text.len ? text.ptr[i] : '\0';
}

/* ---- addresses ---- */

static bool same_address(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static bool is_inner_address(struct slice word, const struct smtp_inside *inside)
{
    struct ip ip;
    if (word.len > LITERAL_MAX || !ip_parse(word, &ip))
        return false;
    for (size_t i = 0; i < inside->address_count; i++)
        if (same_address(&inside->addresses[i], &ip))
            return true;
    return ip_is_private(&ip);
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" at the front: its length; 0: there is none. */
static size_t literal_length(struct slice text)
{
    struct slice prefix = SLICE("IPv6:");
    struct ip ip;
    if (char_at(text, 0) != '[')
        return 0;
    size_t end = slice_find(slice_sub(text, 0, LITERAL_MAX), ']');
    struct slice inner = slice_sub(text, 1, end);
    if (char_at(text, end) != ']')
        return 0;
    if (slice_istarts(inner, prefix))
        inner = slice_from(inner, prefix.len);
    return ip_parse(inner, &ip) ? end + 1 : 0;
}

/* ---- names ---- */

static bool is_inner_name(struct slice word, const struct smtp_inside *inside)
{
    static const struct slice tops[] = {
        SLICE(".local"),    SLICE(".localdomain"), SLICE(".localhost"), SLICE(".internal"),
        SLICE(".intranet"), SLICE(".intern"),      SLICE(".private"),   SLICE(".corp"),
        SLICE(".home"),     SLICE(".lan"),         SLICE(".home.arpa"),
    };
    for (size_t i = 0; i < inside->name_count; i++)
        if (slice_ieq(word, inside->names[i]))
            return true;
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
        if (slice_iends(word, tops[i]))
            return true;
    return false;
}

/* What stands around it says that it is a host's name: "Hostname=NAME", "NAME[192.0.2.1]", "host
 * NAME said". */
static bool is_called_host(struct slice before, struct slice behind)
{
    if (slice_iends(before, SLICE("Hostname=")) || literal_length(behind))
        return true;
    return slice_iends(before, SLICE("host ")) && slice_istarts(behind, SLICE(" said"));
}

static bool is_inner_word(struct slice text, size_t at, struct slice word,
                          const struct smtp_inside *inside)
{
    if (char_at(text, at + word.len) == '@') /* a local part */
        return false;
    return is_inner_name(word, inside) || is_inner_address(word, inside) ||
           is_called_host(slice_sub(text, 0, at), slice_from(text, at + word.len));
}

/* ---- refusals ---- */

/* IPv6 has colons, which names have not. Empty: there is none. */
static struct slice address_with_colons(struct slice rest)
{
    struct ip ip;
    struct slice run = run_of(rest, is_address_char), word = without_tail(run);
    bool whole = word.len <= LITERAL_MAX && slice_find(word, ':') < word.len &&
                 !is_host_char(char_at(rest, run.len));
    return whole && ip_parse(word, &ip) ? word : SLICE("");
}

/* The word at `at`, or what stands there that is in none. Returns its length. */
static size_t hide_next(struct writing *w, struct slice text, size_t at,
                        const struct smtp_inside *inside)
{
    struct slice rest = slice_from(text, at);
    size_t literal = literal_length(rest);
    if (literal) {
        put(w, SLICE("["));
        put(w, hidden);
        put(w, SLICE("]"));
        return literal;
    }
    struct slice word = address_with_colons(rest);
    if (word.len == 0)
        word = without_tail(run_of(rest, is_host_char));
    if (word.len == 0) {
        put(w, slice_sub(rest, 0, 1));
        return 1;
    }
    put(w, is_inner_word(text, at, word, inside) ? hidden : word);
    return word.len;
}

/* ---- yes ---- */

static bool is_id_char(char c)
{
    return is_host_char(c) || c == '+' || c == '/';
}

static size_t isearch(struct slice text, struct slice what)
{
    for (size_t i = 0; i + what.len <= text.len; i++)
        if (slice_istarts(slice_from(text, i), what) &&
            (i == 0 || !is_id_char(text.ptr[i - 1]) || !is_id_char(what.ptr[0])))
            return i;
    return text.len;
}

static struct slice id_behind(struct slice text, struct slice words)
{
    size_t at = isearch(text, words);
    return at < text.len ? without_tail(run_of(slice_from(text, at + words.len), is_id_char))
                         : SLICE("");
}

static struct slice id_before(struct slice text, struct slice words)
{
    size_t end = isearch(text, words);
    if (end == text.len)
        return SLICE("");
    struct slice before = without_tail(slice_sub(text, 0, end));
    size_t start = before.len;
    while (start > 0 && is_id_char(before.ptr[start - 1]))
        start--;
    return slice_from(before, start);
}

static bool is_id(struct slice id, const struct smtp_inside *inside)
{
    size_t at = 0;
    while (at < id.len) {
        struct slice word = without_tail(run_of(slice_from(id, at), is_host_char));
        if (is_inner_name(word, inside) || is_inner_address(word, inside))
            return false;
        at += word.len + 1;
    }
    return id.len > 0 && id.len <= ID_MAX;
}

/* Postfix; Exim; Sendmail and OpenSMTPD; Dovecot's LMTP. */
static struct slice queue_id(struct slice text, const struct smtp_inside *inside)
{
    const struct slice found[] = {
        id_behind(text, SLICE("queued as ")),
        id_behind(text, SLICE("id=")),
        id_before(text, SLICE(" Message accepted for delivery")),
        id_before(text, SLICE(" Saved")),
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        if (is_id(found[i], inside))
            return found[i];
    return SLICE("");
}

/* Exchange's number has a name, by which it is searched for. */
static void tell_yes(struct writing *w, struct slice text, const struct smtp_inside *inside)
{
    struct slice internal = id_behind(text, SLICE("InternalId="));
    bool exchange = is_id(internal, inside);
    struct slice id = exchange ? internal : queue_id(text, inside);
    put(w, SLICE("Ok"));
    if (id.len)
        put(w, exchange ? SLICE(": queued as InternalId=") : SLICE(": queued as "));
    put(w, id);
}

/* ---- */

size_t smtp_hide(unsigned code, struct slice text, const struct smtp_inside *inside, char *out,
                 size_t room)
{
    struct writing w = {.out = out, .room = room};
    if (code / 100 == 2)
        tell_yes(&w, text, inside);
    else
        for (size_t at = 0; at < text.len && w.len < room;)
            at += hide_next(&w, text, at, inside);
    return w.len;
}

struct slice smtp_greeting_name(struct slice line)
{
    struct slice name = without_tail(run_of(line, is_host_char));
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '.' || ascii_digit(name.ptr[i]))
            return name;
    return SLICE("");
}
