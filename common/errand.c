/* SPDX-License-Identifier: ISC */
#include "common/errand.h"

enum { UTF8 = 1, EIGHT_BIT = 2, COPY = 4, ONLY_LEARNT = 8, SAY_MOST = 1000 };

void errand_pack(struct buf *out, const struct errand *e)
{
    pack_u64(out, e->number);
    pack_u64(out, e->attempt);
    pack_u64(out, e->about);
    pack_u64(out, e->octets);
    pack_u64(out, (uint64_t)e->deadline);
    const struct slice texts[] = {e->reference, e->sender, e->address, e->notify,
                                  e->orcpt,     e->ret,    e->envid,   e->field};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pack_slice(out, texts[i]);
    pack_u8(out, (uint8_t)((e->utf8 ? UTF8 : 0) | (e->eight_bit ? EIGHT_BIT : 0) |
                           (e->copy ? COPY : 0) | (e->only_learnt ? ONLY_LEARNT : 0)));
}

bool errand_unpack(struct slice payload, struct errand *e)
{
    struct unpack in = {.left = payload};
    *e = (struct errand){.number = unpack_u64(&in)};
    e->attempt = unpack_u64(&in);
    e->about = unpack_u64(&in);
    e->octets = unpack_u64(&in);
    e->deadline = (int64_t)unpack_u64(&in);
    struct slice *const texts[] = {&e->reference, &e->sender, &e->address, &e->notify,
                                   &e->orcpt,     &e->ret,    &e->envid,   &e->field};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = unpack_slice(&in);
    unsigned bits = unpack_u8(&in);
    e->utf8 = bits & UTF8;
    e->eight_bit = bits & EIGHT_BIT;
    e->copy = bits & COPY;
    e->only_learnt = bits & ONLY_LEARNT;
    return unpack_done(&in);
}

bool errand_tell(int sock, enum errand_message what, const struct errand *e,
                 enum errand_outcome outcome, struct slice say)
{
    struct buf out = buf_init(4096);
    pack_u64(&out, e->number);
    pack_u64(&out, e->attempt);
    pack_u8(&out, (uint8_t)outcome);
    pack_slice(&out, slice_sub(say, 0, SAY_MOST));
    bool told = !out.failed && ipc_send(sock, (uint16_t)what, buf_slice(&out), NULL, 0, false) == 1;
    buf_release(&out);
    return told;
}

bool errand_read_news(const struct ipc_message *message, struct errand_news *news)
{
    struct unpack in = {.left = message->payload};
    bool known = message->type == ERRAND_BEGINS || message->type == ERRAND_OVER ||
                 message->type == ERRAND_CLOSED;
    news->number = unpack_u64(&in);
    news->attempt = unpack_u64(&in);
    unsigned outcome = unpack_u8(&in);
    news->outcome = (enum errand_outcome)outcome;
    news->say = unpack_slice(&in);
    return known && unpack_done(&in) && outcome <= ERRAND_DOUBTED;
}
