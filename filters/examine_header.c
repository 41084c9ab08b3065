/* SPDX-License-Identifier: ISC */
#include "filters/examine_parts.h"

#include "filters/containers/cms.h"
#include "filters/containers/rpmsg.h"
#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "policy/spelling.h"

enum { FIELDS_MAX = 64, CMS_BEGINNING = 256 };

/* A header's block, and room for what is made of it. */
struct header_reading {
    struct arena *arena;
    struct slice block;
    bool full; /* the arena is */
};

static struct slice decoded(struct header_reading *in, struct slice value)
{
    struct malformations odd = {0}; /* mime_parse has reported them */
    struct slice text = header_unfold(in->arena, value);
    if (text.ptr)
        text = words_decode(in->arena, text, &odd);
    if (!text.ptr)
        in->full = true;
    return slice_trim(text);
}

static struct value text_field(struct header_reading *in, struct slice name)
{
    struct header field;
    if (!headers_find(in->block, name, 0, &field))
        return value_absent();
    return value_text(decoded(in, field.value));
}

/* The same domain, or one below the other: mail.example.com and example.com. */
static bool related(struct slice a, struct slice b)
{
    if (a.len > b.len)
        return related(b, a);
    if (a.len == b.len)
        return a.len && slice_ieq(a, b);
    bool below = b.ptr[b.len - a.len - 1] == '.' && slice_iends(b, a);
    return below && slice_find(a, '.') < a.len;
}

static struct slice domain_of(struct slice address)
{
    size_t at = slice_rfind(address, '@');
    return slice_from(address, at < address.len ? at + 1 : at);
}

static struct value id_fits(struct arena *arena, const struct facts *facts, struct slice sender)
{
    const struct value *id = &facts->fact[FACT_MESSAGE_ID], *from = &facts->fact[FACT_MESSAGE_FROM];
    if (id->state != VALUE_KNOWN)
        return value_absent();
    size_t at = slice_rfind(id->text, '@');
    struct slice domain = slice_from(id->text, at + (at < id->text.len));
    domain = spell_domain(arena, slice_sub(domain, 0, slice_find(domain, '>')));
    struct slice sender_domain = spell_domain(arena, domain_of(sender)), author = {NULL, 0};
    if (from->state == VALUE_KNOWN && (at = slice_rfind(from->text, '@')) < from->text.len)
        author = slice_from(from->text, at + 1);
    return value_bool(domain.len && ((sender_domain.len && related(domain, sender_domain)) ||
                                     (author.len && related(domain, author))));
}

/* -- header[...] -- */

static void add_field(struct header_reading *in, const struct header *field, struct value *list)
{
    if (list->list.count == FIELDS_MAX) {
        list->list.cut = true;
        return;
    }
    if (!list->list.items)
        list->list.items = arena_array(in->arena, FIELDS_MAX, sizeof *list->list.items);
    if (list->list.items)
        list->list.items[list->list.count++] = value_text(decoded(in, field->value));
    else
        in->full = true;
}

static void read_wanted(struct header_reading *in, const struct scan_job *job, struct facts *facts)
{
    if (job->header_count == 0)
        return;
    facts->keyed = arena_array(in->arena, job->header_count, sizeof *facts->keyed);
    if (!facts->keyed) {
        in->full = true;
        return;
    }
    for (size_t i = 0; i < job->header_count; i++)
        facts->keyed[i].state = VALUE_KNOWN;
    struct slice rest = in->block;
    struct header field;
    while (!in->full && headers_next(&rest, &field))
        for (size_t i = 0; i < job->header_count; i++)
            if (field.has_colon && slice_ieq(field.name, job->headers[i]))
                add_field(in, &field, &facts->keyed[i]);
}

bool examine_header(struct arena *arena, const struct mime_message *message,
                    const struct scan_job *job, struct facts *facts)
{
    struct header_reading in = {.arena = arena, .block = message->parts[0].headers};
    struct value *fact = facts->fact;
    fact[FACT_MESSAGE_SUBJECT] = text_field(&in, SLICE("subject"));
    fact[FACT_MESSAGE_ID] = text_field(&in, SLICE("message-id"));
    fact[FACT_MESSAGE_RECEIVED] = value_number((double)headers_count(in.block, SLICE("received")));
    in.full |= !examine_addresses(arena, in.block, message->raw, facts);
    fact[FACT_MESSAGE_ID_FITS] = id_fits(arena, facts, job->from.sender);
    read_wanted(&in, job, facts);
    return !in.full;
}

/* -- form -- */

/* The content tells signed from enveloped; where it cannot be read, smime-type does (RFC 8551
 * 3.2.2). */
static bool is_enveloped(const struct mime_part *part, struct arena *arena)
{
    struct header field;
    struct slice begin;
    struct malformations odd = {{0}}; /* examine_attachments reports them */
    bool cut;
    if (mime_decode(part, arena, CMS_BEGINNING, &begin, &cut, &odd) && cms_is(begin))
        return cms_is_encrypted(begin);
    if (!headers_find(part->headers, SLICE("content-type"), 0, &field))
        return true;
    struct slice text = header_unfold(arena, field.value);
    if (!text.ptr)
        return true;
    for (size_t i = 0; i < text.len; i++) {
        struct slice rest = slice_from(text, i);
        if (slice_istarts(rest, SLICE("signed-data")) || slice_istarts(rest, SLICE("certs-only")) ||
            slice_istarts(rest, SLICE("compressed-data")))
            return false;
    }
    return true;
}

static bool is_rpmsg(const struct mime_part *part, struct arena *arena)
{
    struct slice begin;
    struct malformations odd = {{0}};
    struct rpmsg rpmsg;
    bool cut;
    return mime_decode(part, arena, RPMSG_BEGINNING, &begin, &cut, &odd) &&
           rpmsg_open(begin, &rpmsg);
}

static bool is_encrypted(const struct mime_part *part, struct arena *arena)
{
    if (slice_eq(part->type, SLICE("multipart/encrypted")) ||
        slice_eq(part->type, SLICE("application/pgp-encrypted")))
        return true;
    if (slice_eq(part->type, SLICE("application/x-microsoft-rpmsg-message")))
        return is_rpmsg(part, arena);
    bool smime = slice_eq(part->type, SLICE("application/pkcs7-mime")) ||
                 slice_eq(part->type, SLICE("application/x-pkcs7-mime"));
    return smime && is_enveloped(part, arena);
}

bool examine_form(struct arena *arena, const struct mime_message *message, struct facts *facts)
{
    struct value *fact = facts->fact;
    struct value *odd = arena_array(arena, MALFORMATION_COUNT, sizeof *odd);
    bool encrypted = false;
    for (size_t i = 0; i < message->n && !encrypted; i++)
        encrypted = is_encrypted(&message->parts[i], arena);
    fact[FACT_MESSAGE_ENCRYPTED] = value_bool(encrypted);
    fact[FACT_MESSAGE_TYPE] = value_text(message->parts[0].type);
    fact[FACT_MESSAGE_PARTS] = value_number((double)message->n);
    fact[FACT_MESSAGE_MALFORMATIONS] = (struct value){.state = VALUE_KNOWN, .list.items = odd};
    return odd != NULL;
}

void examine_oddities(const struct malformations *odd, struct facts *facts)
{
    struct list *names = &facts->fact[FACT_MESSAGE_MALFORMATIONS].list;
    facts->fact[FACT_MESSAGE_HIDES] = value_bool(malformations_worst(odd) == GRADE_HIDING);
    for (enum malformation m = 0; m < MALFORMATION_COUNT; m++)
        if (malformations_has(odd, m))
            names->items[names->count++] = value_text(slice_of(malformation_name(m)));
}
