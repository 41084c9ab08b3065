/* SPDX-License-Identifier: ISC
 * DMARC records apart by newlines, a NUL, an identifier, a NUL and a header block: the records
 * stand at the author's domain and above. Nobody but who shares a domain with the author makes it
 * pass, and what we write of it is one field. */
#include "filters/dns/org_domain.h"
#include "filters/sender/auth_results.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/dmarc_walk.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, FIELD_MAX = 8192 };

static void publish(struct arena *arena, struct dns_answers *dns, struct slice texts,
                    struct slice author)
{
    struct slice domains[DMARC_WALK_MAX], text;
    size_t count = dmarc_walk_domains(author, domains);
    for (size_t i = 0; i < count && texts.len; i++) {
        slice_cut(texts, '\n', &text, &texts);
        struct slice name = arena_printf(arena, "_dmarc.%.*s", SLICE_ARGS(domains[i]));
        struct dns_record *record = arena_alloc(arena, sizeof *record);
        if (!record || !name.ptr)
            return;
        record->text = text;
        struct dns_answer answer = {.records = record, .count = 1};
        answer.status = slice_eq(text, SLICE("!")) ? DNS_TIMED_OUT : DNS_FOUND;
        dns_answers_add(dns, name, DNS_TXT, &answer);
    }
}

static bool is_within(struct slice domain, struct slice above)
{
    return slice_iends(domain, above) &&
           (domain.len == above.len || domain.ptr[domain.len - above.len - 1] == '.');
}

static struct slice without_outer_dots(struct slice s)
{
    while (s.len && s.ptr[0] == '.')
        s = slice_from(s, 1);
    while (s.len && s.ptr[s.len - 1] == '.')
        s.len--;
    return s;
}

/* Who passes is the author, or both are within the organisational domain. */
static void check(struct arena *arena, const struct dmarc *dmarc, struct slice identifier,
                  const struct author *author)
{
    struct slice domain, organisation = dmarc->organisation;
    if (dmarc->result != DMARC_PASS)
        return;
    if (author->kind != AUTHOR_ONE || !dmarc->found ||
        !domain_normalise(arena, without_outer_dots(identifier), &domain))
        abort();
    if (!slice_eq(domain, dmarc->domain) &&
        (organisation.len == 0 || !is_within(domain, organisation) ||
         !is_within(dmarc->domain, organisation)))
        abort();
}

static void evaluate(struct arena *arena, struct slice texts, struct slice identifier,
                     const struct author *author)
{
    struct dns_answers *dns = dns_answers_new(arena);
    struct dmarc_input in = {.author = author, .spf = {identifier, DMARC_PASSED}};
    struct dmarc dmarc;
    for (size_t i = 0; dns && i < author->count; i++)
        publish(arena, dns, texts, author->domains[i]);
    if (!dns)
        return;
    dns_answers_close(dns);
    if (!dmarc_evaluate(arena, dns, &in, &dmarc))
        return;
    check(arena, &dmarc, identifier, author);
    (void)dmarc_disposition(&dmarc);
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
    struct slice records, identifier, header;
    struct author author;
    slice_cut(all, '\0', &records, &header);
    slice_cut(header, '\0', &identifier, &header);
    if (author_of(arena, header, &author))
        evaluate(arena, records, identifier, &author);
    struct header field;
    for (struct slice block = header; headers_next(&block, &field);)
        (void)auth_results_is_ours(arena, &field, SLICE("mx.example.com"));
    render(identifier);
}
