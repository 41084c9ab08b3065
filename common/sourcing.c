/* SPDX-License-Identifier: ISC */
#include "common/sourcing.h"

#include <errno.h>
#include <stdio.h>

enum { QUESTION_FDS = 2 };

int sourcing_ask(int queue, int connection, bool any_port)
{
    char room[1];
    struct buf payload = buf_over(room, sizeof room);
    int answer[2] = {-1, -1}, sent = -1;
    pack_u8(&payload, any_port);
    if (ipc_answer_pair(answer) == 0) {
        const int fds[QUESTION_FDS] = {connection, answer[1]};
        sent = ipc_send(queue, SOURCE_ASK, buf_slice(&payload), fds, QUESTION_FDS, false);
    }
    return ipc_await(answer, sent == 1 ? 0 : sent == 0 ? EAGAIN : errno);
}

bool sourcing_read(const struct ipc_message *message, struct sourcing_question *question)
{
    struct unpack in = {.left = message->payload};
    uint8_t any_port = unpack_u8(&in);
    if (message->type != SOURCE_ASK || message->fd_count != QUESTION_FDS || !unpack_done(&in))
        return false;
    *question = (struct sourcing_question){
        .connection = message->fds[0], .reply = message->fds[1], .any_port = any_port};
    return true;
}

void sourcing_tell(int reply, int fd, const char *reason)
{
    char room[SOURCING_REASON_MAX + 8];
    struct buf payload = buf_over(room, sizeof room);
    pack_slice(&payload, slice_sub(slice_of(fd < 0 ? reason : ""), 0, SOURCING_REASON_MAX));
    ipc_send(reply, SOURCE_GIVEN, buf_slice(&payload), &fd, fd < 0 ? 0 : 1, false);
}

static bool read_answer(const struct ipc_message *message, struct sourcing_answer *answer)
{
    struct unpack in = {.left = message->payload};
    struct slice reason = unpack_slice(&in);
    bool given = reason.len == 0;
    if (message->type != SOURCE_GIVEN || message->fd_count != given || !unpack_done(&in) ||
        reason.len > SOURCING_REASON_MAX)
        return false;
    answer->fd = given ? message->fds[0] : -1;
    snprintf(answer->reason, sizeof answer->reason, "%.*s", SLICE_ARGS(reason));
    return true;
}

int sourcing_collect(int sock, struct sourcing_answer *answer)
{
    static char buffer[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    struct ipc_message message;
    int got = ipc_recv(sock, &message, buffer, sizeof buffer, false);
    if (got <= 0)
        return got;
    if (read_answer(&message, answer))
        return 1;
    ipc_close_fds(&message);
    return -1;
}
