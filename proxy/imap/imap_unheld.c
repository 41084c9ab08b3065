/* SPDX-License-Identifier: ISC
 * Where no rule looks at messages they pass as they come: what is recorded of one is what its
 * beginning says. */
#include "proxy/imap/imap_held.h"

#include "filters/mime/headers.h"
#include "proxy/imap/imap_string.h"

static bool is_first(struct imap_session *s, uint32_t uid)
{
    return !uid || id_set_is_first(&s->recorded, uid);
}

static bool passes(struct imap_session *s, const struct imap_unheld *message)
{
    arena_reset(s->reader.mail);
    reader_refer_to_message(&s->reader, message->uid ? message->uid : message->number);
    struct fetched fetched = {.reader = &s->reader,
                              .direction = s->reader.base.listener->direction};
    bool passes = fetched_begin_over(&fetched, headers_block(message->begins, NULL)) &&
                  fetched_passes(&fetched);
    fetched.octets = message->size;
    if (passes && is_first(s, message->uid))
        reader_record_message(&s->reader, &fetched, "accept", "");
    fetched_end(&fetched);
    return passes;
}

static bool may_pass(struct imap_session *s, const struct imap_unheld *message)
{
    const struct proxy *proxy = s->reader.base.proxy;
    if (proxy->looks_at_mail)
        return false;
    if (proxy->acts_at[PHASE_MESSAGE] || !reader_only_counts(&s->reader))
        return passes(s, message);
    if (is_first(s, message->uid))
        reader_count_passed(&s->reader, message->size);
    return true;
}

bool imap_passes_unheld(struct imap_session *s, const struct imap_unheld *message)
{
    static const struct slice unknown = {NULL, 0};
    bool all = message->begins.len >= message->size;
    if (!may_pass(s, message))
        return false;
    imap_left_shown(s, message->uid, all ? slice_sub(message->begins, 0, message->size) : unknown);
    return true;
}

/* The items up to the message, of which not all has come. False: they are others, or too many. */
static bool find_message(struct slice bytes, struct imap_unheld *out)
{
    struct imap_fetched_item item;
    size_t at = 0;
    int found;
    while ((found = imap_fetched_item(bytes, &at, &item)) == 1)
        if (slice_ieq(item.name, SLICE("UID")))
            out->uid = imap_number(item.value);
        else if (imap_item(item.name) != IMAP_ITEM_OTHER)
            return false;
    struct slice literal = slice_from(bytes, at + item.name.len);
    size_t lf = slice_find(literal, '\n');
    struct slice announcement = slice_sub(literal, 0, lf), digits;
    out->begins = slice_from(literal, lf + 1);
    return found == -1 && imap_item(item.name) == IMAP_ITEM_WHOLE &&
           imap_announcement(slice_trim(announcement), &digits) == 0 &&
           slice_to_u64(digits, UINT64_MAX, &out->size);
}

bool imap_is_unheld(struct imap_session *s, uint32_t number, struct slice bytes, bool *more)
{
    struct imap_unheld message = {.number = number};
    *more = false;
    if (s->reader.base.proxy->looks_at_mail || !find_message(bytes, &message) ||
        imap_barrier_reads(s, number, message.uid) || imap_looks_at(s, number, message.uid))
        return false;
    *more = bytes.len < IMAP_INPUT_MAX && message.begins.len < message.size &&
            headers_block(message.begins, NULL).len == message.begins.len;
    return !*more && imap_passes_unheld(s, &message);
}
