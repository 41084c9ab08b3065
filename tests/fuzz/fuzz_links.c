/* SPDX-License-Identifier: ISC
 * Links of any text.
 * The first octet tells how it is labelled; what is found must be domains, each once. */
#include "filters/dns/org_domain.h"
#include "filters/links/links.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct value *found)
{
    if (found->state != VALUE_KNOWN || found->list.count > LINKS_DOMAINS_MAX)
        abort();
    for (size_t i = 0; i < found->list.count; i++) {
        struct slice domain = found->list.items[i].text;
        if (!slice_eq(org_domain(domain), domain))
            abort();
        for (size_t k = 0; k < i; k++)
            if (slice_eq(domain, found->list.items[k].text))
                abort();
    }
}

FUZZ(text)
{
    static const char *const headers[] = {
        "From: <a@sender.example>\r\nContent-Type: text/html\r\n\r\n",
        "Content-Type: text/plain\r\n\r\n",
        "Content-Type: text/html; charset=utf-16\r\n\r\n",
        "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        "",
    };
    if (text.len == 0)
        return;
    struct slice header = slice_of(headers[fuzz_octet(&text) % (sizeof headers / sizeof *headers)]);
    size_t len = header.len + text.len;
    char *message = malloc(len + 1);
    struct arena *arena = arena_new(32 << 20);
    struct mime_message parsed;
    struct value found;
    memcpy(message, header.ptr, header.len);
    memcpy(message + header.len, text.ptr, text.len);
    if (mime_parse(arena, (struct slice){message, len}, &mime_limits_default, &parsed)) {
        struct links *links = links_new(arena, &parsed, LINKS_TEXT_MAX);
        if (links)
            links_in_message(links, &parsed);
        links_end(&links, &found);
        if (found.state == VALUE_KNOWN)
            check(&found);
    }
    arena_free(&arena);
    free(message);
}
