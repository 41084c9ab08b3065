/* SPDX-License-Identifier: ISC */
#include "common/hold.h"

#include "base/ipc_file.h"
#include "common/keeping.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    UTF8 = 1,
    EIGHT_BIT = 2,
    APART = 4,
    JOURNAL = 8,
    RELAY = 16,
    OUTBOUND = 32,
    LED = 64, /* by where its client wanted to go */
    HELD = 1  /* bits on the wire */
};

/* ---- octets ---- */

static void pack_recipient(struct buf *out, const struct hold_recipient *r)
{
    pack_slice(out, r->address);
    pack_slice(out, r->notify);
    pack_slice(out, r->orcpt);
    pack_slice(out, r->domain);
    pack_slice(out, r->why);
    pack_slice(out, r->rule);
    pack_u64(out, r->age);
    pack_u64(out, r->room);
    pack_u8(out, r->copy);
}

static void unpack_recipient(struct unpack *in, struct hold_recipient *r)
{
    r->address = unpack_slice(in);
    r->notify = unpack_slice(in);
    r->orcpt = unpack_slice(in);
    r->domain = unpack_slice(in);
    r->why = unpack_slice(in);
    r->rule = unpack_slice(in);
    r->age = unpack_u64(in);
    r->room = unpack_u64(in);
    r->copy = unpack_u8(in);
}

bool hold_encode(struct buf *out, const struct hold_request *request)
{
    const struct slice texts[] = {request->reference, request->client,  request->sender,
                                  request->author,    request->subject, request->message_id,
                                  request->fields,    request->ret,     request->envid};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pack_slice(out, texts[i]);
    pack_u8(out,
            (uint8_t)((request->utf8 ? UTF8 : 0) | (request->eight_bit ? EIGHT_BIT : 0) |
                      (request->apart.len ? APART : 0) | (request->relay.len ? RELAY : 0) |
                      (request->outbound ? OUTBOUND : 0) | (request->destination.len ? LED : 0) |
                      (request->place == HELD_IN_JOURNAL ? JOURNAL : 0)));
    if (request->apart.len)
        pack_slice(out, request->apart);
    if (request->relay.len)
        pack_slice(out, request->relay);
    if (request->destination.len) {
        pack_slice(out, request->led_to);
        pack_slice(out, request->destination);
    }
    pack_u64(out, request->ticket);
    pack_u32(out, (uint32_t)request->recipient_count);
    for (size_t i = 0; i < request->recipient_count; i++)
        pack_recipient(out, &request->recipients[i]);
    return !out->failed;
}

static bool unpack_recipients(struct unpack *in, struct arena *arena, struct hold_request *request)
{
    size_t count = unpack_u32(in);
    struct hold_recipient *all =
        count && count <= HOLD_RECIPIENTS_MAX ? arena_array(arena, count, sizeof *all) : NULL;
    for (size_t i = 0; all && i < count; i++)
        unpack_recipient(in, &all[i]);
    request->recipients = all;
    request->recipient_count = all ? count : 0;
    return all != NULL;
}

bool hold_decode(struct slice payload, struct arena *arena, struct hold_request *request)
{
    struct unpack in = {.left = payload};
    struct slice *const texts[] = {&request->reference, &request->client,  &request->sender,
                                   &request->author,    &request->subject, &request->message_id,
                                   &request->fields,    &request->ret,     &request->envid};
    *request = (struct hold_request){.recipients = NULL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = unpack_slice(&in);
    unsigned bits = unpack_u8(&in);
    request->utf8 = bits & UTF8;
    request->eight_bit = bits & EIGHT_BIT;
    request->outbound = bits & (OUTBOUND | RELAY);
    request->place = bits & JOURNAL ? HELD_IN_JOURNAL : HELD_IN_QUARANTINE;
    if (bits & APART)
        request->apart = unpack_slice(&in);
    if (bits & RELAY)
        request->relay = unpack_slice(&in);
    if (bits & LED) {
        request->led_to = unpack_slice(&in);
        request->destination = unpack_slice(&in);
    }
    request->ticket = unpack_u64(&in);
    return unpack_recipients(&in, arena, request) && unpack_done(&in);
}

/* ---- the proxy's side ---- */

/* As ipc_send: the message, the answer's socket, and the request in a file. */
static int send_request(int queue, int message, int reply, struct slice payload)
{
    int file = ipc_file_of(payload);
    if (file < 0)
        return -1;
    int sent = ipc_send(queue, KEEPING_HOLD, SLICE(""), (int[]){message, reply, file}, 3, false);
    int failure = sent == 0 ? EAGAIN : errno;
    close(file);
    errno = failure;
    return sent;
}

int hold_submit(int queue, int message, const struct hold_request *request)
{
    struct buf payload = buf_init(HOLD_MAX);
    int answer[2] = {-1, -1}, sent = -1;
    errno = EMSGSIZE;
    if (hold_encode(&payload, request) && ipc_answer_pair(answer) == 0)
        sent = send_request(queue, message, answer[1], buf_slice(&payload));
    int failure = errno;
    buf_release(&payload);
    return ipc_await(answer, sent == 1 ? 0 : failure);
}

int hold_collect(int sock, struct hold_answer *answer)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    struct ipc_message message;
    int got = ipc_recv(sock, &message, buffer, sizeof buffer, false);
    if (got <= 0)
        return got;
    ipc_close_fds(&message);
    struct unpack in = {.left = message.payload};
    unsigned bits = unpack_u8(&in);
    struct slice reason = slice_sub(unpack_slice(&in), 0, HOLD_REASON_MAX);
    if (!unpack_done(&in))
        return -1;
    answer->held = bits & HELD;
    snprintf(answer->text, sizeof answer->text, "%.*s", SLICE_ARGS(reason));
    answer->reason = answer->text;
    return 1;
}

/* ---- the keeper's side ---- */

bool hold_take(const struct ipc_message *packet, struct arena *arena, struct slice *octets,
               struct hold_request *request, int *message, int *reply)
{
    if (packet->fd_count != 3)
        return false;
    *message = packet->fds[0];
    *reply = packet->fds[1];
    *octets = ipc_file_read(packet->fds[2], HOLD_MAX, arena);
    return octets->ptr && hold_decode(*octets, arena, request);
}

void hold_tell(int reply, const struct hold_answer *answer)
{
    struct buf out = buf_init(4096);
    pack_u8(&out, answer->held ? HELD : 0);
    pack_slice(&out, slice_of(answer->reason));
    ipc_send(reply, KEEPING_HELD, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
}
