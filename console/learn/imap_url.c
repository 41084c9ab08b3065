/* SPDX-License-Identifier: ISC */
#include "console/learn/imap_url.h"

#include "console/learn/imap_name.h"

#include <string.h>

enum { PORT_IMAP = 143, PORT_IMAPS = 993 };

static bool scheme(struct slice *text, bool *tls)
{
    const struct slice plain = SLICE("imap://"), secure = SLICE("imaps://");
    *tls = slice_istarts(*text, secure);
    if (!*tls && !slice_istarts(*text, plain))
        return false;
    *text = slice_from(*text, *tls ? secure.len : plain.len);
    return true;
}

bool imap_url_looks_like(struct slice text)
{
    bool tls;
    return scheme(&text, &tls);
}

/* Of "%2F" its octet; else the next one. Less than 0: none that a line of IMAP may have. */
static int next_octet(struct slice *text)
{
    int c = (unsigned char)text->ptr[0], high, low;
    size_t took = 1;
    if (c == '%') {
        if (text->len < 3 || (high = hex_digit(text->ptr[1])) < 0 ||
            (low = hex_digit(text->ptr[2])) < 0)
            return -1;
        c = high * 16 + low;
        took = 3;
    }
    *text = slice_from(*text, took);
    return c < 0x20 || c == 0x7f ? -1 : c;
}

static bool decode(struct slice text, char out[static IMAP_URL_PART])
{
    size_t len = 0;
    while (text.len) {
        int c = next_octet(&text);
        if (c < 0 || len + 1 == IMAP_URL_PART)
            return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

static bool is_of_host(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_' || c == ':';
}

/* "mail.example.com:143", "[2001:db8::1]:143" */
static bool take_place(struct slice place, struct imap_url *out)
{
    struct slice host = place, port = {NULL, 0};
    size_t bracket = slice_find(place, ']'), colon = slice_find(place, ':');
    if (place.len && place.ptr[0] == '[' && bracket < place.len) {
        host = slice_sub(place, 1, bracket);
        port = slice_from(place, bracket + 1);
    } else if (colon < place.len) {
        host = slice_sub(place, 0, colon);
        port = slice_from(place, colon);
    }
    uint64_t number = out->tls_at_once ? PORT_IMAPS : PORT_IMAP;
    if (port.len && (port.ptr[0] != ':' ||
                     !slice_to_u64(slice_from(port, 1), UINT16_MAX, &number) || number == 0))
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!is_of_host(host.ptr[i]))
            return false;
    out->port = (uint16_t)number;
    return host.len && slice_to_text(host, out->host, sizeof out->host);
}

static bool take_mailbox(struct slice path, struct imap_url *out)
{
    char name[IMAP_URL_PART];
    if (path.len == 0)
        path = SLICE("INBOX");
    return decode(path, name) && imap_name_encode(slice_of(name), out->mailbox, IMAP_URL_PART);
}

bool imap_url_parse(struct slice text, struct imap_url *out, const char **reason)
{
    struct slice authority, path;
    *out = (struct imap_url){.port = 0};
    *reason = "expected imap[s]://user@host[:port]/mailbox";
    if (!scheme(&text, &out->tls_at_once))
        return false;
    slice_cut(text, '/', &authority, &path);
    size_t at = slice_rfind(authority, '@');
    struct slice user = slice_sub(authority, 0, at);
    if (at == authority.len || user.len == 0 || !take_place(slice_from(authority, at + 1), out) ||
        !decode(user, out->user))
        return false;
    *reason = "a password has no place here, where others see it: it is asked for";
    if (slice_find(user, ':') < user.len)
        return false;
    *reason = "no server has a mailbox of that name";
    return take_mailbox(path, out);
}

bool imap_url_same_login(const struct imap_url *a, const struct imap_url *b)
{
    return a->tls_at_once == b->tls_at_once && a->port == b->port &&
           strcmp(a->user, b->user) == 0 && strcmp(a->host, b->host) == 0;
}
