/* SPDX-License-Identifier: ISC
 * Counts for DMARC's aggregate reports (RFC 9990): a hash for each day (UTC) and each domain
 * that publishes a record, since a report goes to the record's owner,
 *
 *     <prefix>dmarc:20260131:example.org
 *
 * One field is one row of the report, its words parted by '|':
 *
 *     source IP | From's domain | disposition | SPF aligned | DKIM aligned |
 *     SPF's domain | SPF's identity | SPF's result | signatures: domain:selector:result, ...
 *
 * and its value a count. Field "policy" is what the domain asks for, "reject|mailto:dmarc@...".
 * What is no printable ASCII, or would be taken for a separator, becomes '?'. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"
#include "policy/types.h"

#include <time.h>

enum {
    KEEP_DAYS = 4,
    FIELDS_MAX = 10000, /* of one hash; what is more is counted as "other" */
    DOMAIN_MAX = 253,
    SELECTOR_MAX = 63,
    WORD_MAX = 32,
    SIGNATURES_MAX = 8,
    REPORTS_MAX = 4,
    ADDRESS_MAX = 256, /* of whom reports go to */
    KEY_MAX = REDIS_PREFIX_MAX + 32 + DOMAIN_MAX,
    ROW_MAX = 1024, /* a longer one counts as "other" */
    POLICY_MAX = 2048,
};

static bool plain(char c)
{
    return c > ' ' && c < 0x7f && c != '|' && c != ',';
}

static void append(struct buf *out, struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len && i < max; i++)
        buf_char(out, plain(s.ptr[i]) ? s.ptr[i] : '?');
}

static void append_domain(struct buf *out, struct slice domain)
{
    for (size_t i = 0; i < domain.len && i < DOMAIN_MAX; i++)
        buf_char(out,
                 plain(domain.ptr[i]) && domain.ptr[i] != ':' ? ascii_lower(domain.ptr[i]) : '?');
}

static struct slice text_of(const struct value *value)
{
    return value->state == VALUE_KNOWN ? value->text : (struct slice){"", 0};
}

/* Empty for what is not known. */
static struct slice word_of(const struct type *type, const struct value *value)
{
    bool known = value->state == VALUE_KNOWN && (uint64_t)value->integer < type->words->count;
    return slice_of(known ? type->words->words[value->integer] : "");
}

static void append_word(struct buf *out, const struct facts *facts, enum fact fact)
{
    append(out, word_of(&fact_info(fact)->type, &facts->fact[fact]), WORD_MAX);
}

static void append_aligned(struct buf *out, const struct value *value)
{
    buf_cstr(out, value->state == VALUE_KNOWN && value->truth ? "pass" : "fail");
}

static void append_ip(struct buf *out, const struct value *value)
{
    char text[46];
    if (value->state != VALUE_KNOWN)
        return;
    ip_text(&value->ip, text);
    buf_cstr(out, text);
}

static void append_signatures(struct buf *out, const struct value *signatures)
{
    const struct record_field *fields = record_types[RECORD_signature].fields;
    if (signatures->state != VALUE_KNOWN)
        return;
    for (size_t i = 0; i < signatures->list.count && i < SIGNATURES_MAX; i++) {
        const struct value *signature = signatures->list.items[i].fields;
        buf_cstr(out, i ? "," : "");
        append_domain(out, text_of(&signature[signature_domain]));
        buf_char(out, ':');
        append_domain(out, slice_sub(text_of(&signature[signature_selector]), 0, SELECTOR_MAX));
        buf_char(out, ':');
        append(out, word_of(&fields[signature_result].type, &signature[signature_result]),
               WORD_MAX);
    }
}

static void append_row(struct buf *out, const struct facts *facts, const char *disposition)
{
    const struct value *fact = facts->fact;
    append_ip(out, &fact[FACT_CLIENT_IP]);
    buf_char(out, '|');
    append_domain(out, text_of(&fact[FACT_DMARC_DOMAIN]));
    buf_char(out, '|');
    append(out, slice_of(disposition), WORD_MAX);
    buf_char(out, '|');
    append_aligned(out, &fact[FACT_DMARC_SPF_ALIGNED]);
    buf_char(out, '|');
    append_aligned(out, &fact[FACT_DMARC_DKIM_ALIGNED]);
    buf_char(out, '|');
    append_domain(out, text_of(&fact[FACT_SPF_DOMAIN]));
    buf_char(out, '|');
    append_word(out, facts, FACT_SPF_IDENTITY);
    buf_char(out, '|');
    append_word(out, facts, FACT_SPF_RESULT);
    buf_char(out, '|');
    append_signatures(out, &fact[FACT_DKIM]);
}

static bool append_policy(struct buf *out, const struct facts *facts)
{
    const struct value *reports = &facts->fact[FACT_DMARC_REPORTS];
    append_word(out, facts, FACT_DMARC_PUBLISHED);
    buf_char(out, '|');
    for (size_t i = 0; reports->state == VALUE_KNOWN && i < reports->list.count && i < REPORTS_MAX;
         i++) {
        buf_cstr(out, i ? "," : "");
        append(out, text_of(&reports->list.items[i]), ADDRESS_MAX);
    }
    return !out->failed;
}

static bool append_key(struct buf *out, const struct config *config, struct slice domain)
{
    struct tm day;
    time_t now = (time_t)clock_wall();
    char date[16];
    if (domain.len == 0 || !gmtime_r(&now, &day) || !strftime(date, sizeof date, "%Y%m%d", &day))
        return false;
    buf_append(out, slice_sub(config->settings.redis_prefix, 0, REDIS_PREFIX_MAX));
    buf_printf(out, "dmarc:%s:", date);
    append_domain(out, domain);
    return !out->failed;
}

void state_tell_dmarc(void *ctx, const struct dmarc_row *row)
{
    struct number_text text[3];
    const struct slice args[] = {state_number_argument(&text[0], INT64_C(24) * 3600 * KEEP_DAYS),
                                 state_number_argument(&text[1], FIELDS_MAX), row->row, row->policy,
                                 state_number_argument(&text[2], row->count)};
    struct state *state = ctx;
    state_tell(state, &(struct state_question){&state->dmarc, &row->key, 1, args, 5});
}

void state_dmarc(struct state *state, const struct facts *facts, const char *disposition)
{
    struct buf key = buf_init(KEY_MAX), row = buf_init(ROW_MAX), policy = buf_init(POLICY_MAX);
    append_row(&row, facts, disposition);
    if (append_policy(&policy, facts) &&
        append_key(&key, state->config, text_of(&facts->fact[FACT_DMARC_RECORD_DOMAIN])))
        dmarc_counts_add(state->rows,
                         &(struct dmarc_row){.key = buf_slice(&key),
                                             .row = row.failed ? SLICE("other") : buf_slice(&row),
                                             .policy = buf_slice(&policy)});
    buf_release(&key);
    buf_release(&row);
    buf_release(&policy);
}

void state_settle(struct state *state)
{
    dmarc_counts_settle(state->rows);
}
