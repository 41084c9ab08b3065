/* SPDX-License-Identifier: ISC
 * gatepostctl dkim check: whether what is published belongs to the keys that are configured, and
 * verifies what they sign. */
#include "base/json.h"
#include "console/command.h"
#include "console/dkim/dkim_options.h"
#include "console/dkim/dkim_row.h"
#include "filters/dns/inquiry.h"
#include "filters/dns/resolver.h"
#include "filters/sender/dkim_sign.h"
#include "filters/sender/hasher.h"

#include <stdio.h>
#include <time.h>

enum { ARENA_MAX = 256 * 1024 * 1024, OUT_MAX = 16 * 1024 * 1024 };

static const char synopsis[] = "dkim check [--config FILE] [--resolver ADDRESS] [--json] [DOMAIN]";

/* ---- the DNS ---- */

struct asking {
    struct arena *arena;
    struct event_base *base;
    struct resolver *resolver;
    struct dns_answers *answers;
};

static void heard(void *ctx)
{
    struct asking *asking = ctx;
    event_base_loopbreak(asking->base);
}

/* One after the other: they are few. */
static void look_up(struct asking *asking, struct slice name, struct dns_answer *answer)
{
    struct inquiry inquiry;
    struct dns_wanted wanted = {.name = name, .type = DNS_TXT};
    *answer = (struct dns_answer){.status = DNS_FAILED};
    inquiry_begin(&inquiry, asking->resolver, asking->arena, asking->answers, heard, asking);
    if (inquiry_ask(&inquiry, &wanted, 1) > 0)
        event_base_dispatch(asking->base);
    inquiry_cancel(&inquiry);
    dns_look_up(asking->answers, name, DNS_TXT, answer);
}

static bool asking_open(struct asking *asking, const struct dkim_options *options,
                        struct config *config, struct arena *arena)
{
    static struct name_server only;
    const char *reason = "out of memory";
    *asking = (struct asking){arena, event_base_new(), NULL, dns_answers_new(arena)};
    if (options->resolver.port) {
        only = options->resolver;
        config->name_servers = &only;
        config->name_server_count = 1;
    }
    if (asking->base && asking->answers)
        asking->resolver = resolver_new(asking->base, config, &reason);
    return asking->resolver || (command_error("resolver", reason), false);
}

static void asking_close(struct asking *asking)
{
    if (asking->resolver)
        resolver_free(&asking->resolver);
    if (asking->base)
        event_base_free(asking->base);
}

/* ---- the check ---- */

/* What was found: `wrong` NULL: nothing is. */
struct finding {
    const char *wrong;
    const char *note; /* not wrong, but to be known; NULL: nothing */
};

static struct finding wrong(const char *what)
{
    return (struct finding){.wrong = what};
}

/* A message, signed as proxies sign, and verified with what is published. */
static bool signature_verifies(struct arena *arena, const struct dkim_row *row,
                               const struct key_record *published)
{
    static const char block[] = "From: postmaster@example.com\r\nSubject: trial\r\n";
    struct field_list fields;
    struct slice names;
    struct hasher hasher;
    struct dkim_draft draft;
    struct dkim_signer signer = {row->domain, row->selector, row->key.algorithm};
    unsigned char body[DIGEST_OCTETS], signature[DKIM_SIGNATURE_MAX];
    bool ok = hasher_open(&hasher);
    if (ok)
        canonical_body(&hasher.sink, SLICE("A trial.\r\n"), true);
    ok = hasher_close(&hasher, body) && ok && field_index(arena, slice_of(block), &fields) &&
         dkim_sign_names(arena, &fields, &names) &&
         dkim_sign_draft(arena, &signer, &fields, names, body, time(NULL), &draft);
    size_t len = ok ? dkim_private_sign(&row->key, draft.digest, signature) : 0;
    return len > 0 && key_record_verifies(published, draft.digest,
                                          (struct slice){(const char *)signature, len});
}

static struct finding check_record(struct arena *arena, const struct dkim_row *row,
                                   struct slice record)
{
    struct key_record published, own;
    struct slice algorithm = slice_of(dkim_algorithm_word(row->key.algorithm));
    const char *fault = key_record_read(arena, record, algorithm, &published);
    if (fault)
        return wrong(fault);
    if (key_record_read(arena, row->record, algorithm, &own) || !slice_eq(own.der, published.der))
        return wrong("another key is published");
    if (!signature_verifies(arena, row, &published))
        return wrong("a signature does not verify with what is published");
    return (struct finding){
        .note = published.test     ? "t=y: verifiers are told that this is a test; take it out"
                : published.strict ? "t=s: nothing below the domain may use this key"
                                   : NULL};
}

static struct finding check(struct asking *asking, const struct dkim_row *row)
{
    struct dns_answer answer;
    struct slice record;
    bool temporary;
    if (row->fault)
        return wrong(row->fault);
    look_up(asking, row->name, &answer);
    const char *fault = key_record_choose(&answer, &record, &temporary);
    if (!fault)
        return check_record(asking->arena, row, record);
    return wrong(!temporary && answer.status != DNS_FOUND ? "nothing is published" : fault);
}

/* ---- what is said ---- */

static void say(struct buf *out, const struct dkim_row *row, const struct finding *found)
{
    const char *what = found->wrong ? found->wrong : found->note ? found->note : "";
    buf_printf(out, "%-5s %.*s%s%s\n",
               found->wrong  ? "WRONG"
               : found->note ? "NOTE"
                             : "ok",
               SLICE_ARGS(row->name), *what ? ": " : "", what);
    if (found->wrong && !row->fault)
        dkim_row_say(out, row);
}

static void say_json(struct buf *out, const struct dkim_row *row, const struct finding *found)
{
    buf_char(out, '{');
    dkim_row_json(out, row);
    json_key(out, SLICE("published"));
    json_text(out, found->wrong ? slice_of(found->wrong) : SLICE("ok"));
    if (found->note) {
        json_key(out, SLICE("note"));
        json_text(out, slice_of(found->note));
    }
    buf_cstr(out, "}\n");
}

static bool check_all(struct asking *asking, const struct dkim_rows *rows, bool json)
{
    struct buf out = buf_init(OUT_MAX);
    bool all = true;
    for (size_t i = 0; i < rows->count; i++) {
        struct finding found = check(asking, &rows->rows[i]);
        all = all && !found.wrong;
        (json ? say_json : say)(&out, &rows->rows[i], &found);
    }
    fwrite(buf_slice(&out).ptr, 1, buf_len(&out), stdout);
    buf_release(&out);
    return all;
}

static bool run(const struct dkim_options *options, struct config *config, struct arena *arena)
{
    struct dkim_rows rows = {0};
    struct asking asking = {0};
    bool ok = dkim_rows_of(config, options->domain, arena, &rows) &&
              asking_open(&asking, options, config, arena) &&
              check_all(&asking, &rows, options->json);
    asking_close(&asking);
    dkim_rows_free(&rows);
    return ok;
}

int command_dkim_check(int argc, char *argv[])
{
    struct dkim_options options;
    struct configuration configuration;
    if (!dkim_options_read(argc, argv, "cjr", &options))
        return command_usage(synopsis);
    if (!dkim_options_open(&options, &configuration))
        return STATUS_ERROR;
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok = arena && run(&options, configuration.config, arena);
    arena_free(&arena);
    configuration_close(&configuration);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
