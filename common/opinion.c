/* SPDX-License-Identifier: ISC */
#include "common/opinion.h"

#include <string.h>

const char *opinion_how_word(enum opinion_how how)
{
    static const char *const words[OPINION_HOWS] = {[OPINION_COPIED] = "copied",
                                                    [OPINION_MOVED] = "moved",
                                                    [OPINION_FLAGGED] = "flagged",
                                                    [OPINION_APPENDED] = "appended"};
    return words[how];
}

void opinion_pack(struct buf *out, const struct opinion *o)
{
    pack_u64(out, o->number);
    pack_slice(out, o->account);
    pack_slice(out, (struct slice){(const char *)o->message, OPINION_MESSAGE});
    pack_slice(out, o->reference);
    pack_u8(out, o->junk);
    pack_u8(out, (uint8_t)o->how);
    pack_u64(out, (uint64_t)o->time);
}

bool opinion_unpack(struct slice octets, struct opinion *o)
{
    struct unpack in = {.left = octets};
    o->number = unpack_u64(&in);
    o->account = unpack_slice(&in);
    struct slice message = unpack_slice(&in);
    o->reference = unpack_slice(&in);
    o->junk = unpack_u8(&in);
    unsigned how = unpack_u8(&in);
    o->how = (enum opinion_how)how;
    o->time = (int64_t)unpack_u64(&in);
    if (!unpack_done(&in) || how >= OPINION_HOWS || message.len != OPINION_MESSAGE ||
        o->account.len == 0 || o->account.len > OPINION_TEXT_MOST ||
        o->reference.len > OPINION_TEXT_MOST)
        return false;
    memcpy(o->message, message.ptr, OPINION_MESSAGE);
    return true;
}
