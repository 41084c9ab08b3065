/* SPDX-License-Identifier: ISC
 * Tags that are unknown, repeated or wrong are passed over, and their defaults apply (RFC 9989
 * 4.7); only p, sp and np decide whether the record can be used (4.10.1). */
#include "filters/sender/dmarc_record.h"

#include <string.h>

struct dmarc_parser {
    struct dmarc_record *record;
    bool has_p, has_sp, has_np;
    bool wrong; /* a policy that is none */
};

static bool read_policy(struct slice value, enum dmarc_policy *out)
{
    static const struct slice words[] = {SLICE("none"), SLICE("quarantine"), SLICE("reject")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(value, words[i])) {
            *out = (enum dmarc_policy)i;
            return true;
        }
    return false;
}

static void read_p(struct dmarc_parser *p, struct slice value)
{
    p->has_p = read_policy(value, &p->record->p);
}

static void read_sp(struct dmarc_parser *p, struct slice value)
{
    p->has_sp = read_policy(value, &p->record->sp);
    p->wrong |= !p->has_sp;
}

static void read_np(struct dmarc_parser *p, struct slice value)
{
    p->has_np = read_policy(value, &p->record->np);
    p->wrong |= !p->has_np;
}

static void read_psd(struct dmarc_parser *p, struct slice value)
{
    p->record->psd = slice_ieq(value, SLICE("y"))   ? DMARC_PSD_YES
                     : slice_ieq(value, SLICE("n")) ? DMARC_PSD_NO
                                                    : DMARC_PSD_UNSAID;
}

static void read_adkim(struct dmarc_parser *p, struct slice value)
{
    p->record->dkim_strict = slice_ieq(value, SLICE("s"));
}

static void read_aspf(struct dmarc_parser *p, struct slice value)
{
    p->record->spf_strict = slice_ieq(value, SLICE("s"));
}

static void read_t(struct dmarc_parser *p, struct slice value)
{
    p->record->testing = slice_ieq(value, SLICE("y"));
}

static unsigned failure_option(struct slice word)
{
    if (word.len != 1)
        return 0;
    switch (ascii_lower(word.ptr[0])) {
    case '0':
        return DMARC_FO_ALL;
    case '1':
        return DMARC_FO_ANY;
    case 'd':
        return DMARC_FO_DKIM;
    case 's':
        return DMARC_FO_SPF;
    default:
        return 0;
    }
}

static void read_fo(struct dmarc_parser *p, struct slice value)
{
    unsigned options = 0;
    struct slice word;
    for (bool more = true; more;) {
        more = slice_cut(value, ':', &word, &value);
        options |= failure_option(slice_trim(word));
    }
    if (options)
        p->record->failure_options = options;
}

/* scheme ":" and visible characters after it. */
static bool is_uri(struct slice s)
{
    size_t colon = slice_find(s, ':');
    if (colon == 0 || colon + 1 >= s.len || !ascii_alpha(s.ptr[0]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool scheme = ascii_alpha(s.ptr[i]) || ascii_digit(s.ptr[i]) || strchr("+-.", s.ptr[i]);
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || (i < colon && !scheme))
            return false;
    }
    return true;
}

/* "mailto:a@b.example!10m" was a limit for reports once. */
static void read_uris(struct dmarc_uris *uris, struct slice value)
{
    struct slice one, uri, size;
    for (bool more = true; more && uris->count < DMARC_URIS_MAX;) {
        more = slice_cut(value, ',', &one, &value);
        slice_cut(slice_trim(one), '!', &uri, &size);
        if (is_uri(uri))
            uris->items[uris->count++] = uri;
    }
}

static void read_rua(struct dmarc_parser *p, struct slice value)
{
    read_uris(&p->record->rua, value);
}

static void read_ruf(struct dmarc_parser *p, struct slice value)
{
    read_uris(&p->record->ruf, value);
}

static const struct {
    struct slice name;
    void (*read)(struct dmarc_parser *p, struct slice value);
} tags[] = {
    {SLICE("p"), read_p},     {SLICE("sp"), read_sp},       {SLICE("np"), read_np},
    {SLICE("psd"), read_psd}, {SLICE("adkim"), read_adkim}, {SLICE("aspf"), read_aspf},
    {SLICE("t"), read_t},     {SLICE("fo"), read_fo},       {SLICE("rua"), read_rua},
    {SLICE("ruf"), read_ruf},
};

static void read_tag(struct dmarc_parser *p, struct slice name, struct slice value, unsigned *seen)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (slice_ieq(name, tags[i].name) && !(*seen & 1u << i)) {
            *seen |= 1u << i;
            tags[i].read(p, value);
        }
}

static bool next_tag(struct slice *text, struct slice *name, struct slice *value)
{
    struct slice tag;
    if (text->len == 0)
        return false;
    slice_cut(*text, ';', &tag, text);
    slice_cut(tag, '=', name, value);
    *name = slice_trim(*name);
    *value = slice_trim(*value);
    return true;
}

/* What is not said is as what stands before it; what is wrong is no policy at all. */
static enum dmarc_parse settle_policies(const struct dmarc_parser *p)
{
    struct dmarc_record *record = p->record;
    if (!p->has_p || p->wrong) {
        record->p = record->sp = record->np = DMARC_POLICY_NONE;
        return record->rua.count > 0 ? DMARC_USABLE : DMARC_UNUSABLE;
    }
    if (!p->has_sp)
        record->sp = record->p;
    if (!p->has_np)
        record->np = record->sp;
    return DMARC_USABLE;
}

enum dmarc_parse dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
    struct dmarc_parser p = {.record = out};
    struct slice name, value;
    unsigned seen = 0;
    if (!next_tag(&text, &name, &value) || !slice_eq(name, SLICE("v")) ||
        !slice_eq(value, SLICE("DMARC1")))
        return DMARC_OTHER;
    *out = (struct dmarc_record){.failure_options = DMARC_FO_ALL};
    while (next_tag(&text, &name, &value))
        read_tag(&p, name, value, &seen);
    return settle_policies(&p);
}
