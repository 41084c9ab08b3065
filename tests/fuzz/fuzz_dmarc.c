/* SPDX-License-Identifier: ISC
 * A DMARC record, a NUL, an identifier, a NUL and a header block: nobody but the author's own
 * organisation makes it pass, and what we write of it is one field. */
#include "filters/dns/org_domain.h"
#include "filters/sender/auth_results.h"
#include "filters/sender/dmarc.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, FIELD_MAX = 8192 };

static void evaluate(struct arena *arena, struct slice text, struct slice identifier,
                     const struct author *author)
{
    struct dns_answers *dns = dns_answers_new(arena);
    struct dns_record record = {.text = text};
    struct dns_answer answer = {.status = DNS_FOUND, .records = &record, .count = 1};
    struct dmarc_input in = {.author = author, .spf = {identifier, DMARC_PASSED}};
    struct dmarc dmarc;
    for (size_t i = 0; dns && i < author->count; i++) {
        struct slice above = org_domain(author->domains[i]);
        struct slice name = arena_printf(arena, "_dmarc.%.*s", SLICE_ARGS(above));
        if (name.ptr)
            dns_answers_add(dns, name, DNS_TXT, &answer);
    }
    if (!dns)
        return;
    dns_answers_close(dns);
    if (!dmarc_evaluate(arena, dns, &in, &dmarc))
        return;
    if (dmarc.result == DMARC_PASS &&
        (author->kind != AUTHOR_ONE || !dmarc_aligned(arena, identifier, dmarc.domain, false)))
        abort();
    (void)dmarc_disposition(&dmarc, 0);
}

/* Two line ends at most a property, each followed by a tab or the end; no hostile quote. */
static void render(struct slice value)
{
    struct buf out = buf_init(FIELD_MAX);
    struct auth_property property[] = {{"smtp.mailfrom", value, AUTH_ADDRESS},
                                       {"header.d", value, AUTH_DOMAIN},
                                       {"x.y", value, AUTH_WORD}};
    struct auth_method method = {"spf", "pass", NULL, property, 3};
    if (!auth_results_render(&out, SLICE("mx.example.com"), &method, 1))
        abort();
    struct slice field = buf_slice(&out), block = field;
    struct header header;
    if (!headers_next(&block, &header) || block.len > 0)
        abort();
    size_t semicolons = 0, quotes = 0;
    for (size_t i = 0; i < field.len; i++) {
        semicolons += field.ptr[i] == ';';
        quotes += field.ptr[i] == '"';
    }
    if (semicolons != 1 || quotes % 2 || quotes > 6)
        abort();
    buf_release(&out);
}

FUZZ_WITH_ARENA(all, ARENA)
{
    struct slice record, identifier, header;
    struct author author;
    slice_cut(all, '\0', &record, &header);
    slice_cut(header, '\0', &identifier, &header);
    if (author_of(arena, header, &author))
        evaluate(arena, record, identifier, &author);
    struct header field;
    for (struct slice block = header; headers_next(&block, &field);)
        (void)auth_results_is_ours(arena, &field, SLICE("mx.example.com"));
    render(identifier);
}
