/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_control.h"

#include <string.h>

static bool say(int control, enum family_message type, struct buf *payload)
{
    bool ok = !payload->failed &&
              ipc_send(control, (uint16_t)type, buf_slice(payload), NULL, 0, false) == 1;
    buf_release(payload);
    return ok;
}

bool family_say_ready(int control, unsigned workers)
{
    struct buf payload = buf_init(FAMILY_HEAR_BYTES);
    pack_u32(&payload, workers);
    return say(control, FAMILY_READY, &payload);
}

bool family_say_failed(int control, const char *text)
{
    struct buf payload = buf_init(FAMILY_HEAR_BYTES);
    pack_slice(&payload, slice_sub(slice_of(text), 0, SCAN_REASON_MAX));
    return say(control, FAMILY_FAILED, &payload);
}

bool family_retire(int control)
{
    struct buf payload = buf_init(FAMILY_HEAR_BYTES);
    return say(control, FAMILY_RETIRE, &payload);
}

bool family_tell_queue(int control, int queue)
{
    return ipc_send(control, FAMILY_QUEUE, SLICE(""), &queue, 1, false) == 1;
}

static bool unpack_text(struct unpack *in, char *out, size_t size)
{
    struct slice text = unpack_slice(in);
    if (text.len >= size)
        return false;
    memcpy(out, text.len ? text.ptr : "", text.len);
    out[text.len] = '\0';
    return true;
}

static bool says(enum family_side from, uint16_t type)
{
    static const enum family_side sides[] = {
#define FAMILY_MESSAGE(id, side, payload, what) [FAMILY_##id] = FAMILY_##side,
#include "filters/scanner/family_messages.def"
#undef FAMILY_MESSAGE
    };
    return type > FAMILY_NONE && type < sizeof sides / sizeof *sides && sides[type] == from;
}

int family_hear(int control, enum family_side from, enum family_message *type,
                struct family_heard *out)
{
    static char buffer[FAMILY_HEAR_BYTES];
    struct ipc_message message;
    int got = ipc_recv(control, &message, buffer, sizeof buffer, false);
    if (got <= 0)
        return got;
    bool known = says(from, message.type);
    bool has_descriptor = known && (message.type == FAMILY_CHANNEL || message.type == FAMILY_QUEUE);
    if (!has_descriptor)
        ipc_close_fds(&message);
    struct unpack in = {.left = message.payload};
    *out = (struct family_heard){0};
    *type = (enum family_message)message.type;
    if (has_descriptor) {
        out->message = message;
        return 1;
    }
    if (message.type == FAMILY_READY)
        out->workers = unpack_u32(&in);
    if (message.type == FAMILY_FAILED)
        known = known && unpack_text(&in, out->text, sizeof out->text);
    return known && unpack_done(&in) ? 1 : -1;
}
