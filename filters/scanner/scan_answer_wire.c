/* SPDX-License-Identifier: ISC
 * An answer as bytes: what it took, the plain facts in the order of facts.def, whether something stayed unasked,
 * the vector, an attached message, the sketch, the keyed facts, the ranges of the parts, what is wanted, the pictures,
 * places for banners and disclaimers,
 * what is to be redacted, the outline, and the attachments last. */
#include "filters/files/attachment_rest.h"
#include "filters/scanner/scan_job.h"
#include "filters/scanner/scan_pictures.h"

#include <string.h>

/* Shares of an answer's payload; attachments get all that the rest leaves. A text past its own
 * cannot be half told: it becomes unknown. A list is cut and says so. What a message says cannot
 * take the room of what was found out about its sender. */
enum {
    RANGE_BYTES = 4 + 3 * 8 + 1,
    RANGES_SHARE = 32 * 1024,
    KEYED_SHARE = 32 * 1024,
    MESSAGE_SHARE = 32 * 1024,
    SENDER_SHARE = 24 * 1024,
    LINKS_SHARE = 12 * 1024,
    DIGEST_SHARE = 8 * 1024, /* one short text, and what is kept for others */
    CODES_SHARE = 16 * 1024,
    URLS_SHARE = 224 * 1024,
    TEXT_SHARE = 96 * 1024,
    ALTERNATIVES_SHARE = 8 * 1024,
    SPAM_SHARE = 8 * 1024, /* some short values */
    REASONS_SHARE = 16 * 1024,
    VECTOR_SHARE = 64 * 1024 + 4,
    ATTACHED_SHARE = 4 + 4 + 32 + 4 + SCAN_RECEIVED_MAX,
    WANTED_SHARE = 16 * 1024, /* past it: they are wanted again */
    WANTED_BYTES_MIN = 4 + 1 + 1 + 1,
    SMALL_VALUE = 32, /* what an unknown or an empty, cut list takes at most */
    OVERLAYS_MAX = 4 + (REDACTION_RANGES_MAX + 1) * OVERLAY_BYTES,
    ATTACHMENTS_LEAST = 256 * 1024,
};

_Static_assert(2 * MESSAGE_SHARE + SENDER_SHARE + LINKS_SHARE + DIGEST_SHARE + CODES_SHARE +
                       URLS_SHARE + TEXT_SHARE + ALTERNATIVES_SHARE + SPAM_SHARE + REASONS_SHARE +
                       VECTOR_SHARE + ATTACHED_SHARE + SCAN_SKETCH_BYTES + KEYED_SHARE +
                       SCAN_PICTURES_BYTES + BANNER_SITES_BYTES +
                       (FACT_COUNT + SCAN_HEADERS_MAX) * SMALL_VALUE + RANGES_SHARE + WANTED_SHARE +
                       OVERLAYS_MAX + OUTLINE_MAX + ATTACHMENTS_LEAST <=
                   SCAN_ANSWER_MAX,
               "all of it has room at once");

/* What the plain facts of each producer may take together; 0: they are of no scanner. */
static const size_t shares[PRODUCER_COUNT] = {
    [PRODUCER_MESSAGE] = MESSAGE_SHARE, [PRODUCER_ANTIVIRUS] = MESSAGE_SHARE,
    [PRODUCER_SPF] = SENDER_SHARE / 2,  [PRODUCER_AUTHENTICATION] = SENDER_SHARE / 2,
    [PRODUCER_LINKS] = LINKS_SHARE,     [PRODUCER_DIGEST] = DIGEST_SHARE,
    [PRODUCER_CODES] = CODES_SHARE,     [PRODUCER_URLS] = URLS_SHARE,
    [PRODUCER_TEXT] = TEXT_SHARE,       [PRODUCER_ALTERNATIVES] = ALTERNATIVES_SHARE,
    [PRODUCER_SPAM] = SPAM_SHARE,       [PRODUCER_REASONS] = REASONS_SHARE,
};

/* Those that are packed one by one before all else. */
static bool is_plain(enum fact fact)
{
    return shares[fact_info(fact)->producer] && !fact_info(fact)->keyed;
}

static bool unpack_value(struct unpack *in, const struct type *type, struct arena *arena,
                         struct value *value)
{
    if (!in->bad && !value_decode(&in->left, type, arena, value))
        in->bad = true;
    return !in->bad;
}

static bool unpack_keyed(struct unpack *in, struct arena *arena, size_t header_count,
                         struct facts *facts)
{
    if (unpack_u32(in) != header_count)
        return false;
    if (header_count == 0)
        return true;
    facts->keyed = arena_array(arena, header_count, sizeof *facts->keyed);
    if (!facts->keyed)
        return false;
    const struct type *type = &fact_info(FACT_HEADER)->type;
    for (size_t i = 0; i < header_count; i++)
        if (!unpack_value(in, type, arena, &facts->keyed[i]))
            return false;
    return true;
}

static bool unpack_range(struct unpack *in, const struct part_range *before,
                         struct part_range *range)
{
    range->part = unpack_u32(in);
    range->header = unpack_u64(in);
    range->body = unpack_u64(in);
    range->end = unpack_u64(in);
    uint8_t sealed = unpack_u8(in);
    range->sealed = sealed;
    return !in->bad && sealed <= 1 && range->header <= range->body && range->body <= range->end &&
           (!before || range->part > before->part);
}

static bool unpack_ranges(struct unpack *in, struct arena *arena, struct scan_answer *answer)
{
    size_t count = unpack_u32(in);
    if (in->bad || count > in->left.len / RANGE_BYTES)
        return false;
    answer->parts = arena_array(arena, count, sizeof *answer->parts);
    if (!answer->parts)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!unpack_range(in, i ? &answer->parts[i - 1] : NULL, &answer->parts[i]))
            return false;
    answer->part_count = count;
    return true;
}

static bool unpack_wanted(struct unpack *in, struct arena *arena, struct scan_answer *answer)
{
    size_t count = unpack_u32(in);
    if (in->bad || count > DNS_WANTED_MAX || count > in->left.len / WANTED_BYTES_MIN)
        return false;
    struct dns_wanted *wanted = arena_array(arena, count, sizeof *wanted);
    for (size_t i = 0; wanted && i < count; i++) {
        wanted[i].name = unpack_slice(in);
        wanted[i].type = (enum dns_type)unpack_u8(in);
        wanted[i].reserved = unpack_u8(in) != 0;
        if (in->bad || !dns_name_can_exist(wanted[i].name) || !dns_type_is_known(wanted[i].type))
            return false;
    }
    answer->wanted = wanted;
    answer->wanted_count = count;
    return wanted;
}

static bool unpack_attached(struct unpack *in, struct scan_attached *attached)
{
    attached->count = unpack_u32(in);
    struct slice digest = unpack_slice(in);
    attached->received = unpack_slice(in);
    attached->there = digest.len > 0;
    if (in->bad || (attached->there && digest.len != sizeof attached->digest) ||
        attached->received.len > SCAN_RECEIVED_MAX)
        return false;
    if (attached->there)
        memcpy(attached->digest, digest.ptr, digest.len);
    return true;
}

bool scan_answer_decode(struct slice payload, struct arena *arena, size_t header_count,
                        struct scan_answer *answer)
{
    struct unpack in = {.left = payload};
    struct value *fact = answer->facts.fact;
    bool ok = true;
    *answer = (struct scan_answer){.octets = payload, .cpu = unpack_u32(&in)};
    for (enum fact id = 0; ok && id < FACT_COUNT; id++)
        if (is_plain(id))
            ok = unpack_value(&in, &fact_info(id)->type, arena, &fact[id]);
    answer->facts.unasked = unpack_u8(&in) != 0;
    answer->vector = unpack_slice(&in);
    ok = ok && unpack_attached(&in, &answer->attached) &&
         scan_sketch_unpack(&in, &answer->sketch) &&
         unpack_keyed(&in, arena, header_count, &answer->facts) &&
         unpack_ranges(&in, arena, answer) && unpack_wanted(&in, arena, answer) &&
         scan_pictures_unpack(&in, &answer->pictures) &&
         banner_sites_unpack(&in, &answer->banners) &&
         overlays_unpack(&in, arena, &answer->overlays, &answer->overlay_count) &&
         outline_unpack(&in, arena, &answer->outline) &&
         unpack_value(&in, &fact_info(FACT_ATTACHMENTS)->type, arena, &fact[FACT_ATTACHMENTS]) &&
         unpack_done(&in);
    if (!ok)
        *answer = (struct scan_answer){0};
    return ok;
}

/* Half of a list that is too long; what is cut off leaves `rest`, if any, in its place. */
static void halve(struct list *list, const struct value *rest)
{
    bool rest_alone = rest && list->count == 1 && list->items[0].fields == rest->fields;
    list->count = rest && !rest_alone ? (list->count + 1) / 2 : list->count / 2;
    list->cut = true;
    if (rest && list->count > 0)
        list->items[list->count - 1] = *rest;
}

/* Appends the value in at most `share` bytes and tells how many it took. */
static size_t pack_list(struct buf *out, const struct type *type, struct value value, size_t share,
                        const struct value *rest)
{
    size_t before = buf_len(out);
    struct buf one = buf_init(share);
    while (!value_encode(&one, type, &value) || one.failed) {
        buf_clear(&one);
        if (type->kind != TYPE_LIST || value.state != VALUE_KNOWN || value.list.count == 0) {
            value = value_unknown();
            one.max = SMALL_VALUE;
            if (!value_encode(&one, type, &value))
                out->failed = true;
            break;
        }
        halve(&value.list, rest);
    }
    buf_append(out, buf_slice(&one));
    buf_release(&one);
    return buf_len(out) - before;
}

static size_t pack_value(struct buf *out, const struct type *type, struct value value, size_t share)
{
    return pack_list(out, type, value, share, NULL);
}

static size_t share_of(size_t left, size_t values_after)
{
    size_t reserved = values_after * SMALL_VALUE;
    return left > reserved + SMALL_VALUE ? left - reserved : SMALL_VALUE;
}

static void pack_plain(struct buf *out, const struct facts *facts)
{
    size_t left[PRODUCER_COUNT];
    memcpy(left, shares, sizeof left);
    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        const struct fact_info *info = fact_info(fact);
        if (!is_plain(fact))
            continue;
        size_t *room = &left[info->producer];
        size_t took = pack_value(out, &info->type, facts->fact[fact], share_of(*room, FACT_COUNT));
        *room -= took < *room ? took : *room;
    }
}

static void pack_keyed(struct buf *out, const struct facts *facts, size_t count)
{
    size_t left = KEYED_SHARE;
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct value value = facts->keyed ? facts->keyed[i] : (struct value){0};
        size_t took =
            pack_value(out, &fact_info(FACT_HEADER)->type, value, share_of(left, count - i - 1));
        left -= took < left ? took : left;
    }
}

static void pack_ranges(struct buf *out, const struct scan_answer *answer)
{
    size_t count = answer->part_count;
    if (count > RANGES_SHARE / RANGE_BYTES)
        count = RANGES_SHARE / RANGE_BYTES;
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct part_range *range = &answer->parts[i];
        pack_u32(out, range->part);
        pack_u64(out, range->header);
        pack_u64(out, range->body);
        pack_u64(out, range->end);
        pack_u8(out, range->sealed);
    }
}

static size_t wanted_that_fit(const struct scan_answer *answer)
{
    size_t left = WANTED_SHARE, count = 0;
    while (count < answer->wanted_count) {
        size_t size = answer->wanted[count].name.len + WANTED_BYTES_MIN;
        if (size > left)
            break;
        left -= size;
        count++;
    }
    return count;
}

static void pack_wanted(struct buf *out, const struct scan_answer *answer)
{
    size_t count = wanted_that_fit(answer);
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pack_slice(out, answer->wanted[i].name);
        pack_u8(out, (uint8_t)answer->wanted[i].type);
        pack_u8(out, answer->wanted[i].reserved);
    }
}

static void pack_attached(struct buf *out, const struct scan_attached *attached)
{
    pack_u32(out, attached->count);
    pack_slice(out, (struct slice){(const char *)attached->digest,
                                   attached->there ? sizeof attached->digest : 0});
    pack_slice(out, attached->received);
}

bool scan_answer_encode(struct buf *out, size_t header_count, const struct scan_answer *answer)
{
    pack_u32(out, answer->cpu);
    pack_plain(out, &answer->facts);
    pack_u8(out, answer->facts.unasked);
    pack_slice(out, answer->vector);
    pack_attached(out, &answer->attached);
    scan_sketch_pack(out, &answer->sketch);
    pack_keyed(out, &answer->facts, header_count);
    pack_ranges(out, answer);
    pack_wanted(out, answer);
    scan_pictures_pack(out, &answer->pictures);
    banner_sites_pack(out, &answer->banners);
    overlays_pack(out, answer->overlays, answer->overlay_count);
    outline_pack(out, answer->outline);
    size_t left = out->max - buf_len(out);
    pack_list(out, &fact_info(FACT_ATTACHMENTS)->type, answer->facts.fact[FACT_ATTACHMENTS], left,
              attachment_rest());
    return !out->failed;
}
