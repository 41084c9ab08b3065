/* SPDX-License-Identifier: ISC
 * What any message says, and its links: all in bounds, in clean UTF-8, each once. The first octet
 * tells how it is labelled. */
#include "base/utf8.h"
#include "filters/html/html_words.h"
#include "filters/links/links.h"
#include "filters/text/message_text.h"
#include "filters/text/paragraphs.h"
#include "policy/types.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

#define CALENDAR                                                                                   \
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"                               \
    "Content-Type: text/calendar\r\n\r\n"

static void check_paragraph(struct slice text)
{
    require(text.len > 0 && text.len <= PARAGRAPH_MAX && utf8_valid(text));
    require(text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' ');
    require(slice_search(text, SLICE("  ")) == text.len);
    while (text.len > 0) {
        uint32_t code;
        size_t n = utf8_next(text, &code);
        require(!text_is_unseen(code) && (code == ' ' || !text_is_blank(code)));
        text = slice_from(text, n);
    }
}

static void check_text(const struct value *text)
{
    size_t octets = 0;
    require(text->state == VALUE_KNOWN && text->list.count <= TEXT_PARAGRAPHS_MAX);
    for (size_t i = 0; i < text->list.count; i++) {
        check_paragraph(text->list.items[i].text);
        octets += text->list.items[i].text.len;
    }
    require(octets <= TEXT_OCTETS_MAX);
}

static void check_links(const struct value *links)
{
    require(links->state == VALUE_KNOWN && links->list.count <= LINKS_MAX);
    for (size_t i = 0; i < links->list.count; i++) {
        const struct value *fields = links->list.items[i].fields;
        require(utf8_valid(fields[link_url].text) && fields[link_host].text.len > 0);
        require(slice_search(fields[link_url].text, fields[link_host].text) <
                fields[link_url].text.len);
        require(fields[link_path].text.ptr[0] == '/');
        require(!fields[link_ip].truth || fields[link_domain].state == VALUE_ABSENT);
        if (fields[link_text].state == VALUE_KNOWN) {
            require(fields[link_text].text.len <= LINK_TEXT_MAX);
            require(utf8_valid(fields[link_text].text));
        }
    }
}

static void look(struct arena *arena, struct slice message)
{
    struct mime_message parsed;
    struct value text, differ, domains;
    if (!mime_parse(arena, message, &mime_limits_default, &parsed))
        return;
    require(message_text(arena, &parsed, &text, &differ));
    check_text(&text);
    struct links *links = links_new(arena, &parsed, LINKS_TEXT_MAX);
    require(links);
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, &parsed);
    struct value listed = links_listed(links);
    check_links(&listed);
    links_end(&links, &domains);
}

FUZZ(text)
{
    static const char *const headers[] = {
        "Content-Type: text/html; charset=utf-8\r\n\r\n",
        "Content-Type: text/html\r\n\r\n<style>.a{display:none}</style><i class=a>",
        "Content-Type: text/html\r\n\r\n<style>",
        "Content-Type: text/html\r\n\r\n<i style=\"",
        "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n",
        CALENDAR,
        "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n",
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n",
        "",
    };
    if (text.len == 0)
        return;
    struct slice header = slice_of(headers[fuzz_octet(&text) % (sizeof headers / sizeof *headers)]);
    size_t len = header.len + text.len;
    char *message = malloc(len + 1);
    struct arena *arena = arena_new(64 << 20);
    memcpy(message, header.ptr, header.len);
    memcpy(message + header.len, text.ptr, text.len);
    look(arena, (struct slice){message, len});
    arena_free(&arena);
    free(message);
}
