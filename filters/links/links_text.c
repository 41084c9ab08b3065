/* SPDX-License-Identifier: ISC
 * URLs and addresses in running text, and single URLs as browsers read them (the URL Standard of
 * the WHATWG). Time is linear: what is read ahead is short or is read once. */
#include "filters/links/link_url.h"
#include "filters/links/links_internal.h"

static const struct slice schemes[] = {SLICE("http"), SLICE("https"), SLICE("ftp")};

static bool host_octet(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_' || c == '%' ||
           (c & 0x80);
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool ends_authority(char c)
{
    return is_slash(c) || c == '?' || c == '#';
}

static struct slice host_prefix(struct slice s)
{
    size_t n = 0;
    while (n < s.len && host_octet(s.ptr[n]))
        n++;
    return slice_sub(s, 0, n);
}

/* In text a host may be followed by what belongs to the sentence. */
static void add_from_text(struct links *links, struct slice host)
{
    size_t ascii = 0;
    while (host.len > 0 && (host.ptr[host.len - 1] == '.' || host.ptr[host.len - 1] == '-'))
        host.len--;
    while (ascii < host.len && !(host.ptr[ascii] & 0x80))
        ascii++;
    if (ascii < host.len)
        links_add_host(links, slice_sub(host, 0, ascii));
    links_add_host(links, host);
}

/* user:password@host:port. What stands before the last '@' is no host; but where another character
 * of a sentence follows a host, some programs end the URL there. */
static void add_authority(struct links *links, struct slice authority)
{
    size_t at = slice_rfind(authority, '@');
    struct slice first = host_prefix(authority);
    if (at == authority.len) {
        add_from_text(links, first);
        return;
    }
    char after = authority.ptr[first.len];
    if (after != '@' && after != ':')
        add_from_text(links, first);
    add_from_text(links, host_prefix(slice_from(authority, at + 1)));
}

static bool ends_with_scheme(struct slice before)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_iends(before, schemes[i]))
            return true;
    return false;
}

/* Where the authority begins when "://" stands at `at`
 * (or, within another URL, "%3A%2F%2F"); else 0. */
static size_t after_slashes(struct slice text, size_t at, bool *nested)
{
    struct slice rest = slice_from(text, at);
    *nested = rest.ptr[0] == '%';
    if (*nested)
        return slice_istarts(rest, SLICE("%3A%2F%2F")) ? at + 9 : 0;
    if (rest.len < 3 || !is_slash(rest.ptr[1]) || !is_slash(rest.ptr[2]))
        return 0;
    for (at += 3; at < text.len && is_slash(text.ptr[at]);)
        at++;
    return at;
}

/* Where a URL begins of which "://" stands at `at`; `at`: none does. */
static size_t url_begin(struct slice text, size_t at)
{
    size_t longest = at;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_iends(slice_sub(text, 0, at), schemes[i]) && at - schemes[i].len < longest)
            longest = at - schemes[i].len;
    return longest;
}

/* A text with what was found in it so far. */
struct text_walk {
    struct links *links;
    struct slice text;
    size_t listed; /* where the last link ends that was listed: what it holds is none of its own */
};

static void list_url(struct text_walk *walk, size_t from)
{
    if (!walk->links->list || from < walk->listed)
        return;
    struct slice url = slice_from(walk->text, from);
    url.len = link_url_length(url);
    walk->listed = from + url.len;
    links_add_url(walk->links, url, (struct slice){NULL, 0});
}

/* Returns where to go on. */
static size_t take_url(struct text_walk *walk, size_t at)
{
    bool nested;
    struct slice text = walk->text;
    size_t from = after_slashes(text, at, &nested), to = from;
    if (from == 0 || !ends_with_scheme(slice_sub(text, 0, at)))
        return at + 1;
    while (to < text.len && !ends_authority(text.ptr[to]) && !is_space(text.ptr[to]) &&
           text.ptr[to] != '<' && text.ptr[to] != '>' && text.ptr[to] != '"' &&
           !(nested && (text.ptr[to] == '%' || text.ptr[to] == '&')))
        to++;
    add_authority(walk->links, slice_sub(text, from, to));
    if (!nested)
        list_url(walk, url_begin(text, at));
    return from;
}

static size_t take_mail_domain(struct links *links, struct slice text, size_t at)
{
    struct slice host = host_prefix(slice_from(text, at + 1));
    if (at > 0 && !is_space(text.ptr[at - 1]))
        add_from_text(links, host);
    return at + 1 + host.len;
}

static size_t take_www(struct text_walk *walk, size_t at)
{
    struct slice text = walk->text;
    bool inside = at > 0 && (host_octet(text.ptr[at - 1]) || text.ptr[at - 1] == '@') &&
                  !(text.ptr[at - 1] & 0x80);
    if (inside || !slice_istarts(slice_from(text, at), SLICE("www.")))
        return at + 1;
    struct slice host = host_prefix(slice_from(text, at));
    add_from_text(walk->links, host);
    list_url(walk, at);
    return at + host.len;
}

/* The next octet by which one of those is found. */
static size_t next_sign(struct slice text, size_t at)
{
    static const bool signs[UCHAR_MAX + 1] = {
        [':'] = true, ['%'] = true, ['@'] = true, ['w'] = true, ['W'] = true};
    while (at < text.len && !signs[(unsigned char)text.ptr[at]])
        at++;
    return at;
}

void links_in_text(struct links *links, struct slice text)
{
    struct text_walk walk = {.links = links, .text = text};
    for (size_t at = next_sign(text, 0); at < text.len && !links_are_over(links);
         at = next_sign(text, at))
        switch (text.ptr[at]) {
        case ':':
        case '%':
            at = take_url(&walk, at);
            break;
        case '@':
            at = take_mail_domain(links, text, at);
            break;
        default:
            at = take_www(&walk, at);
        }
}

/* ---- single URLs */

static bool has_line_ends(struct slice url)
{
    return slice_find(url, '\n') < url.len || slice_find(url, '\r') < url.len ||
           slice_find(url, '\t') < url.len;
}

/* Blanks and controls at both ends go, tabs and line ends everywhere. False: out of memory. */
static bool strip(struct arena *scratch, struct slice url, struct slice *out)
{
    size_t n = 0;
    while (url.len > 0 && is_space(url.ptr[0]))
        url = slice_from(url, 1);
    while (url.len > 0 && is_space(url.ptr[url.len - 1]))
        url.len--;
    *out = url;
    if (!has_line_ends(url))
        return true;
    char *copy = arena_alloc(scratch, url.len);
    for (size_t i = 0; copy && i < url.len; i++)
        if (url.ptr[i] != '\t' && url.ptr[i] != '\r' && url.ptr[i] != '\n')
            copy[n++] = url.ptr[i];
    *out = (struct slice){copy, n};
    return copy != NULL;
}

static void add_reference_host(struct links *links, struct slice rest)
{
    size_t end = 0, at, port;
    while (end < rest.len && !ends_authority(rest.ptr[end]))
        end++;
    struct slice host = slice_sub(rest, 0, end);
    at = slice_rfind(host, '@');
    if (at < host.len)
        host = slice_from(host, at + 1);
    port = slice_find(host, ':');
    links_add_host(links, slice_sub(host, 0, port));
}

/* mailto:a%40example.com?cc=b@example.net */
static void add_addresses(struct links *links, struct slice encoded)
{
    size_t n = 0;
    if (slice_find(encoded, '%') == encoded.len) {
        links_in_text(links, encoded);
        return;
    }
    char *text = arena_alloc(links->scratch, encoded.len);
    for (size_t i = 0; text && i < encoded.len; i++) {
        int high =
            encoded.ptr[i] == '%' && i + 2 < encoded.len ? hex_digit(encoded.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(encoded.ptr[i + 2]) : -1;
        text[n++] = low >= 0 ? (char)(high * 16 + low) : encoded.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    if (text)
        links_in_text(links, (struct slice){text, n});
}

static bool is_scheme(struct slice word)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_ieq(word, schemes[i]))
            return true;
    return false;
}

/* What stands behind the scheme and its slashes; whether that leads to a host. */
static bool leads_to_host(struct slice clean, struct slice *rest)
{
    struct slice scheme;
    bool hierarchical = slice_cut(clean, ':', &scheme, rest) && is_scheme(scheme);
    size_t slashes = 0;
    if (!hierarchical)
        *rest = clean;
    while (slashes < rest->len && is_slash(rest->ptr[slashes]))
        slashes++;
    *rest = slice_from(*rest, slashes);
    return hierarchical || slashes >= 2;
}

void links_list_reference(struct links *links, struct slice url, struct slice words)
{
    struct slice clean, rest;
    if (strip(links->scratch, url, &clean) && leads_to_host(clean, &rest))
        links_add_url(links, clean, words);
}

void links_in_reference(struct links *links, struct slice url)
{
    struct slice clean, rest;
    if (!strip(links->scratch, url, &clean))
        return;
    if (leads_to_host(clean, &rest))
        add_reference_host(links, rest);
    bool unlisted = links->unlisted;
    links->unlisted = true;
    if (slice_istarts(clean, SLICE("mailto:")))
        add_addresses(links, slice_from(clean, sizeof "mailto:" - 1));
    else
        links_in_text(links, rest); /* URLs within it */
    links->unlisted = unlisted;
}
