/* SPDX-License-Identifier: ISC */
#include "proxy/process/program.h"

#include "base/log.h"

#include <stdlib.h>

void program_say(enum message type, struct slice payload)
{
    ipc_send(PROXY_CONTROL_FD, (uint16_t)type, payload, NULL, 0, true);
}

_Noreturn void program_give_up(const char *reason)
{
    struct buf out = buf_init(4096);
    pack_slice(&out, slice_of(reason));
    program_say(MESSAGE_FAILED, buf_slice(&out));
    log_at(LEVEL_ERROR, "", "proxy cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

void program_set_tickets(struct program *p)
{
    struct slice keys[TICKET_KEYS];
    for (int i = 0; i < TICKET_KEYS; i++)
        keys[i] = (struct slice){p->tickets.bytes[i], TICKET_KEY_SIZE};
    if (p->proxy.tls && p->tickets.given)
        tls_set_tickets(p->proxy.tls, keys);
}
