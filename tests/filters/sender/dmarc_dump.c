/* SPDX-License-Identifier: ISC
 * Answers the questions of test_dmarc.py: a JSON object a line in, one a line out. Bytes that
 * are not ASCII are UTF-8 in both. */
#include "console/dns_file.h"
#include "filters/dns/org_domain.h"
#include "filters/mime/headers.h"
#include "filters/sender/dmarc.h"

#include <jansson.h>
#include <string.h>

enum { ARENA = 16 << 20, DKIM_MAX = 16 };

static struct slice text_of(struct arena *arena, const json_t *string)
{
    return arena_copy(arena, (struct slice){json_string_value(string), json_string_length(string)});
}

static struct slice member(struct arena *arena, const json_t *object, const char *name)
{
    return text_of(arena, json_object_get(object, name));
}

static json_t *json_of(struct slice s)
{
    return json_stringn(s.ptr ? s.ptr : "", s.len);
}

static json_t *answer_org(struct arena *arena, const json_t *question)
{
    struct slice domain, above = {"", 0};
    if (domain_normalise(arena, member(arena, question, "domain"), &domain))
        above = org_domain(domain);
    return json_pack("{so}", "org", above.len ? json_of(above) : json_null());
}

static json_t *answer_record(struct arena *arena, const json_t *question)
{
    static const char *const words[] = {"other", "unusable", "usable"};
    struct dmarc_record record = {.p = DMARC_POLICY_NONE};
    enum dmarc_parse parsed = dmarc_record_parse(member(arena, question, "record"), &record);
    return json_pack("{ssss}", "parsed", words[parsed], "p", dmarc_policy_word(record.p));
}

/* The block is a message's header, or a whole message. */
static bool read_author(struct arena *arena, const json_t *question, struct author *author)
{
    struct slice message = member(arena, question, "header");
    return author_of(arena, headers_block(message, NULL), author);
}

static json_t *author_json(const struct author *author)
{
    static const char *const kinds[] = {"none", "one", "several", "invalid"};
    json_t *domains = json_array();
    for (size_t i = 0; i < author->count; i++)
        json_array_append_new(domains, json_of(author->domains[i]));
    return json_pack("{ssso}", "kind", kinds[author->kind], "domains", domains);
}

static json_t *answer_author(struct arena *arena, const json_t *question)
{
    struct author author;
    return read_author(arena, question, &author) ? author_json(&author) : json_null();
}

static json_t *answer_zone(struct arena *arena, const json_t *question)
{
    const char *error;
    struct dns_answers *table = dns_file_load(arena, json_object_get(question, "zonedata"), &error);
    struct buf out = buf_init(ARENA);
    json_t *written = NULL;
    if (!table)
        written = json_of(slice_of(error));
    else if (dns_file_write(table, &out))
        written = json_loadb(buf_slice(&out).ptr, buf_len(&out), JSON_ALLOW_NUL, NULL);
    buf_release(&out);
    return json_pack("{so}", "written", written ? written : json_null());
}

static void add(struct arena *arena, struct dns_answers *dns, const char *name, enum dns_type type,
                enum dns_status status, const json_t *texts)
{
    size_t count = json_array_size(texts);
    struct dns_record *records = arena_array(arena, count, sizeof *records);
    for (size_t i = 0; i < count; i++)
        records[i].text = text_of(arena, json_array_get(texts, i));
    dns_answers_add(dns, arena_copy(arena, slice_of(name)), type,
                    &(struct dns_answer){.status = status, .records = records, .count = count});
}

/* What a name has: TXT records, an address, a word for what goes wrong, or something below it. */
static enum dns_status status_of(const json_t *question, const char *name, enum dns_type type)
{
    const json_t *texts = json_object_get(json_object_get(question, "dns_txt"), name);
    const char *error =
        json_string_value(json_object_get(json_object_get(question, "errors"), name));
    size_t i;
    json_t *existing;
    bool exists = texts != NULL;
    if (error)
        return strcmp(error, "TIMEOUT") == 0    ? DNS_TIMED_OUT
               : strcmp(error, "SERVFAIL") == 0 ? DNS_FAILED
               : strcmp(error, "UNASKED") == 0  ? DNS_UNASKED
                                                : DNS_NO_DATA;
    json_array_foreach(json_object_get(question, "existing_names"), i, existing) {
        exists |= strcmp(json_string_value(existing), name) == 0;
    }
    return type == DNS_TXT && texts ? DNS_FOUND : exists ? DNS_NO_DATA : DNS_NO_NAME;
}

/* Answers what the run missed, as the world of the question would, and notes what was asked. */
static bool answer_misses(struct arena *arena, struct dns_answers *dns, const json_t *question,
                          json_t *asked)
{
    size_t count;
    json_t *round = json_array();
    const struct dns_wanted *wanted = dns_wanted(dns, &count);
    bool missed = dns_missed(dns);
    for (size_t k = 0; missed && k < count; k++) {
        const char *name = arena_cstr(arena, wanted[k].name);
        enum dns_status status = status_of(question, name, wanted[k].type);
        add(arena, dns, name, wanted[k].type, status,
            status == DNS_FOUND ? json_object_get(json_object_get(question, "dns_txt"), name)
                                : NULL);
        json_array_append_new(round, json_string(name));
    }
    if (missed)
        json_array_append(asked, round);
    json_decref(round);
    dns_answers_restart(dns);
    return missed;
}

static struct dmarc_identifier identifier(struct arena *arena, const json_t *object)
{
    struct slice result = member(arena, object, "result");
    return (struct dmarc_identifier){.domain = member(arena, object, "domain"),
                                     .outcome = slice_eq(result, SLICE("pass")) ? DMARC_PASSED
                                                : slice_eq(result, SLICE("temperror"))
                                                    ? DMARC_NOT_KNOWN
                                                    : DMARC_NOT_PASSED};
}

static json_t *dmarc_json(const struct dmarc *dmarc)
{
    return json_pack(
        "{ss so so ss so so so ss sb sb}", "result", dmarc_result_word(dmarc->result),
        "published_policy",
        dmarc->found ? json_of(slice_of(dmarc_policy_word(dmarc->policy))) : json_null(),
        "asked_policy",
        dmarc->found ? json_of(slice_of(dmarc_policy_word(dmarc_asked(dmarc)))) : json_null(),
        "disposition", dmarc_policy_word(dmarc_disposition(dmarc)), "domain",
        json_of(dmarc->domain), "record_domain", json_of(dmarc->record_domain), "org_domain",
        json_of(dmarc->organisation), "reason", dmarc->reason ? dmarc->reason : "", "spf",
        dmarc->spf_aligned, "dkim", dmarc->dkim_aligned);
}

static json_t *answer_evaluate(struct arena *arena, const json_t *question)
{
    struct dns_answers *dns = dns_answers_new(arena);
    const json_t *signatures = json_object_get(question, "dkim");
    struct dmarc_identifier dkim[DKIM_MAX];
    struct author author;
    struct dmarc dmarc;
    struct dmarc_input in = {.author = &author, .dkim = dkim};
    json_t *asked = json_array();
    in.spf = identifier(arena, json_array_get(json_object_get(question, "spf"), 0));
    for (; in.dkim_count < json_array_size(signatures) && in.dkim_count < DKIM_MAX; in.dkim_count++)
        dkim[in.dkim_count] = identifier(arena, json_array_get(signatures, in.dkim_count));
    if (!read_author(arena, question, &author))
        return json_null();
    do {
        if (!dmarc_evaluate(arena, dns, &in, &dmarc))
            return json_null();
    } while (answer_misses(arena, dns, question, asked));
    json_t *said = dmarc_json(&dmarc);
    json_object_set_new(said, "asked", asked);
    return said;
}

static const struct {
    const char *name;
    json_t *(*answer)(struct arena *arena, const json_t *question);
} questions[] = {{"org", answer_org},
                 {"record", answer_record},
                 {"author", answer_author},
                 {"evaluate", answer_evaluate},
                 {"zone", answer_zone}};

static json_t *answer(struct arena *arena, const json_t *question)
{
    const char *ask = json_string_value(json_object_get(question, "ask"));
    for (size_t i = 0; ask && i < sizeof questions / sizeof *questions; i++)
        if (strcmp(ask, questions[i].name) == 0)
            return questions[i].answer(arena, question);
    return json_null();
}

int main(void)
{
    json_t *question;
    while ((question = json_loadf(stdin, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL)) != NULL) {
        struct arena *arena = arena_new(ARENA);
        json_t *said = answer(arena, question);
        json_dumpf(said, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        putchar('\n');
        json_decref(said);
        json_decref(question);
        arena_free(&arena);
    }
    return 0;
}
