/* SPDX-License-Identifier: ISC */
#include "common/answerable.h"

static bool is_id(struct slice id)
{
    return id.len > 0 && id.len <= ANSWERABLE_ID_MOST;
}

static bool is_address(struct slice address)
{
    return address.len > 0 && address.len <= LABEL_TEXT_MOST;
}

void answerable_pack(struct buf *out, const struct answerable *answerable)
{
    struct buf label = buf_init(IPC_PAYLOAD_MAX);
    label_pack(&label, &answerable->label);
    pack_slice(out, buf_slice(&label));
    pack_slice(out, answerable->id);
    pack_slice(out, answerable->sender);
    out->failed |= label.failed;
    buf_release(&label);
}

bool answerable_unpack(struct slice octets, struct answerable *answerable)
{
    struct unpack in = {.left = octets};
    struct slice label = unpack_slice(&in);
    answerable->id = unpack_slice(&in);
    answerable->sender = unpack_slice(&in);
    return unpack_done(&in) && is_id(answerable->id) && is_address(answerable->sender) &&
           label_unpack(label, &answerable->label) && answerable->label.account.len > 0 &&
           answerable->label.reference.len > 0 && answerable->label.class == LABEL_GOOD &&
           answerable->label.how == LABEL_ANSWERED;
}

void answer_sent_pack(struct buf *out, const struct answer_sent *answer)
{
    pack_slice(out, answer->account);
    pack_slice(out, answer->id);
    pack_u32(out, (uint32_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        pack_slice(out, answer->recipients[i]);
}

bool answer_sent_unpack(struct slice octets, struct answer_sent *answer)
{
    struct unpack in = {.left = octets};
    answer->account = unpack_slice(&in);
    answer->id = unpack_slice(&in);
    answer->count = unpack_u32(&in);
    if (in.bad || answer->count > ANSWER_RECIPIENTS_MOST || !is_id(answer->id) ||
        !is_address(answer->account))
        return false;
    bool are = true;
    for (size_t i = 0; i < answer->count; i++)
        are = is_address(answer->recipients[i] = unpack_slice(&in)) && are;
    return unpack_done(&in) && are;
}
