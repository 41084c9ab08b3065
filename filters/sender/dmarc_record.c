/* SPDX-License-Identifier: ISC
 * Tags that are unknown, repeated or wrong are passed over, and their defaults apply (RFC 7489
 * 6.3); only p and sp decide whether the record can be used. */
#include "filters/sender/dmarc_record.h"

#include <string.h>

enum { PCT_MAX = 100, INTERVAL_DEFAULT = 86400 };

struct dmarc_parser {
    struct dmarc_record *record;
    bool p_valid, sp_invalid;
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
    p->p_valid = read_policy(value, &p->record->p);
}

static void read_sp(struct dmarc_parser *p, struct slice value)
{
    p->record->has_sp = read_policy(value, &p->record->sp);
    p->sp_invalid = !p->record->has_sp;
}

static void read_np(struct dmarc_parser *p, struct slice value)
{
    p->record->has_np = read_policy(value, &p->record->np);
}

static void read_pct(struct dmarc_parser *p, struct slice value)
{
    uint64_t pct;
    if (slice_to_u64(value, PCT_MAX, &pct))
        p->record->pct = (unsigned)pct;
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

static void read_ri(struct dmarc_parser *p, struct slice value)
{
    uint64_t seconds;
    if (slice_to_u64(value, UINT32_MAX, &seconds))
        p->record->report_interval = (uint32_t)seconds;
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

/* Digits and perhaps a unit: powers of 1024. */
static bool read_size(struct slice text, uint64_t *out)
{
    static const char units[] = "kmgt";
    unsigned shift = 0;
    uint64_t number;
    const char *unit =
        text.len ? memchr(units, ascii_lower(text.ptr[text.len - 1]), sizeof units - 1) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        text.len--;
    }
    if (!slice_to_u64(text, UINT64_MAX >> shift, &number))
        return false;
    *out = number << shift;
    return true;
}

static void read_uris(struct dmarc_uris *uris, struct slice value)
{
    struct slice one, uri, size;
    for (bool more = true; more && uris->count < DMARC_URIS_MAX;) {
        uint64_t size_max = 0;
        more = slice_cut(value, ',', &one, &value);
        bool sized = slice_cut(slice_trim(one), '!', &uri, &size);
        if (!is_uri(uri) || (sized && !read_size(size, &size_max)))
            continue;
        uris->items[uris->count].uri = uri;
        uris->items[uris->count++].size_max = size_max;
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
    {SLICE("pct"), read_pct}, {SLICE("adkim"), read_adkim}, {SLICE("aspf"), read_aspf},
    {SLICE("t"), read_t},     {SLICE("ri"), read_ri},       {SLICE("fo"), read_fo},
    {SLICE("rua"), read_rua}, {SLICE("ruf"), read_ruf},
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

enum dmarc_parse dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
    struct dmarc_parser p = {.record = out};
    struct slice name, value;
    unsigned seen = 0;
    *out = (struct dmarc_record){
        .pct = PCT_MAX, .failure_options = DMARC_FO_ALL, .report_interval = INTERVAL_DEFAULT};
    if (!next_tag(&text, &name, &value) || !slice_eq(name, SLICE("v")) ||
        !slice_eq(value, SLICE("DMARC1")))
        return DMARC_OTHER;
    while (next_tag(&text, &name, &value))
        read_tag(&p, name, value, &seen);
    if (!p.p_valid || p.sp_invalid) {
        out->p = out->sp = out->np = DMARC_POLICY_NONE;
        out->has_sp = out->has_np = false;
        return out->rua.count > 0 ? DMARC_USABLE : DMARC_UNUSABLE;
    }
    if (!out->has_sp)
        out->sp = out->p;
    if (!out->has_np)
        out->np = out->sp;
    return DMARC_USABLE;
}
