/* SPDX-License-Identifier: ISC
 * gatepost-learn: the one process that can read vectors of messages, and makes models of them. It is
 * started by the parent with the private key, and asked by the keeper. It has no files, no network, and
 * looks at no mail. */
#include "base/log.h"
#include "base/sealed_file.h"
#include "base/sealed_map.h"
#include "common/learning.h"
#include "keeper/learn_build.h"
#include "keeper/learn_key.h"
#include "keeper/opener_start.h"
#include "keeper/release_key.h"
#include "keeper/sharing_seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { HEARD_AT_ONCE = 2, LABELS = 0, MODEL, PREDICTIONS, FILES };

static struct unseal_keys keys;
static uint8_t feature_key[SPAM_KEY_SIZE];
static unsigned char shared[LEARN_SHARED];
static char inbox[IPC_PAYLOAD_MAX + 2];

static _Noreturn void give_up(const char *reason)
{
    opener_tell_failure(LEARNER_CONTROL_FD, LEARNER_FAILED, reason);
    log_at(LEVEL_ERROR, "", "gatepost-learn cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

/* The parent gone: there is no going on. */
static void hear_parent(void)
{
    struct ipc_message message;
    int got = ipc_recv(LEARNER_CONTROL_FD, &message, inbox, sizeof inbox, false);
    if (got < 0 || (got > 0 && message.type == LEARNER_END))
        exit(EXIT_SUCCESS);
    if (got > 0)
        ipc_close_fds(&message);
}

/* ---- vectors ---- */

struct opening {
    char room[LABEL_VECTOR_MOST];
    size_t len;
};

static bool append(void *ctx, struct slice octets)
{
    struct opening *opening = ctx;
    if (octets.len > sizeof opening->room - opening->len)
        return false;
    memcpy(opening->room + opening->len, octets.ptr, octets.len);
    opening->len += octets.len;
    return true;
}

static bool open_vector(void *ctx, struct slice sealed, struct slice *vector)
{
    static struct opening opening;
    (void)ctx;
    const char *reason;
    int file = sealed_file_new("sealed");
    opening.len = 0;
    bool ok = file >= 0 && sealed_file_add(file, sealed) &&
              unseal_read(file, &keys, LEARN_ABOUT, LABEL_VECTOR_MOST, append, &opening, &reason);
    if (file >= 0)
        close(file);
    *vector = (struct slice){opening.room, opening.len};
    return ok;
}

/* ---- building ---- */

static void tell_failure(uint64_t number, const char *reason)
{
    struct buf out = buf_init(4096);
    pack_u64(&out, number);
    pack_slice(&out, slice_of(reason));
    ipc_send(LEARNER_KEEPER_FD, LEARN_FAILED, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
}

static void tell_progress(void *ctx, uint32_t done, uint32_t of)
{
    const uint64_t *number = ctx;
    char room[32];
    struct buf out = buf_over(room, sizeof room);
    pack_u64(&out, *number);
    pack_u32(&out, done);
    pack_u32(&out, of);
    ipc_send(LEARNER_KEEPER_FD, LEARN_PROGRESS, buf_slice(&out), NULL, 0, false);
    hear_parent();
}

/* NULL, or why it could not be told. */
static const char *tell_built(const struct learn_made *made)
{
    struct buf out = buf_init(256);
    int files[] = {
        sealed_file_of("model", (struct slice){(const char *)made->model, sizeof made->model}),
        sealed_file_of("predictions", buf_slice(&made->predictions))};
    bool uses = made->built.outcome != LEARN_WORSE, ok = files[0] >= 0 && files[1] >= 0;
    learn_built_pack(&out, &made->built);
    ok = ok &&
         ipc_send(LEARNER_KEEPER_FD, LEARN_BUILT, buf_slice(&out), files, uses ? 2 : 0, false) == 1;
    const char *reason = ok ? NULL : strerror(errno);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    buf_release(&out);
    return reason;
}

/* `files` as they came: what is not sealed, or too large, is nonsense. */
static bool map_all(const struct ipc_message *message, struct slice files[static FILES])
{
    static const uint64_t most[FILES] = {LEARN_FILE_MOST, LEARN_MODEL_MOST,
                                         (uint64_t)LEARN_LABELS_MOST * LEARN_PREDICTION};
    if (message->fd_count != LABELS + 1 && message->fd_count != FILES)
        return false;
    for (size_t i = 0; i < message->fd_count; i++)
        if (!(files[i] = sealed_map(message->fds[i], most[i])).ptr)
            return false;
    return true;
}

static void build(const struct ipc_message *message)
{
    static struct learn_made made;
    struct unpack in = {.left = message->payload};
    struct slice files[FILES] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    uint64_t number = unpack_u64(&in);
    const char *reason = "what is to be learnt cannot be read";
    const struct learn_helper helper = {&number, open_vector, tell_progress};
    if (unpack_done(&in) && map_all(message, files)) {
        const struct learn_given given = {number, files[LABELS], files[MODEL], files[PREDICTIONS],
                                          feature_key};
        if (learn_build(&given, &helper, &made, &reason)) {
            reason = tell_built(&made);
            buf_release(&made.predictions);
        }
    }
    if (reason)
        tell_failure(number, reason);
    for (size_t i = 0; i < FILES; i++)
        sealed_unmap(files[i]);
}

static void hear_keeper(void)
{
    struct ipc_message message;
    int got = ipc_recv(LEARNER_KEEPER_FD, &message, inbox, sizeof inbox, false);
    if (got < 0 && errno != EBADMSG)
        exit(EXIT_SUCCESS);
    if (got <= 0)
        return;
    if (message.type == LEARN_BUILD)
        build(&message);
    ipc_close_fds(&message);
}

/* ---- the start ---- */

/* What was sealed to a key before the first was made with another key of features, too. */
static void read_keys(void)
{
    const char *reason;
    if (!seal_prepare())
        give_up("libcrypto has not what is needed to open vectors");
    if (!release_key_read(LEARNER_KEY_FD, &keys, &reason))
        give_up(reason);
    keys.count = 1;
    if (!learn_feature_key(&keys, feature_key) || !sharing_secret(&keys, shared))
        give_up("out of memory");
    close(LEARNER_KEY_FD);
}

static void say_ready(void)
{
    char room[128];
    struct seal_key public;
    struct buf out = buf_over(room, sizeof room);
    unseal_keys_public(&keys, 0, &public);
    pack_slice(&out, (struct slice){(const char *)public.public, sizeof public.public});
    pack_slice(&out, (struct slice){(const char *)shared, sizeof shared});
    ipc_send(LEARNER_CONTROL_FD, LEARNER_READY, buf_slice(&out), NULL, 0, true);
    explicit_bzero(room, sizeof room);
    explicit_bzero(shared, sizeof shared);
}

int main(int argc, char *argv[])
{
    struct opener_options options;
    struct epoll_event events[HEARD_AT_ONCE];
    if (!opener_options_read(argc, argv, &options))
        give_up("options are not as the parent gives them");
    opener_log("gatepost-learn", &options);
    read_keys();
    int epoll = opener_watch(LEARNER_CONTROL_FD, LEARNER_KEEPER_FD);
    if (epoll < 0)
        give_up(strerror(errno));
    const char *reason = opener_lock_up(&options);
    if (reason)
        give_up(reason);
    say_ready();
    for (;;) {
        int count = epoll_wait(epoll, events, HEARD_AT_ONCE, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == LEARNER_CONTROL_FD)
                hear_parent();
            else
                hear_keeper();
        }
    }
}
