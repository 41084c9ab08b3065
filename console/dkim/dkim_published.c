/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_published.h"

#include "filters/sender/dkim_sign.h"
#include "filters/sender/hasher.h"

#include <time.h>

static struct dkim_finding wrong(const char *what)
{
    return (struct dkim_finding){.wrong = what};
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

static struct dkim_finding check_record(struct arena *arena, const struct dkim_row *row,
                                        struct slice record)
{
    struct key_record published, own;
    struct slice algorithm = slice_of(dkim_algorithm_word(row->key.algorithm));
    const char *fault = key_record_read(arena, record, algorithm, &published);
    if (fault)
        return wrong(fault);
    if (key_record_read(arena, row->record, algorithm, &own) ||
        !key_record_same_key(&own, &published))
        return wrong("another key is published");
    if (!signature_verifies(arena, row, &published))
        return wrong("a signature does not verify with what is published");
    return (struct dkim_finding){
        .note = published.test     ? "t=y: verifiers are told that this is a test; take it out"
                : published.strict ? "t=s: nothing below the domain may use this key"
                                   : NULL};
}

struct dkim_finding dkim_published(struct dkim_dns *dns, const struct dkim_row *row)
{
    struct dns_answer answer;
    struct slice record;
    bool temporary;
    if (row->fault)
        return wrong(row->fault);
    dkim_dns_look_up(dns, row->name, &answer);
    const char *fault = key_record_choose(&answer, &record, &temporary);
    if (!fault)
        return check_record(dns->arena, row, record);
    return wrong(!temporary && answer.status != DNS_FOUND ? "nothing is published" : fault);
}
