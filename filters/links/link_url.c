/* SPDX-License-Identifier: ISC */
#include "filters/links/link_url.h"

#include "filters/dns/org_domain.h"
#include "filters/mime/charset.h"

#include <string.h>

/* Octets that are kept: whatever stands before the host must not push it out. */
enum { USER_MAX = 200, PORT_MAX = 5 };

static const struct slice schemes[] = {SLICE("http"), SLICE("https"), SLICE("ftp")};

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Takes "http:" off; without a scheme it is http. */
static struct slice take_scheme(struct slice *text)
{
    struct slice word, rest;
    if (slice_cut(*text, ':', &word, &rest))
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
            if (slice_ieq(word, schemes[i])) {
                *text = rest;
                return schemes[i];
            }
    return schemes[0];
}

/* user@host:port and what stands behind. */
struct pieces {
    struct slice user, host, port, rest;
};

static struct pieces take_apart(struct slice text)
{
    struct pieces p = {0};
    size_t end = 0;
    while (text.len > 0 && is_slash(text.ptr[0]))
        text = slice_from(text, 1);
    while (end < text.len && !is_slash(text.ptr[end]) && text.ptr[end] != '?' &&
           text.ptr[end] != '#')
        end++;
    struct slice authority = slice_sub(text, 0, end);
    size_t at = slice_rfind(authority, '@');
    p.rest = slice_from(text, end);
    p.user = slice_sub(authority, 0, at < authority.len ? at : 0);
    p.host = at < authority.len ? slice_from(authority, at + 1) : authority;
    size_t bracket = slice_rfind(p.host, ']'), colon = slice_rfind(p.host, ':');
    if (colon < p.host.len && (bracket == p.host.len || bracket < colon)) {
        p.port = slice_from(p.host, colon + 1);
        p.host = slice_sub(p.host, 0, colon);
    }
    return p;
}

/* Slashes of the other kind are slashes, up to the question mark. */
static void append_rest(struct buf *out, struct slice rest)
{
    size_t path = slice_find(rest, '?'), mark = slice_find(rest, '#');
    path = mark < path ? mark : path;
    struct slice left = slice_sub(rest, 0, path);
    while (left.len > 0) {
        size_t plain = slice_find(left, '\\');
        text_append(out, slice_sub(left, 0, plain));
        if (plain < left.len)
            buf_char(out, '/');
        left = slice_from(left, plain + 1);
    }
    text_append(out, slice_from(rest, path));
}

/* As many octets as are kept, and no part of a character. */
static struct slice shortened(struct slice url)
{
    size_t n = url.len < LINK_URL_MAX ? url.len : LINK_URL_MAX;
    while (n > 0 && n < url.len && ((unsigned char)url.ptr[n] & 0xc0) == 0x80)
        n--;
    return slice_sub(url, 0, n);
}

static bool write_url(struct buf *out, struct slice scheme, const struct pieces *p,
                      const struct link_host *host, size_t *path)
{
    buf_append(out, scheme);
    buf_cstr(out, "://");
    text_append(out, slice_sub(p->user, 0, USER_MAX));
    buf_cstr(out, p->user.len ? "@" : "");
    buf_cstr(out, host->ip6 ? "[" : "");
    buf_append(out, host->text);
    buf_cstr(out, host->ip6 ? "]" : "");
    buf_cstr(out, p->port.len ? ":" : "");
    text_append(out, slice_sub(p->port, 0, PORT_MAX));
    *path = buf_len(out);
    append_rest(out, slice_sub(p->rest, 0, LINK_URL_MAX));
    return !out->failed;
}

static struct slice path_of(struct slice url, size_t from)
{
    struct slice path = slice_from(url, from);
    path = slice_sub(path, 0, slice_find(path, '?'));
    path = slice_sub(path, 0, slice_find(path, '#'));
    return path.len ? path : SLICE("/");
}

bool link_url_read(struct arena *arena, struct slice text, struct link_url *out)
{
    enum { WRITTEN_MAX = 4 * 4 * LINK_URL_MAX };
    size_t path = 0;
    struct slice scheme = take_scheme(&text);
    struct pieces p = take_apart(text);
    if (!link_host_read(arena, p.host, &out->host))
        return false;
    struct buf written = buf_init(WRITTEN_MAX);
    bool ok = write_url(&written, scheme, &p, &out->host, &path);
    if (ok) {
        out->url = arena_copy(arena, shortened(buf_slice(&written)));
        out->path = path_of(out->url, path);
    }
    buf_release(&written);
    return ok && out->url.ptr;
}

/* ---- in texts ---- */

static bool ends_url(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"';
}

/* A bracket that none in the URL has opened. */
static bool is_unopened(struct slice url, char closing)
{
    static const char pairs[][2] = {{'(', ')'}, {'[', ']'}, {'{', '}'}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (closing == pairs[i][1])
            return slice_find(url, pairs[i][0]) == url.len;
    return false;
}

size_t link_url_length(struct slice text)
{
    size_t n = 0;
    while (n < text.len && !ends_url(text.ptr[n]))
        n++;
    while (n > 0) {
        char last = text.ptr[n - 1];
        if (!strchr(".,;:!?'*", last) && !is_unopened(slice_sub(text, 0, n), last))
            break;
        n--;
    }
    return n;
}

/* ---- what a text shows ---- */

static struct slice next_word(struct slice *text)
{
    struct slice word = slice_sub(*text, 0, slice_find(*text, ' '));
    *text = slice_from(*text, word.len + 1);
    while (word.len > 0 && strchr("(<[{\"'*", word.ptr[0]))
        word = slice_from(word, 1);
    return slice_sub(word, 0, link_url_length(word));
}

static bool begins_url(struct slice word)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_istarts(word, schemes[i]) &&
            slice_starts(slice_from(word, schemes[i].len), SLICE("://")))
            return true;
    return slice_istarts(word, SLICE("www."));
}

/* Names of files end so as well. */
static bool may_be_file(struct slice host)
{
    static const struct slice ends[] = {SLICE("zip"), SLICE("mov"), SLICE("md"), SLICE("py"),
                                        SLICE("sh"),  SLICE("rs"),  SLICE("ps")};
    struct slice name, end;
    slice_cut(host, '.', &name, &end);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (slice_eq(end, ends[i]))
            return true;
    return false;
}

static bool is_host_alone(const struct link_url *read, struct slice word)
{
    return read->host.domain.len > 0 && slice_find(word, '@') == word.len &&
           domain_suffix_is_known(read->host.text) && !may_be_file(read->host.text);
}

struct slice link_domain_shown(struct arena *arena, struct slice text)
{
    struct link_url read;
    struct slice rest = text, word = next_word(&rest);
    bool alone = rest.len == 0;
    if (alone && word.len > 0 && !begins_url(word) && slice_find(word, '.') < word.len)
        return link_url_read(arena, word, &read) && is_host_alone(&read, word) ? read.host.domain
                                                                               : SLICE("");
    for (; word.len > 0 || rest.len > 0; word = next_word(&rest)) {
        if (begins_url(word))
            return link_url_read(arena, word, &read) ? read.host.domain : SLICE("");
        if (rest.len == 0)
            break;
    }
    return SLICE("");
}
