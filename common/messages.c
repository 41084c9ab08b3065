/* SPDX-License-Identifier: ISC */
#include "common/messages.h"

struct message_row {
    const char *name;
    enum message_direction direction;
    unsigned when;
    const char *payload;
    size_t descriptors;
};

enum {
    CONFIGURING = PROXY_CONFIGURING,
    STARTING = PROXY_STARTING,
    SERVING = PROXY_SERVING,
    DRAINING = PROXY_DRAINING
};

static const struct message_row rows[] = {
#define MESSAGE(id, direction, when, payload, descriptors, doc)                                    \
    {#id, MESSAGE_##direction, when, payload, descriptors},
#include "common/messages.def"
#undef MESSAGE
};

const char *message_name(uint16_t type)
{
    return type < MESSAGE_COUNT ? rows[type].name : "?";
}

static bool payload_fits(struct slice payload, const char *form)
{
    struct unpack in = {.left = payload};
    for (; *form; form++) {
        if (*form == 'u')
            unpack_u32(&in);
        else if (*form == 'b')
            unpack_u8(&in);
        else
            unpack_slice(&in);
    }
    return unpack_done(&in);
}

bool message_allowed(const struct ipc_message *message, enum message_direction direction,
                     enum proxy_state state)
{
    if (message->type >= MESSAGE_COUNT)
        return false;
    const struct message_row *row = &rows[message->type];
    return row->direction == direction && (row->when & (unsigned)state) != 0 &&
           row->descriptors == message->fd_count && payload_fits(message->payload, row->payload);
}
