/* SPDX-License-Identifier: ISC */
#include "common/signing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { QUESTION_ROOM = 8192, ANSWER_ROOM = SIGNING_KEYS_MAX * (SIGNING_SIGNATURE + 8) + 256 };

/* ---- questions ---- */

static void pack_question(struct buf *out, const struct signing_question *question)
{
    pack_u64(out, (uint64_t)question->deadline);
    pack_u8(out, (uint8_t)question->count);
    for (size_t i = 0; i < question->count; i++) {
        const struct signing_wish *wish = &question->wishes[i];
        pack_slice(out, wish->domain);
        pack_slice(out, wish->selector);
        pack_u8(out, wish->algorithm);
        pack_slice(out, (struct slice){(const char *)wish->digest, sizeof wish->digest});
    }
}

int signing_ask(int queue, const struct signing_question *question)
{
    struct buf payload = buf_init(QUESTION_ROOM);
    int answer[2] = {-1, -1}, sent = -1;
    pack_question(&payload, question);
    errno = EMSGSIZE;
    if (!payload.failed && ipc_answer_pair(answer) == 0)
        sent = ipc_send(queue, SIGNING_ASK, buf_slice(&payload), &answer[1], 1, false);
    int failure = sent == 0 ? EAGAIN : errno;
    buf_release(&payload);
    return ipc_await(answer, sent == 1 ? 0 : failure);
}

static bool read_wish(struct unpack *in, struct signing_wish *wish)
{
    wish->domain = unpack_slice(in);
    wish->selector = unpack_slice(in);
    wish->algorithm = unpack_u8(in);
    struct slice digest = unpack_slice(in);
    if (digest.len != sizeof wish->digest)
        return false;
    memcpy(wish->digest, digest.ptr, digest.len);
    return true;
}

bool signing_read(const struct ipc_message *message, struct signing_question *question)
{
    struct unpack in = {.left = message->payload};
    *question = (struct signing_question){.deadline = (int64_t)unpack_u64(&in)};
    question->count = unpack_u8(&in);
    if (message->type != SIGNING_ASK || message->fd_count != 1 || question->count == 0 ||
        question->count > SIGNING_KEYS_MAX)
        return false;
    for (size_t i = 0; i < question->count; i++)
        if (!read_wish(&in, &question->wishes[i]))
            return false;
    return unpack_done(&in);
}

/* ---- answers ---- */

void signing_tell(int reply, const struct signing_answer *answer)
{
    struct buf out = buf_init(ANSWER_ROOM);
    pack_slice(&out, slice_of(answer->reason));
    pack_u8(&out, (uint8_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        pack_slice(&out, (struct slice){(const char *)answer->signatures[i], answer->len[i]});
    ipc_send(reply, SIGNING_ANSWER, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
}

static bool read_answer(struct slice payload, size_t count, struct signing_answer *answer)
{
    struct unpack in = {.left = payload};
    struct slice reason = slice_sub(unpack_slice(&in), 0, sizeof answer->text - 1);
    answer->count = unpack_u8(&in);
    snprintf(answer->text, sizeof answer->text, "%.*s", SLICE_ARGS(reason));
    answer->reason = reason.len ? answer->text : NULL;
    if (answer->count != (reason.len ? 0 : count))
        return false;
    for (size_t i = 0; i < answer->count; i++) {
        struct slice signature = unpack_slice(&in);
        if (signature.len == 0 || signature.len > SIGNING_SIGNATURE)
            return false;
        memcpy(answer->signatures[i], signature.ptr, signature.len);
        answer->len[i] = signature.len;
    }
    return unpack_done(&in);
}

int signing_collect(int sock, size_t count, struct signing_answer *answer)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    struct ipc_message message;
    int got = ipc_recv(sock, &message, buffer, sizeof buffer, false);
    if (got <= 0)
        return got;
    ipc_close_fds(&message);
    return read_answer(message.payload, count, answer) ? 1 : -1;
}

/* ---- keys ---- */

void signing_pack_key(struct buf *set, const struct signing_secret *key)
{
    pack_slice(set, key->domain);
    pack_slice(set, key->selector);
    pack_slice(set, key->pem);
}

bool signing_unpack_key(struct unpack *in, struct signing_secret *key)
{
    if (in->bad || in->left.len == 0)
        return false;
    key->domain = unpack_slice(in);
    key->selector = unpack_slice(in);
    key->pem = unpack_slice(in);
    return !in->bad;
}
