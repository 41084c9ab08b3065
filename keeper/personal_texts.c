/* SPDX-License-Identifier: ISC
 * Texts that somebody made of what a record tells: replies, reasons, changes. What the record itself
 * has of people becomes in them what it becomes in the record; any other address becomes less, too. */
#include "keeper/personal_internal.h"

#include <string.h>

enum {
    ADDRESS_MOST = 320, /* octets (RFC 3696, erratum 1690) */
    CUT_LEAST = 16,     /* octets that may be the beginning of a subject, name or field, */
    END_LEAST = 5,      /* and where a text ends */
};

/* ---- what stands at a place ---- */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of_name(char c)
{
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

static bool ends_address(char c)
{
    return (unsigned char)c <= ' ' || (c && strchr("<>()[],;:\"", c));
}

static bool starts_with(struct slice text, size_t at, struct slice with)
{
    return slice_ieq(slice_sub(text, at, at + with.len), with);
}

static char octet_at(struct slice text, size_t at)
{
    return at < text.len ? text.ptr[at] : ' ';
}

/* A dot that goes on with such a character is not the end of a sentence. */
static bool goes_on(struct slice text, size_t at, bool (*is)(char c))
{
    return is(octet_at(text, at)) &&
           (text.ptr[at] != '.' || (octet_at(text, at + 1) != '.' && is(octet_at(text, at + 1))));
}

static bool is_hex(char c)
{
    return hex_digit(c) >= 0;
}

static bool is_of_number(char c)
{
    return c == '.' || (c >= '0' && c <= '9');
}

/* How many octets are the client's address, *to instead; 0: they are not. */
static size_t client_at(const struct veil *veil, struct slice text, size_t at, struct slice *to)
{
    char before = at ? text.ptr[at - 1] : ' ';
    if (veil->client.family == 0 || is_hex(before) || before == '.' || before == ':')
        return 0;
    for (size_t i = 0; i < veil->form_count; i++) {
        size_t end = at + veil->forms[i].from.len;
        if (!starts_with(text, at, veil->forms[i].from) || is_hex(octet_at(text, end)) ||
            goes_on(text, end, is_of_number))
            continue;
        *to = veil->forms[i].to;
        return veil->forms[i].from.len;
    }
    return 0;
}

/* An IPv6 address is written in many ways. */
static size_t other_client_at(const struct veil *veil, struct slice text, size_t at,
                              struct slice *to)
{
    struct ip ip;
    size_t end = at;
    char before = at ? text.ptr[at - 1] : ' ';
    if (veil->client.family != 6 || is_alnum(before) || before == '.' || before == ':')
        return 0;
    while (end < text.len && end - at < 46 &&
           (is_hex(text.ptr[end]) || text.ptr[end] == ':' || text.ptr[end] == '.'))
        end++;
    for (int tries = 0; tries < 2 && end > at; tries++, end--)
        if (ip_parse(slice_sub(text, at, end), &ip) && ip.family == 6 &&
            memcmp(ip.bytes, veil->client.bytes, 16) == 0) {
            *to = veil->network;
            return end - at;
        }
    return 0;
}

static size_t name_at(const struct veil *veil, struct slice text, size_t at, struct slice *to)
{
    if (at && is_of_name(text.ptr[at - 1]))
        return 0;
    for (size_t i = 0; i < veil->name_count; i++) {
        size_t len = veil->names[i].from.len;
        if (!starts_with(text, at, veil->names[i].from) || goes_on(text, at + len, is_of_name))
            continue;
        *to = veil->names[i].to;
        return len;
    }
    return 0;
}

/* ---- addresses ---- */

/* Where the domain ends that begins there; dots at its end are a sentence's. */
static size_t domain_end(struct slice text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_of_name(text.ptr[end]))
        end++;
    while (end > at && text.ptr[end - 1] == '.')
        end--;
    return end;
}

/* Where the @ is of an address whose local part is quoted and begins there; 0: it is none. */
static size_t quoted_at(struct slice text, size_t at)
{
    size_t end = at + 1;
    if (text.ptr[at] != '"')
        return 0;
    while (end < text.len && end - at < ADDRESS_MOST && text.ptr[end] != '"')
        end += text.ptr[end] == '\\' ? 2 : 1;
    return octet_at(text, end) == '"' && octet_at(text, end + 1) == '@' ? end + 1 : 0;
}

/* Where the @ is of the word that begins there; 0: it has none. */
static size_t word_at(struct slice text, size_t at)
{
    for (size_t end = at; end < text.len && !ends_address(text.ptr[end]); end++)
        if (text.ptr[end] == '@')
            return end;
    return 0;
}

/* One of the record's own may stand behind something, as in smtp.mailfrom=ann@client.example. */
static size_t own_begins(const struct veil *veil, struct slice text, size_t at, size_t sign,
                         size_t end)
{
    size_t first = sign - at > ADDRESS_MOST ? sign - ADDRESS_MOST : at;
    for (size_t i = first; i < sign; i++)
        if ((i == at || !is_of_name(text.ptr[i - 1])) &&
            veil_has_address(veil, slice_sub(text, i, end)))
            return i;
    return at;
}

/* How many octets are an address and what stands directly before it; 0: none does. */
static size_t add_address(struct veil *veil, struct slice text, size_t at, bool begins)
{
    size_t sign = quoted_at(text, at);
    if (!sign && begins)
        sign = word_at(text, at);
    if (!sign)
        return 0;
    size_t end = domain_end(text, sign + 1), own = own_begins(veil, text, at, sign, end);
    buf_append(&veil->scratch, slice_sub(text, at, own));
    buf_append(&veil->scratch, veil_address(veil, slice_sub(text, own, end)));
    return end - at;
}

/* ---- texts ---- */

struct slice veil_text(struct veil *veil, struct slice text)
{
    bool begins = true; /* a word */
    buf_clear(&veil->scratch);
    for (size_t at = 0; at < text.len;) {
        struct slice to;
        size_t len = add_address(veil, text, at, begins);
        begins = len > 0;
        if (len == 0 &&
            ((len = name_at(veil, text, at, &to)) || (len = client_at(veil, text, at, &to)) ||
             (len = other_client_at(veil, text, at, &to))))
            buf_append(&veil->scratch, to);
        if (len == 0) {
            begins = ends_address(text.ptr[at]);
            buf_char(&veil->scratch, text.ptr[at]);
            len = 1;
        }
        at += len;
    }
    struct slice made = buf_slice(&veil->scratch);
    if (!veil->scratch.failed && slice_eq(made, text))
        return text;
    made = veil->scratch.failed ? SLICE("*") : arena_copy(veil->arena, made);
    veil->full |= !made.ptr;
    return made;
}

/* ---- subjects, names, fields ---- */

static size_t common(struct slice a, struct slice b)
{
    size_t len = 0;
    while (len < a.len && len < b.len && ascii_lower(a.ptr[len]) == ascii_lower(b.ptr[len]))
        len++;
    return len;
}

/* How much of the secret stands there: all of it, or its beginning, since texts cut what they repeat.
 * Of one that is cut with its text, or in front of a reply's reference, less is enough. */
static size_t secret_at(struct slice text, size_t at, struct slice secret)
{
    size_t len = common(slice_from(text, at), secret);
    struct slice rest = slice_from(text, at + len);
    bool ends = rest.len == 0 || slice_starts(rest, SLICE(" ("));
    return len == secret.len || len >= CUT_LEAST || (ends && len >= END_LEAST) ? len : 0;
}

static struct slice without_secret(struct veil *veil, struct slice text, struct slice secret)
{
    bool any = false;
    buf_clear(&veil->scratch);
    for (size_t at = 0; at < text.len;) {
        size_t len = secret_at(text, at, secret);
        buf_char(&veil->scratch, len ? '*' : text.ptr[at]);
        at += len ? len : 1;
        any = any || len;
    }
    if (!any)
        return text;
    struct slice made = arena_copy(veil->arena, buf_slice(&veil->scratch));
    veil->full |= !made.ptr;
    return made.ptr && !veil->scratch.failed ? made : SLICE("*");
}

struct slice veil_said(struct veil *veil, struct slice text)
{
    text = veil_text(veil, text);
    for (size_t i = 0; i < veil->secret_count; i++)
        text = without_secret(veil, text, veil->secrets[i]);
    return text;
}
