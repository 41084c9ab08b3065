/* SPDX-License-Identifier: ISC
 * What a proxy says to gatepost-milter: lines, and a body between them. */
#include "milter/talk.h"
#include "tests/fuzz/target.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 * 1024 };

static size_t came;
static char copy[65535];

static bool still(void *ctx)
{
    (void)ctx;
    return false;
}

static bool body(void *ctx, const char *octets, size_t len)
{
    (void)ctx;
    require(len <= sizeof copy);
    memcpy(copy, octets, len);
    came += len;
    return true;
}

FUZZ(in)
{
    const struct talk_wait wait = {still, body, NULL};
    struct talk talk = {.take_ms = 1000, .still_ms = 1000};
    struct talk_reply reply;
    int pair[2];
    came = 0;
    if (in.len > MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return;
    talk.fd = pair[0];
    require(in.len == 0 || write(pair[1], in.ptr, in.len) == (ssize_t)in.len);
    close(pair[1]);
    talk_hear(&talk, &reply, &wait);
    require(came <= in.len);
    require(reply.code == 0 || (reply.code >= 200 && reply.code < 600));
    require(buf_len(&reply.lines) <= in.len);
    talk_reply_free(&reply);
    talk_end(&talk);
}
