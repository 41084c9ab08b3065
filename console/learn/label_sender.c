/* SPDX-License-Identifier: ISC */
#include "console/learn/label_sender.h"

#include "base/sealed_file.h"
#include "console/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    LABEL_MAX = LABEL_VECTOR_MOST + 2 * LABEL_TEXT_MOST + 128,
};

void label_sender_open(struct label_sender *sender, int sock)
{
    *sender = (struct label_sender){.sock = sock, .batch = buf_init(LABELS_OCTETS_MOST)};
}

void label_sender_close(struct label_sender *sender)
{
    buf_release(&sender->batch);
}

uint64_t label_sender_sent(const struct label_sender *sender)
{
    return sender->new + sender->known + sender->changed;
}

/* ---- sending ---- */

static void take_counts(void *ctx, struct slice octets)
{
    struct label_sender *sender = ctx;
    struct unpack in = {.left = octets};
    uint32_t taken = unpack_u32(&in), known = unpack_u32(&in), changed = unpack_u32(&in);
    sender->new += taken > changed ? taken - changed : 0;
    sender->known += known;
    sender->changed += changed;
}

static bool send_file(struct label_sender *sender, int fd)
{
    char reason[ASK_REASON_MAX];
    bool ok = ask_giving(sender->sock, CONTROL_LEARN, SLICE(""), fd, take_counts, sender,
                         &(uint64_t){0}, reason);
    if (!ok)
        command_error("the gateway", reason);
    return ok;
}

bool label_sender_flush(struct label_sender *sender)
{
    if (sender->waiting == 0)
        return true;
    int fd = sealed_file_of("labels", buf_slice(&sender->batch));
    if (fd < 0)
        return command_error("labels", strerror(errno)), false;
    bool ok = send_file(sender, fd);
    close(fd);
    buf_clear(&sender->batch);
    sender->waiting = 0;
    return ok;
}

/* ---- collecting ---- */

bool label_sender_add(struct label_sender *sender, const struct label *label)
{
    struct buf one = buf_init(LABEL_MAX);
    label_pack(&one, label);
    pack_slice(&sender->batch, buf_slice(&one));
    bool failed = one.failed || sender->batch.failed;
    buf_release(&one);
    if (failed)
        return command_error("labels", "out of memory"), false;
    return ++sender->waiting < LABEL_SENDER_BATCH || label_sender_flush(sender);
}
