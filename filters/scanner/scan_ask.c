/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_ask.h"

#include "base/ipc_file.h"
#include "filters/scanner/scan_packets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Octets of a job that stands in its packet. The kernel counts a queue's packets by their octets:
 * who fills the table of DNS answers must not fill the queue of all. */
enum { INLINE_JOB_MAX = 16 * 1024 };

/* ---- jobs ---- */

/* -1 with errno: it cannot be sent at all. */
static int pack(struct buf *payload, const struct scan_content *message, const struct scan_job *job)
{
    errno = EINVAL;
    if (message->file < 0 && !message->octets.ptr && scan_job_needs_message(job))
        return -1;
    errno = EMSGSIZE;
    return scan_job_encode(payload, job) && message->octets.len <= SCAN_SMALL_MESSAGE ? 0 : -1;
}

static enum job_message place_of(const struct scan_content *message)
{
    return message->file >= 0     ? JOB_HAS_IT_IN_A_FILE
           : !message->octets.ptr ? JOB_HAS_NONE
                                  : JOB_HAS_IT_HERE;
}

static struct slice pack_form(char room[static JOB_FORM_BYTES], const struct scan_address *address,
                              enum job_message place, size_t octets)
{
    struct buf form = buf_over(room, JOB_FORM_BYTES);
    pack_u64(&form, address->number);
    pack_u32(&form, address->row);
    pack_u32(&form, address->serial);
    pack_u8(&form, (uint8_t)place);
    pack_u32(&form, (uint32_t)octets);
    return buf_slice(&form);
}

/* As ipc_send. `answer` is the socket for it, -1: it goes to the address. */
static int send_packet(int queue, struct slice job, int job_file, int answer,
                       const struct scan_content *message, const struct scan_address *address)
{
    char room[JOB_FORM_BYTES];
    enum job_message place = place_of(message);
    struct slice here = place == JOB_HAS_IT_HERE ? message->octets : SLICE("");
    const struct slice parts[] = {pack_form(room, address, place, job.len), job, here};
    int fds[3];
    size_t count = 0;
    if (job_file >= 0)
        fds[count++] = job_file;
    if (answer >= 0)
        fds[count++] = answer;
    if (place == JOB_HAS_IT_IN_A_FILE)
        fds[count++] = message->file;
    return ipc_send_parts(queue, job_file < 0 ? SCAN_JOB : SCAN_LARGE_JOB, parts, 3, fds, count,
                          false);
}

static int send_job(int queue, struct slice job, int answer, const struct scan_content *message,
                    const struct scan_address *address)
{
    if (job.len <= INLINE_JOB_MAX)
        return send_packet(queue, job, -1, answer, message, address);
    int file = ipc_file_of(job);
    if (file < 0)
        return -1;
    int sent = send_packet(queue, SLICE(""), file, answer, message, address);
    int failure = errno;
    close(file);
    errno = failure;
    return sent;
}

/* What passes: also the kernel's bounds on descriptors, open or under way, and a queue that somebody has
 * closed: another comes. */
static bool will_pass(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == EPIPE || error == ETOOMANYREFS ||
           error == EMFILE || error == ENFILE;
}

/* 0, or an errno. */
static int put(int queue, int answer, const struct scan_content *message,
               const struct scan_job *job, const struct scan_address *address)
{
    struct buf payload = buf_init(SCAN_JOB_MAX);
    int sent = -1;
    if (pack(&payload, message, job) == 0)
        sent = send_job(queue, buf_slice(&payload), answer, message, address);
    int failure = sent == 1 ? 0 : sent == 0 || will_pass(errno) ? EAGAIN : errno;
    buf_release(&payload);
    return failure;
}

int scan_submit(int queue, int message, const struct scan_job *job)
{
    static const struct scan_address nowhere = {0};
    const struct scan_content content = {.file = message};
    int answer[2] = {-1, -1};
    if (ipc_answer_pair(answer) != 0)
        return ipc_await(answer, will_pass(errno) ? EAGAIN : errno);
    return ipc_await(answer, put(queue, answer[1], &content, job, &nowhere));
}

int scan_post(int queue, const struct scan_content *message, const struct scan_job *job,
              const struct scan_address *address)
{
    int failure = put(queue, -1, message, job, address);
    if (failure)
        errno = failure;
    return failure ? -1 : 0;
}

/* ---- answers ---- */

int scan_receive(int sock, struct scan_packet *packet)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)]; /* the process has one thread */
    struct ipc_message message;
    int got = ipc_recv(sock, &message, buffer, sizeof buffer, false);
    if (got <= 0)
        return got;
    ipc_close_fds(&message);
    struct unpack in = {.left = message.payload};
    packet->number = unpack_u64(&in);
    packet->type = message.type;
    packet->payload = in.left;
    errno = EBADMSG;
    return in.bad ? -1 : 1;
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

/* As scan_read; *payload is the whole answer. */
static int take_packet(const struct scan_packet *packet, struct arena *arena,
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

int scan_read(const struct scan_packet *packet, struct arena *arena, size_t header_count,
              struct scan_pieces *pieces, struct scan_answer *answer, struct scan_failure *failure)
{
    struct slice payload = {NULL, 0};
    if (packet->type == SCAN_DIED)
        return has_ended(failure);
    if (packet->type == SCAN_REFUSAL)
        return read_refusal(packet->payload, arena, failure);
    int got = take_packet(packet, arena, pieces, &payload);
    if (got == 0 || (got > 0 && scan_answer_decode(payload, arena, header_count, answer)))
        return got;
    return is_unreadable(arena, failure);
}

int scan_collect(int sock, struct arena *arena, size_t header_count, struct scan_pieces *pieces,
                 struct scan_answer *answer, struct scan_failure *failure)
{
    struct scan_packet packet;
    int got = scan_receive(sock, &packet);
    if (got < 0)
        return errno == EBADMSG ? talked_nonsense(failure) : has_ended(failure);
    return got ? scan_read(&packet, arena, header_count, pieces, answer, failure) : 0;
}

bool scan_packet_cpu(const struct scan_packet *packet, uint32_t *cpu)
{
    struct unpack in = {.left = packet->payload};
    bool tells = packet->type == SCAN_ANSWER || packet->type == SCAN_LARGE_ANSWER ||
                 packet->type == SCAN_REFUSAL;
    *cpu = tells ? unpack_u32(&in) : 0;
    return tells && !in.bad;
}
