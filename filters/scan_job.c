/* SPDX-License-Identifier: ISC */
#include "filters/scan_job.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCAN_JOB = 1, SCAN_ANSWER, SCAN_LARGE_ANSWER, SCAN_REFUSAL };

/* Shares of an answer's payload; attachments get all that the rest leaves. A text past its own
 * cannot be half told: it becomes unknown. A list is cut and says so. */
enum {
    RANGE_BYTES = 4 + 3 * 8 + 1,
    RANGES_SHARE = 32 * 1024,
    KEYED_SHARE = 32 * 1024,
    OTHERS_SHARE = 32 * 1024,
    SMALL_VALUE = 32, /* what an unknown or an empty, cut list takes at most */
};

static bool from_scanner(enum fact fact)
{
    enum producer producer = fact_info(fact)->producer;
    return producer == PRODUCER_MESSAGE || producer == PRODUCER_ATTACHMENTS ||
           producer == PRODUCER_ANTIVIRUS;
}

/* Those that are packed one by one before all else. */
static bool is_plain(enum fact fact)
{
    return from_scanner(fact) && fact != FACT_ATTACHMENTS && !fact_info(fact)->keyed;
}

/* -- the proxy's side -- */

static void pack_ip(struct buf *out, const struct ip *ip)
{
    pack_u8(out, ip->family);
    pack_slice(out, (struct slice){(const char *)ip->bytes, sizeof ip->bytes});
}

static void pack_sender(struct buf *out, const struct scan_sender *from)
{
    pack_ip(out, &from->client);
    pack_slice(out, from->helo);
    pack_slice(out, from->sender);
    pack_slice(out, from->receiver);
    pack_u64(out, (uint64_t)from->now);
    pack_u32(out, from->sample);
}

static void pack_job(struct buf *out, const struct scan_job *job)
{
    pack_u8(out, job->message);
    pack_u8(out, job->attachments);
    pack_sender(out, &job->from);
    pack_u32(out, job->limits.depth);
    pack_u32(out, job->limits.parts);
    pack_u32(out, job->limits.members);
    pack_u64(out, job->limits.unpacked);
    pack_u32(out, (uint32_t)job->header_count);
    for (size_t i = 0; i < job->header_count; i++)
        pack_slice(out, job->headers[i]);
}

int scan_submit(int queue, int message, const struct scan_job *job)
{
    struct buf payload = buf_init(SCAN_JOB_MAX);
    pack_job(&payload, job);
    int answer[2] = {-1, -1}, sent = -1;
    if (payload.failed || job->header_count > SCAN_HEADERS_MAX)
        errno = EMSGSIZE;
    else if (ipc_pair(answer) == 0)
        sent =
            ipc_send(queue, SCAN_JOB, buf_slice(&payload), (int[]){message, answer[1]}, 2, false);
    int failure = sent == 0 ? EAGAIN : errno;
    buf_release(&payload);
    if (answer[1] >= 0)
        close(answer[1]);
    if (sent == 1)
        return answer[0];
    if (answer[0] >= 0)
        close(answer[0]);
    errno = failure;
    return -1;
}

static bool unpack_value(struct unpack *in, const struct type *type, struct arena *arena,
                         struct value *value)
{
    if (!in->bad && !value_decode(&in->left, type, arena, value))
        in->bad = true;
    return !in->bad;
}

static bool unpack_keyed(struct unpack *in, struct arena *arena, size_t header_count,
                         struct facts *facts)
{
    if (unpack_u32(in) != header_count)
        return false;
    if (header_count == 0)
        return true;
    facts->keyed = arena_array(arena, header_count, sizeof *facts->keyed);
    if (!facts->keyed)
        return false;
    const struct type *type = &fact_info(FACT_HEADER)->type;
    for (size_t i = 0; i < header_count; i++)
        if (!unpack_value(in, type, arena, &facts->keyed[i]))
            return false;
    return true;
}

static bool unpack_range(struct unpack *in, const struct part_range *before,
                         struct part_range *range)
{
    range->part = unpack_u32(in);
    range->header = unpack_u64(in);
    range->body = unpack_u64(in);
    range->end = unpack_u64(in);
    uint8_t sealed = unpack_u8(in);
    range->sealed = sealed;
    return !in->bad && sealed <= 1 && range->header <= range->body && range->body <= range->end &&
           (!before || range->part > before->part);
}

static bool unpack_ranges(struct unpack *in, struct arena *arena, struct scan_answer *answer)
{
    size_t count = unpack_u32(in);
    if (in->bad || count > in->left.len / RANGE_BYTES)
        return false;
    answer->parts = arena_array(arena, count, sizeof *answer->parts);
    if (!answer->parts)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!unpack_range(in, i ? &answer->parts[i - 1] : NULL, &answer->parts[i]))
            return false;
    answer->part_count = count;
    return true;
}

bool scan_answer_decode(struct slice payload, struct arena *arena, size_t header_count,
                        struct scan_answer *answer)
{
    struct unpack in = {.left = payload};
    struct value *fact = answer->facts.fact;
    bool ok = true;
    *answer = (struct scan_answer){0};
    for (enum fact id = 0; ok && id < FACT_COUNT; id++)
        if (is_plain(id))
            ok = unpack_value(&in, &fact_info(id)->type, arena, &fact[id]);
    ok = ok && unpack_keyed(&in, arena, header_count, &answer->facts) &&
         unpack_ranges(&in, arena, answer) &&
         unpack_value(&in, &fact_info(FACT_ATTACHMENTS)->type, arena, &fact[FACT_ATTACHMENTS]) &&
         unpack_done(&in);
    if (!ok)
        *answer = (struct scan_answer){0};
    return ok;
}

/* Copies what came in a file. It may be any descriptor that a hostile scanner has, and change
 * meanwhile. */
static struct slice read_large(const struct ipc_message *message, struct arena *arena)
{
    struct slice none = {NULL, 0};
    struct stat info;
    if (message->fd_count != 1 || fstat(message->fds[0], &info) != 0 || !S_ISREG(info.st_mode))
        return none;
    if (info.st_size <= 0 || info.st_size > SCAN_ANSWER_MAX)
        return none;
    size_t size = (size_t)info.st_size;
    char *bytes = arena_alloc(arena, size);
    ssize_t got = bytes ? pread(message->fds[0], bytes, size, 0) : -1;
    return got == info.st_size ? (struct slice){bytes, size} : none;
}

static int failed(const char **reason, const char *why)
{
    *reason = why;
    return -1;
}

static int read_refusal(struct slice payload, struct arena *arena, const char **reason)
{
    struct unpack in = {.left = payload};
    struct slice text = unpack_slice(&in);
    const char *told = unpack_done(&in) ? arena_cstr(arena, text) : NULL;
    return failed(reason, told ? told : "the scanner talked nonsense");
}

int scan_collect(int sock, struct arena *arena, size_t header_count, struct scan_answer *answer,
                 const char **reason)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)]; /* the process has one thread */
    struct ipc_message message;
    int got = ipc_recv(sock, &message, buffer, sizeof buffer, false);
    if (got == 0)
        return 0;
    if (got < 0)
        return failed(reason,
                      errno == EBADMSG ? "the scanner talked nonsense" : "the scanner died");
    struct slice payload = {NULL, 0};
    if (message.type == SCAN_ANSWER)
        payload = arena_copy(arena, message.payload);
    else if (message.type == SCAN_LARGE_ANSWER)
        payload = read_large(&message, arena);
    ipc_close_fds(&message);
    if (message.type == SCAN_REFUSAL)
        return read_refusal(message.payload, arena, reason);
    if (payload.ptr && scan_answer_decode(payload, arena, header_count, answer))
        return 1;
    return failed(reason, "the scanner talked nonsense");
}

/* -- the scanner's side -- */

static void unpack_ip(struct unpack *in, struct ip *ip)
{
    ip->family = unpack_u8(in);
    struct slice bytes = unpack_slice(in);
    in->bad |= bytes.len != sizeof ip->bytes || (ip->family && ip->family != 4 && ip->family != 6);
    if (!in->bad)
        memcpy(ip->bytes, bytes.ptr, sizeof ip->bytes);
}

static void unpack_sender(struct unpack *in, struct scan_sender *from)
{
    unpack_ip(in, &from->client);
    from->helo = unpack_slice(in);
    from->sender = unpack_slice(in);
    from->receiver = unpack_slice(in);
    from->now = (int64_t)unpack_u64(in);
    from->sample = unpack_u32(in);
}

static bool unpack_job(struct slice payload, struct arena *arena, struct scan_job *job)
{
    struct slice lasting = arena_copy(arena, payload);
    struct unpack in = {.left = lasting};
    uint8_t message = unpack_u8(&in), attachments = unpack_u8(&in);
    *job = (struct scan_job){.message = message, .attachments = attachments};
    unpack_sender(&in, &job->from);
    job->limits.depth = unpack_u32(&in);
    job->limits.parts = unpack_u32(&in);
    job->limits.members = unpack_u32(&in);
    job->limits.unpacked = unpack_u64(&in);
    job->header_count = unpack_u32(&in);
    if (in.bad || message > 1 || attachments > 1 || job->header_count > SCAN_HEADERS_MAX)
        return false;
    struct slice *headers = arena_array(arena, job->header_count, sizeof *headers);
    for (size_t i = 0; headers && i < job->header_count; i++)
        headers[i] = unpack_slice(&in);
    job->headers = headers;
    return headers && unpack_done(&in);
}

int scan_take(int queue, bool wait, struct arena *arena, struct scan_job *job, int *message,
              int *reply)
{
    static char buffer[SCAN_JOB_MAX + sizeof(uint16_t)];
    for (;;) {
        struct ipc_message packet;
        int got = ipc_recv(queue, &packet, buffer, sizeof buffer, wait);
        if (got == 0 || (got < 0 && errno != EBADMSG))
            return got;
        if (got < 0)
            continue;
        if (packet.type == SCAN_JOB && packet.fd_count == 2 &&
            unpack_job(packet.payload, arena, job)) {
            *message = packet.fds[0];
            *reply = packet.fds[1];
            return 1;
        }
        ipc_close_fds(&packet); /* whoever sent it sees its answer's socket end */
    }
}

/* Appends the value in at most `share` bytes and tells how many it took. */
static size_t pack_value(struct buf *out, const struct type *type, struct value value, size_t share)
{
    size_t before = buf_len(out);
    struct buf one = buf_init(share);
    while (!value_encode(&one, type, &value) || one.failed) {
        buf_clear(&one);
        if (type->kind != TYPE_LIST || value.state != VALUE_KNOWN || value.list.count == 0) {
            value = value_unknown();
            one.max = SMALL_VALUE;
            if (!value_encode(&one, type, &value))
                out->failed = true;
            break;
        }
        value.list.count /= 2;
        value.list.cut = true;
    }
    buf_append(out, buf_slice(&one));
    buf_release(&one);
    return buf_len(out) - before;
}

static size_t share_of(size_t left, size_t values_after)
{
    size_t reserved = values_after * SMALL_VALUE;
    return left > reserved + SMALL_VALUE ? left - reserved : SMALL_VALUE;
}

static void pack_plain(struct buf *out, const struct facts *facts)
{
    size_t left = OTHERS_SHARE;
    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        if (!is_plain(fact))
            continue;
        size_t took =
            pack_value(out, &fact_info(fact)->type, facts->fact[fact], share_of(left, FACT_COUNT));
        left -= took < left ? took : left;
    }
}

static void pack_keyed(struct buf *out, const struct facts *facts, size_t count)
{
    size_t left = KEYED_SHARE;
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct value value = facts->keyed ? facts->keyed[i] : (struct value){0};
        size_t took =
            pack_value(out, &fact_info(FACT_HEADER)->type, value, share_of(left, count - i - 1));
        left -= took < left ? took : left;
    }
}

static void pack_ranges(struct buf *out, const struct scan_answer *answer)
{
    size_t count = answer->part_count;
    if (count > RANGES_SHARE / RANGE_BYTES)
        count = RANGES_SHARE / RANGE_BYTES;
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct part_range *range = &answer->parts[i];
        pack_u32(out, range->part);
        pack_u64(out, range->header);
        pack_u64(out, range->body);
        pack_u64(out, range->end);
        pack_u8(out, range->sealed);
    }
}

bool scan_answer_encode(struct buf *out, size_t header_count, const struct scan_answer *answer)
{
    pack_plain(out, &answer->facts);
    pack_keyed(out, &answer->facts, header_count);
    pack_ranges(out, answer);
    size_t left = out->max - buf_len(out);
    pack_value(out, &fact_info(FACT_ATTACHMENTS)->type, answer->facts.fact[FACT_ATTACHMENTS], left);
    return !out->failed;
}

static bool send_large(int reply, struct slice payload)
{
    int file = memfd_create("answer", MFD_CLOEXEC);
    bool ok = file >= 0 && write(file, payload.ptr, payload.len) == (ssize_t)payload.len &&
              ipc_send(reply, SCAN_LARGE_ANSWER, SLICE(""), &file, 1, true) == 1;
    if (file >= 0)
        close(file);
    return ok;
}

bool scan_answer(int reply, const struct scan_job *job, const struct scan_answer *answer)
{
    struct buf payload = buf_init(SCAN_ANSWER_MAX);
    bool ok = scan_answer_encode(&payload, job->header_count, answer);
    if (ok && buf_len(&payload) <= IPC_PAYLOAD_MAX)
        ok = ipc_send(reply, SCAN_ANSWER, buf_slice(&payload), NULL, 0, true) == 1;
    else
        ok = ok && send_large(reply, buf_slice(&payload));
    buf_release(&payload);
    return ok;
}

bool scan_refuse(int reply, const char *reason)
{
    struct buf payload = buf_init(SCAN_JOB_MAX);
    pack_slice(&payload, slice_sub(slice_of(reason), 0, SCAN_REASON_MAX));
    bool ok =
        !payload.failed && ipc_send(reply, SCAN_REFUSAL, buf_slice(&payload), NULL, 0, true) == 1;
    buf_release(&payload);
    return ok;
}
