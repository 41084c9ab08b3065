/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_job.h"

#include "base/ipc_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SCAN_JOB = 1, SCAN_ANSWER, SCAN_LARGE_ANSWER, SCAN_REFUSAL, SCAN_LARGE_JOB, SCAN_PIECE };

/* Octets of a job that stands in its packet. The kernel counts a queue's packets by their octets:
 * who fills the table of DNS answers must not fill the queue of all. */
enum { INLINE_JOB_MAX = 16 * 1024 };

/* -- the proxy's side -- */

/* -1 with errno: it cannot be sent at all. */
static int pack(struct buf *payload, int message, const struct scan_job *job)
{
    errno = EINVAL;
    if (message < 0 && scan_job_needs_message(job))
        return -1;
    errno = EMSGSIZE;
    return scan_job_encode(payload, job) ? 0 : -1;
}

/* As ipc_send: the answer's socket, then the message, if there is one; a large job in a file in
 * front of both. */
static int send_job(int queue, struct slice payload, int answer, int message)
{
    const int fds[] = {answer, message};
    size_t count = message < 0 ? 1 : 2;
    if (payload.len <= INLINE_JOB_MAX)
        return ipc_send(queue, SCAN_JOB, payload, fds, count, false);
    int file = ipc_file_of(payload);
    if (file < 0)
        return -1;
    int sent = ipc_send(queue, SCAN_LARGE_JOB, SLICE(""), (int[]){file, answer, message}, count + 1,
                        false);
    int failure = errno;
    close(file);
    errno = failure;
    return sent;
}

/* What passes: also the kernel's bounds on descriptors, open or under way. */
static bool will_pass(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == ETOOMANYREFS || error == EMFILE ||
           error == ENFILE;
}

int scan_submit(int queue, int message, const struct scan_job *job)
{
    struct buf payload = buf_init(SCAN_JOB_MAX);
    int answer[2] = {-1, -1}, sent = -1;
    if (pack(&payload, message, job) == 0 && ipc_answer_pair(answer) == 0)
        sent = send_job(queue, buf_slice(&payload), answer[1], message);
    int failure = sent == 0 || will_pass(errno) ? EAGAIN : errno;
    buf_release(&payload);
    return ipc_await(answer, sent == 1 ? 0 : failure);
}

static int failed(struct scan_failure *failure, const char *why)
{
    *failure = (struct scan_failure){.reason = why, .failing = SCAN_FAILS_BY_IT};
    return -1;
}

static int talked_nonsense(struct scan_failure *failure)
{
    return failed(failure, "the scanner talked nonsense");
}

/* Where the arena is full it is ours that is short. */
static int is_unreadable(const struct arena *arena, struct scan_failure *failure)
{
    talked_nonsense(failure);
    if (arena_failed(arena))
        failure->failing = SCAN_FAILS_NOW;
    return -1;
}

static int has_ended(struct scan_failure *failure)
{
    failed(failure, "the scanner died");
    failure->died = true;
    return -1;
}

static int read_refusal(struct slice payload, struct arena *arena, struct scan_failure *failure)
{
    struct unpack in = {.left = payload};
    uint32_t cpu = unpack_u32(&in);
    unsigned failing = unpack_u8(&in);
    struct slice text = unpack_slice(&in);
    const char *told = unpack_done(&in) ? arena_cstr(arena, text) : NULL;
    if (!told || failing > SCAN_FAILS_ALWAYS)
        return is_unreadable(arena, failure);
    *failure = (struct scan_failure){told, (enum scan_failing)failing, false, cpu};
    return -1;
}

/* The first says how large it will be. */
static bool begin_pieces(struct slice first, struct arena *arena, struct scan_pieces *pieces)
{
    struct unpack in = {.left = first};
    uint32_t cpu = unpack_u32(&in);
    size_t size = unpack_u32(&in);
    if (!unpack_done(&in) || size == 0 || size > SCAN_ANSWER_MAX || pieces->bytes)
        return false;
    *pieces = (struct scan_pieces){arena_alloc(arena, size), size, 0, cpu};
    return pieces->bytes;
}

static bool add_piece(struct slice piece, struct scan_pieces *pieces)
{
    if (!pieces->bytes || piece.len == 0 || piece.len > pieces->size - pieces->got)
        return false;
    memcpy(pieces->bytes + pieces->got, piece.ptr, piece.len);
    pieces->got += piece.len;
    return true;
}

/* As scan_collect; *payload is the whole answer. */
static int take_packet(const struct ipc_message *packet, struct arena *arena,
                       struct scan_pieces *pieces, struct slice *payload)
{
    if (packet->type == SCAN_LARGE_ANSWER)
        return begin_pieces(packet->payload, arena, pieces) ? 0 : -1;
    if (packet->type == SCAN_PIECE) {
        if (!add_piece(packet->payload, pieces))
            return -1;
        *payload = (struct slice){pieces->bytes, pieces->size};
        return pieces->got == pieces->size;
    }
    if (packet->type != SCAN_ANSWER || pieces->bytes)
        return -1;
    *payload = arena_copy(arena, packet->payload);
    return payload->ptr ? 1 : -1;
}

/* As ipc_recv. The payload is valid until the next call. */
static int receive(int sock, struct ipc_message *out)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)]; /* the process has one thread */
    int got = ipc_recv(sock, out, buffer, sizeof buffer, false);
    if (got > 0)
        ipc_close_fds(out);
    return got;
}

int scan_collect_cpu(int sock, uint32_t *cpu)
{
    struct ipc_message first;
    int got = receive(sock, &first);
    if (got <= 0)
        return got;
    struct unpack in = {.left = first.payload};
    bool tells =
        first.type == SCAN_ANSWER || first.type == SCAN_LARGE_ANSWER || first.type == SCAN_REFUSAL;
    *cpu = unpack_u32(&in);
    return tells && !in.bad ? 1 : -1;
}

int scan_collect(int sock, struct arena *arena, size_t header_count, struct scan_pieces *pieces,
                 struct scan_answer *answer, struct scan_failure *failure)
{
    struct ipc_message message;
    int got = receive(sock, &message);
    if (got == 0)
        return 0;
    if (got < 0)
        return errno == EBADMSG ? talked_nonsense(failure) : has_ended(failure);
    struct slice payload = {NULL, 0};
    if (message.type == SCAN_REFUSAL)
        return read_refusal(message.payload, arena, failure);
    got = take_packet(&message, arena, pieces, &payload);
    if (got == 0 || (got > 0 && scan_answer_decode(payload, arena, header_count, answer)))
        return got;
    return is_unreadable(arena, failure);
}

/* -- the scanner's side -- */

/* The file that a large job came in is closed. */
static struct slice payload_of(struct ipc_message *packet, struct arena *arena)
{
    if (packet->type == SCAN_JOB)
        return arena_copy(arena, packet->payload);
    struct slice payload = {NULL, 0};
    if (packet->type != SCAN_LARGE_JOB || packet->fd_count == 0)
        return payload;
    payload = ipc_file_read(packet->fds[0], SCAN_JOB_MAX, arena);
    close(packet->fds[0]);
    packet->fd_count--;
    memmove(packet->fds, packet->fds + 1, packet->fd_count * sizeof *packet->fds);
    return payload;
}

static bool take_job(struct ipc_message *packet, struct arena *arena, struct scan_job *job)
{
    struct slice lasting = payload_of(packet, arena);
    return lasting.ptr && packet->fd_count >= 1 && packet->fd_count <= 2 &&
           scan_job_decode(lasting, arena, job) &&
           (packet->fd_count == 2 || !scan_job_needs_message(job));
}

int scan_take(int queue, bool wait, struct arena *arena, struct scan_job *job, int *message,
              int *reply)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    for (;;) {
        struct ipc_message packet;
        int got = ipc_recv(queue, &packet, buffer, sizeof buffer, wait);
        if (got == 0 || (got < 0 && errno != EBADMSG))
            return got;
        if (got < 0)
            continue;
        if (take_job(&packet, arena, job)) {
            *reply = packet.fds[0];
            *message = packet.fd_count == 2 ? packet.fds[1] : -1;
            return 1;
        }
        ipc_close_fds(&packet); /* whoever sent it sees its answer's socket end */
    }
}

static bool send_piece(int reply, uint16_t type, struct slice piece)
{
    return ipc_send(reply, type, piece, NULL, 0, true) == 1;
}

static bool send_pieces(int reply, uint32_t cpu, struct slice payload)
{
    char room[8];
    struct buf first = buf_over(room, sizeof room);
    pack_u32(&first, cpu);
    pack_u32(&first, (uint32_t)payload.len);
    bool ok = send_piece(reply, SCAN_LARGE_ANSWER, buf_slice(&first));
    for (size_t at = 0; ok && at < payload.len; at += IPC_PAYLOAD_MAX)
        ok = send_piece(reply, SCAN_PIECE, slice_sub(payload, at, at + IPC_PAYLOAD_MAX));
    return ok;
}

bool scan_answer(int reply, const struct scan_job *job, const struct scan_answer *answer)
{
    struct buf payload = buf_init(SCAN_ANSWER_MAX);
    bool ok = scan_answer_encode(&payload, job->header_count, answer);
    if (ok && buf_len(&payload) <= IPC_PAYLOAD_MAX)
        ok = send_piece(reply, SCAN_ANSWER, buf_slice(&payload));
    else
        ok = ok && send_pieces(reply, answer->cpu, buf_slice(&payload));
    buf_release(&payload);
    return ok;
}

bool scan_refusal_pack(struct buf *out, const struct scan_failure *failure)
{
    pack_u32(out, failure->cpu);
    pack_u8(out, (uint8_t)failure->failing);
    pack_slice(out, slice_sub(slice_of(failure->reason), 0, SCAN_REASON_MAX));
    return !out->failed;
}

void scan_refusal_send(int reply, struct slice packed)
{
    ipc_send(reply, SCAN_REFUSAL, packed, NULL, 0, false);
}

bool scan_refuse(int reply, const struct scan_failure *failure)
{
    struct buf payload = buf_init(IPC_PAYLOAD_MAX);
    bool ok = scan_refusal_pack(&payload, failure) &&
              send_piece(reply, SCAN_REFUSAL, buf_slice(&payload));
    buf_release(&payload);
    return ok;
}
