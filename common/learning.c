/* SPDX-License-Identifier: ISC */
#include "common/learning.h"

#include "common/keeping.h"

#include <errno.h>
#include <string.h>

/* ---- labels ---- */

const char *label_class_word(enum label_class class)
{
    return class == LABEL_SPAM ? "spam" : "good";
}

const char *label_how_word(enum label_how how)
{
    static const char *const words[LABEL_HOWS] = {
        [LABEL_IMPORTED] = "imported", [LABEL_RELEASED] = "released", [LABEL_MOVED] = "moved",
        [LABEL_FLAGGED] = "flagged",   [LABEL_REPORTED] = "reported", [LABEL_TRAP] = "trap",
        [LABEL_LEFT] = "left",         [LABEL_ANSWERED] = "answered"};
    return words[how];
}

bool label_how_of(struct slice word, enum label_how *out)
{
    for (enum label_how how = 0; how < LABEL_HOWS; how++)
        if (slice_eq(word, slice_of(label_how_word(how)))) {
            *out = how;
            return true;
        }
    return false;
}

void label_pack(struct buf *out, const struct label *label)
{
    pack_u64(out, label->number);
    pack_slice(out, (struct slice){(const char *)label->message, LABEL_MESSAGE});
    pack_u8(out, (uint8_t)label->class);
    pack_u8(out, (uint8_t)label->how);
    pack_slice(out, label->account);
    pack_slice(out, label->reference);
    pack_u64(out, (uint64_t)label->time);
    pack_slice(out, label->vector);
}

int label_submit(int queue, const struct label *label)
{
    struct buf item = buf_init(IPC_PAYLOAD_MAX), packet = buf_init(IPC_PAYLOAD_MAX);
    int answer[2] = {-1, -1}, sent = -1;
    label_pack(&item, label);
    pack_slice(&packet, buf_slice(&item));
    errno = EMSGSIZE;
    if (!item.failed && !packet.failed && ipc_answer_pair(answer) == 0)
        sent = ipc_send(queue, KEEPING_LABELS, buf_slice(&packet), &answer[1], 1, false);
    int failure = sent == 0 ? EAGAIN : errno;
    buf_release(&item);
    buf_release(&packet);
    return ipc_await(answer, sent == 1 ? 0 : failure);
}

static bool fits(const struct label *label)
{
    return label->account.len <= LABEL_TEXT_MOST && label->reference.len <= LABEL_TEXT_MOST &&
           label->vector.len > 0 && label->vector.len <= LABEL_VECTOR_MOST && label->time >= 0;
}

bool label_unpack(struct slice octets, struct label *label)
{
    struct unpack in = {.left = octets};
    label->number = unpack_u64(&in);
    struct slice message = unpack_slice(&in);
    unsigned class = unpack_u8(&in), how = unpack_u8(&in);
    label->class = (enum label_class) class;
    label->how = (enum label_how)how;
    label->account = unpack_slice(&in);
    label->reference = unpack_slice(&in);
    label->time = (int64_t)unpack_u64(&in);
    label->vector = unpack_slice(&in);
    if (!unpack_done(&in) || message.len != LABEL_MESSAGE || class >= LABEL_CLASSES ||
        how >= LABEL_HOWS || !fits(label))
        return false;
    memcpy(label->message, message.ptr, LABEL_MESSAGE);
    return true;
}

/* ---- builds ---- */

static bool fail(struct unpack *in)
{
    in->bad = true;
    return false;
}

void learn_item_pack(struct buf *out, const struct learn_item *item)
{
    pack_u64(out, item->number);
    pack_u8(out, (uint8_t)item->class);
    pack_u32(out, item->weight);
    pack_slice(out, item->sealed);
    pack_u64(out, item->account);
    pack_u8(out, item->quiet);
}

bool learn_item_next(struct unpack *in, struct learn_item *item)
{
    if (in->bad || in->left.len == 0)
        return false;
    item->number = unpack_u64(in);
    unsigned class = unpack_u8(in);
    item->class = (enum label_class) class;
    item->weight = unpack_u32(in);
    item->sealed = unpack_slice(in);
    item->account = unpack_u64(in);
    item->quiet = unpack_u8(in);
    if (in->bad || class >= LABEL_CLASSES || item->sealed.len > LEARN_SEALED_MOST)
        return fail(in);
    return true;
}

void learn_prediction_pack(struct buf *out, const struct learn_prediction *prediction)
{
    pack_u64(out, prediction->number);
    pack_u8(out, (uint8_t)prediction->class);
    pack_u8(out, prediction->probability & 0xff);
    pack_u8(out, (uint8_t)(prediction->probability >> 8));
}

bool learn_prediction_next(struct unpack *in, struct learn_prediction *prediction)
{
    if (in->bad || in->left.len == 0)
        return false;
    prediction->number = unpack_u64(in);
    unsigned class = unpack_u8(in), low = unpack_u8(in), high = unpack_u8(in);
    prediction->class = (enum label_class) class;
    prediction->probability = (uint16_t)(low | high << 8);
    if (in->bad || class >= LABEL_CLASSES)
        return fail(in);
    return true;
}

const char *learn_outcome_word(enum learn_outcome outcome)
{
    static const char *const words[LEARN_OUTCOMES] = {[LEARN_PUBLISHED] = "published",
                                                      [LEARN_COLLECTING] = "collecting",
                                                      [LEARN_WORSE] = "worse"};
    return words[outcome];
}

void learn_built_pack(struct buf *out, const struct learn_built *built)
{
    pack_u64(out, built->number);
    pack_u8(out, (uint8_t)built->outcome);
    pack_u32(out, built->good);
    pack_u32(out, built->spam);
    pack_u32(out, built->unread);
    pack_u32(out, built->compared);
    pack_u32(out, built->loss);
    pack_u32(out, built->old_loss);
    pack_slice(out, (struct slice){(const char *)built->digest, LEARN_DIGEST});
}

bool learn_built_unpack(struct slice payload, struct learn_built *built)
{
    struct unpack in = {.left = payload};
    built->number = unpack_u64(&in);
    unsigned outcome = unpack_u8(&in);
    built->outcome = (enum learn_outcome)outcome;
    built->good = unpack_u32(&in);
    built->spam = unpack_u32(&in);
    built->unread = unpack_u32(&in);
    built->compared = unpack_u32(&in);
    built->loss = unpack_u32(&in);
    built->old_loss = unpack_u32(&in);
    struct slice digest = unpack_slice(&in);
    if (!unpack_done(&in) || outcome >= LEARN_OUTCOMES || digest.len != LEARN_DIGEST)
        return false;
    memcpy(built->digest, digest.ptr, LEARN_DIGEST);
    return true;
}
