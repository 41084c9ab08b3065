/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_serve.h"

#include "base/ipc_file.h"
#include "filters/scanner/scan_packets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { REFUSAL_BYTES = 4 + 1 + 4 + SCAN_REASON_MAX };

/* ---- jobs ---- */

/* Its descriptors, in their order. */
static int next_fd(struct ipc_message *packet)
{
    if (packet->fd_count == 0)
        return -1;
    int fd = packet->fds[0];
    packet->fd_count--;
    memmove(packet->fds, packet->fds + 1, packet->fd_count * sizeof *packet->fds);
    return fd;
}

/* The file that a large job came in is closed. */
static struct slice job_of(struct ipc_message *packet, struct slice here, struct arena *arena)
{
    struct slice none = {NULL, 0};
    if (packet->type == SCAN_JOB)
        return here;
    int file = packet->type == SCAN_LARGE_JOB ? next_fd(packet) : -1;
    if (file < 0)
        return none;
    struct slice job = ipc_file_read(file, SCAN_JOB_MAX, arena);
    close(file);
    return job;
}

static bool take_message(struct ipc_message *packet, enum job_message place, struct slice here,
                         struct scan_taken *out)
{
    if (place == JOB_HAS_IT_HERE)
        out->octets = here;
    if (place == JOB_HAS_IT_IN_A_FILE)
        out->file = next_fd(packet);
    return place == JOB_HAS_IT_HERE || (here.len == 0 && (place == JOB_HAS_NONE || out->file >= 0));
}

/* What has been taken out of it so far is in *out also when it fails. */
static bool take_job(struct ipc_message *packet, struct arena *arena, struct scan_taken *out)
{
    struct unpack in = {.left = packet->payload};
    out->address.number = unpack_u64(&in);
    out->address.row = unpack_u32(&in);
    out->address.serial = unpack_u32(&in);
    unsigned place = unpack_u8(&in);
    struct slice here = unpack_slice(&in), job = job_of(packet, here, arena);
    out->reply.number = out->address.number;
    if (out->address.number == 0)
        out->reply.sock = next_fd(packet);
    return !in.bad && job.ptr && place <= JOB_HAS_IT_IN_A_FILE &&
           (out->address.number != 0 || out->reply.sock >= 0) &&
           take_message(packet, (enum job_message)place, in.left, out) && packet->fd_count == 0 &&
           scan_job_decode(job, arena, &out->job) &&
           (place != JOB_HAS_NONE || !scan_job_needs_message(&out->job));
}

int scan_take(int queue, bool wait, struct arena *arena, struct scan_taken *out)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    for (;;) {
        struct ipc_message packet;
        int got = ipc_recv(queue, &packet, buffer, sizeof buffer, wait);
        if (got < 0 && errno == ECONNRESET) /* a packet without octets, or the queue is closed */
            return 0;
        if (got == 0 || (got < 0 && errno != EBADMSG))
            return got;
        if (got < 0)
            continue;
        *out = (struct scan_taken){.file = -1, .reply = {.sock = -1}};
        if (take_job(&packet, arena, out))
            return 1;
        ipc_close_fds(&packet);
        scan_taken_end(out); /* whoever sent it sees its answer's socket end */
    }
}

void scan_taken_end(struct scan_taken *taken)
{
    if (taken->file >= 0)
        close(taken->file);
    if (taken->reply.sock >= 0 && !taken->reply.channel)
        close(taken->reply.sock);
    taken->file = taken->reply.sock = -1;
}

/* ---- answers ---- */

/* A proxy that has not taken the last one within the socket's patience is not waited for again. */
static bool send_piece(const struct scan_reply *reply, uint16_t type, struct slice piece)
{
    struct scan_channel *channel = reply->channel;
    char room[NUMBER_BYTES];
    struct buf number = buf_over(room, sizeof room);
    pack_u64(&number, reply->number);
    const struct slice parts[] = {buf_slice(&number), piece};
    int sent = ipc_send_parts(reply->sock, type, parts, 2, NULL, 0, !channel || !channel->deaf);
    if (channel)
        channel->deaf = sent == 0;
    return sent == 1;
}

static bool send_pieces(const struct scan_reply *reply, uint32_t cpu, struct slice payload)
{
    char room[8];
    struct buf first = buf_over(room, sizeof room);
    pack_u32(&first, cpu);
    pack_u32(&first, (uint32_t)payload.len);
    bool ok = send_piece(reply, SCAN_LARGE_ANSWER, buf_slice(&first));
    for (size_t at = 0; ok && at < payload.len; at += PIECE_BYTES)
        ok = send_piece(reply, SCAN_PIECE, slice_sub(payload, at, at + PIECE_BYTES));
    return ok;
}

bool scan_answer(const struct scan_reply *reply, const struct scan_job *job,
                 const struct scan_answer *answer)
{
    struct buf payload = buf_init(SCAN_ANSWER_MAX);
    bool ok = scan_answer_encode(&payload, job->header_count, answer);
    if (ok && buf_len(&payload) <= PIECE_BYTES)
        ok = send_piece(reply, SCAN_ANSWER, buf_slice(&payload));
    else
        ok = ok && send_pieces(reply, answer->cpu, buf_slice(&payload));
    buf_release(&payload);
    return ok;
}

static struct slice pack_refusal(char room[static REFUSAL_BYTES],
                                 const struct scan_failure *failure)
{
    struct buf out = buf_over(room, REFUSAL_BYTES);
    pack_u32(&out, failure->cpu);
    pack_u8(&out, (uint8_t)failure->failing);
    pack_slice(&out, slice_sub(slice_of(failure->reason), 0, SCAN_REASON_MAX));
    return buf_slice(&out);
}

bool scan_refuse(const struct scan_reply *reply, const struct scan_failure *failure)
{
    char room[REFUSAL_BYTES];
    return send_piece(reply, SCAN_REFUSAL, pack_refusal(room, failure));
}

void scan_refuse_at_once(const struct scan_reply *reply, const struct scan_failure *failure)
{
    char room[REFUSAL_BYTES], first[NUMBER_BYTES];
    struct buf number = buf_over(first, sizeof first);
    pack_u64(&number, reply->number);
    const struct slice parts[] = {buf_slice(&number), pack_refusal(room, failure)};
    ipc_send_parts(reply->sock, SCAN_REFUSAL, parts, 2, NULL, 0, false);
}
