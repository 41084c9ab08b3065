/* SPDX-License-Identifier: ISC
 * The messages of messages.def, and the one check that both ends make of each message. */
#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

#include "base/ipc.h"
#include "filters/pipeline.h"

enum { PROXY_CONTROL_FD = 3, TICKET_KEY_SIZE = 80, TICKET_KEYS = 3 };

/* How long a proxy may take for a SAMPLE, and how long its domain may be; milliseconds, octets. */
enum { SAMPLE_MS = 20000, SAMPLE_DOMAIN_MAX = 255 };

enum message_direction { MESSAGE_DOWN, MESSAGE_UP };

/* How far a proxy is; both ends keep it. A set of them is a sum. */
enum proxy_state {
    PROXY_CONFIGURING = 1,
    PROXY_STARTING = 2,
    PROXY_SERVING = 4,
    PROXY_DRAINING = 8
};

enum message {
#define MESSAGE(id, ...) MESSAGE_##id,
#include "common/messages.def"
#undef MESSAGE
    MESSAGE_COUNT
};

/* The message's word, "?" for what is none. */
const char *message_name(uint16_t type);

/* Whether the table allows this message in this direction now, with the descriptors and a payload
 * of the form it says. */
bool message_allowed(const struct ipc_message *message, enum message_direction direction,
                     enum proxy_state state);

#endif
