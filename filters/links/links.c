/* SPDX-License-Identifier: ISC */
#include "filters/links/links.h"

#include "filters/dns/org_domain.h"
#include "filters/links/links_internal.h"
#include "filters/mime/charset.h"
#include "filters/sender/author.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOST_MAX = 1024,
    SCRATCH_MAX = 16 * LINKS_TEXT_MAX,
    CONVERTED_MAX = 4 * LINKS_TEXT_MAX,
};

/* Percent-decoded. Empty when it is too long, has no dot, or is an address, in any of the forms
 * that browsers know: its last label is a number; no top-level domain begins with a digit. */
static struct slice plain_host(struct slice host, char room[static HOST_MAX])
{
    const struct slice none = {"", 0};
    size_t n = 0;
    if (host.len > HOST_MAX)
        return none;
    for (size_t i = 0; i < host.len; i++) {
        int high = host.ptr[i] == '%' && i + 2 < host.len ? hex_digit(host.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(host.ptr[i + 2]) : -1;
        room[n++] = low >= 0 ? (char)(high * 16 + low) : host.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    struct slice plain = {room, n};
    if (n > 0 && room[n - 1] == '.')
        plain.len--;
    struct slice last = slice_from(plain, slice_rfind(plain, '.') + 1);
    bool has_dot = slice_rfind(plain, '.') < plain.len;
    bool letter = last.len > 0 && (ascii_alpha(last.ptr[0]) || (last.ptr[0] & 0x80));
    return has_dot && letter ? plain : none;
}

static bool is_new(struct links *links, struct slice host)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < host.len; i++)
        hash = (hash ^ (unsigned char)host.ptr[i]) * 16777619u;
    struct slice *place = &links->seen[hash % LINKS_SEEN];
    if (place->ptr && slice_eq(*place, host))
        return false;
    *place = arena_copy(links->scratch, host);
    return true;
}

static bool is_known(const struct links *links, struct slice domain)
{
    bool known = slice_eq(domain, links->author);
    for (size_t i = 0; i < links->count && !known; i++)
        known = slice_eq(domain, links->domains[i]);
    return known;
}

void links_add_url(struct links *links, struct slice url, struct slice text)
{
    if (links->list && !links->unlisted)
        link_list_add(links->list, url, text, links->source);
}

/* There is more than is looked at. */
static void cut_all(struct links *links)
{
    links->cut = true;
    if (links->list)
        link_list_cut(links->list);
}

void links_add_host(struct links *links, struct slice host)
{
    char room[HOST_MAX];
    struct slice name, plain = plain_host(host, room);
    if (plain.len == 0 || links->cut || !is_new(links, plain))
        return;
    if (++links->hosts > LINKS_HOSTS_MAX) {
        links->cut = true;
        return;
    }
    if (!domain_normalise(links->scratch, plain, &name))
        return;
    struct slice domain = org_domain(name);
    if (domain.len == 0 || is_known(links, domain))
        return;
    if (links->count == LINKS_DOMAINS_MAX) {
        links->cut = true;
        return;
    }
    struct slice kept = arena_copy(links->arena, domain);
    if (kept.ptr)
        links->domains[links->count++] = kept;
}

/* ---- texts */

static bool named_like_html(const struct mime_part *part)
{
    static const char *const ends[] = {".htm", ".html", ".shtml", ".xhtml", ".xht", ".svg"};
    for (size_t i = 0; i < part->n_names; i++)
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            if (slice_iends(part->names[i].text, slice_of(ends[k])))
                return true;
    return false;
}

static bool is_html(const struct mime_part *part)
{
    return slice_eq(part->type, SLICE("text/html")) ||
           slice_eq(part->type, SLICE("application/xhtml+xml")) ||
           slice_eq(part->type, SLICE("image/svg+xml")) || named_like_html(part);
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] & 0x80)
            return false;
    return true;
}

/* Whether the octets may mean something else than UTF-8 would. */
static bool needs_conversion(const struct mime_part *part, struct slice content)
{
    struct slice charset = part->charset;
    if (charset.len == 0 || slice_eq(charset, SLICE("utf-8")) ||
        slice_eq(charset, SLICE("us-ascii")))
        return false;
    bool ascii_means_itself = slice_starts(charset, SLICE("iso-8859-")) ||
                              slice_starts(charset, SLICE("windows-")) ||
                              slice_starts(charset, SLICE("koi8-"));
    return !ascii_means_itself || !is_ascii(content);
}

static void read_text(struct links *links, bool html, struct slice text)
{
    if (!html)
        links_in_text(links, text);
    else if (!links_in_html(links, text))
        links->no_memory = true;
}

static void read_converted(struct links *links, const struct mime_part *part, struct slice content)
{
    struct buf converted = buf_init(CONVERTED_MAX);
    if (charset_append(&converted, part->charset, content)) {
        charset_unpicture(&converted);
        read_text(links, is_html(part), buf_slice(&converted));
    } else
        links->no_memory = true;
    buf_release(&converted);
}

/* False: there is no room for more text. */
static bool begin_text(struct links *links)
{
    if (links->left == 0)
        cut_all(links);
    if (links_are_over(links) || links->no_memory)
        return false;
    arena_reset(links->scratch);
    memset(links->seen, 0, sizeof links->seen);
    return true;
}

static struct slice take(struct links *links, struct slice text)
{
    struct slice taken = slice_sub(text, 0, links->left);
    if (taken.len < text.len)
        cut_all(links);
    links->left -= taken.len;
    return taken;
}

static enum link_source source_of(const struct mime_part *part)
{
    if (part->attachment || slice_eq(part->type, SLICE("text/calendar")))
        return LINK_SOURCE_FILE;
    return is_html(part) ? LINK_SOURCE_HTML : LINK_SOURCE_TEXT;
}

static void read_part(struct links *links, const struct mime_part *part)
{
    struct slice content;
    struct malformations odd = {0};
    bool cut = false;
    if (!mime_decode(part, links->scratch, links->left, &content, &cut, &odd)) {
        links->no_memory = true;
        return;
    }
    content = take(links, content);
    links->source = source_of(part);
    links->unlisted = needs_conversion(part, content);
    read_text(links, is_html(part), content);
    bool again = links->unlisted;
    links->unlisted = false;
    if (again)
        read_converted(links, part, content);
    if (cut)
        cut_all(links);
    links->no_memory |= arena_failed(links->scratch);
}

bool links_reads(const struct mime_part *leaf)
{
    return slice_starts(leaf->type, SLICE("text/")) || is_html(leaf);
}

void links_in_message(struct links *links, const struct mime_message *message)
{
    for (size_t i = 0; i < message->n; i++) {
        const struct mime_part *part = &message->parts[i];
        if (part->kind == MIME_LEAF && links_reads(part) && begin_text(links))
            read_part(links, part);
    }
}

static void read_reference(struct links *links, struct slice url)
{
    links_in_reference(links, url);
    links_list_reference(links, url, (struct slice){NULL, 0});
}

void links_in_words(struct links *links, enum links_words kind, struct slice words)
{
    if (kind == LINKS_MORE)
        cut_all(links);
    if (!begin_text(links))
        return;
    words = take(links, words);
    links->source = links->of_words;
    if (kind == LINKS_REFERENCE)
        read_reference(links, words);
    else
        read_text(links, kind == LINKS_HTML, words);
    links->no_memory |= arena_failed(links->scratch);
}

static bool find_author(struct links *links, const struct mime_message *message)
{
    struct author author;
    if (!author_of(links->arena, message->parts[0].headers, &author))
        return false;
    if (author.count > 0)
        links->author = org_domain(author.domains[0]);
    return true;
}

struct links *links_new(struct arena *arena, const struct mime_message *message, size_t most)
{
    struct links *links = calloc(1, sizeof *links);
    if (!links)
        return NULL;
    links->arena = arena;
    links->scratch = arena_new(SCRATCH_MAX);
    links->left = most;
    links->no_memory = !links->scratch || !find_author(links, message);
    return links;
}

void links_list_too(struct links *links, enum link_source source)
{
    links->list = link_list_new(links->arena);
    links->of_words = source;
    links->no_memory |= !links->list;
}

struct value links_listed(const struct links *links)
{
    if (links->no_memory)
        return value_unknown();
    return links->list ? link_list_value(links->list) : (struct value){0};
}

static bool list(const struct links *links, struct value *out)
{
    struct value *items = arena_array(links->arena, links->count, sizeof *items);
    if (links->no_memory || !items || arena_failed(links->arena))
        return false;
    for (size_t i = 0; i < links->count; i++)
        items[i] = value_text(links->domains[i]);
    *out = (struct value){.state = VALUE_KNOWN,
                          .list = {.items = items, .count = links->count, .cut = links->cut}};
    return true;
}

void links_end(struct links **links, struct value *out)
{
    if (!*links || !list(*links, out))
        *out = value_unknown();
    if (*links) {
        arena_free(&(*links)->scratch);
        link_list_free(&(*links)->list);
    }
    free(*links);
    *links = NULL;
}
