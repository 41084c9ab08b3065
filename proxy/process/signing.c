/* SPDX-License-Identifier: ISC */
#include "proxy/process/signing.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    static struct signing_answer answer;
    struct signing *signing = arg;
    int got = what & EV_TIMEOUT ? -1 : signing_collect(fd, signing->count, &answer);
    if (got == 0)
        return;
    if (got < 0)
        answer.reason =
            what & EV_TIMEOUT ? "gatepost-sign takes too long" : "gatepost-sign has died";
    struct signing ended = *signing;
    signing_end(signing);
    ended.done(ended.ctx, &answer);
}

bool signing_begin(struct signing *signing, const struct proxy *proxy,
                   struct signing_question *question, int64_t ms, const char **reason)
{
    struct timeval patience = {ms / 1000, (ms % 1000) * 1000};
    question->deadline = clock_ms() + ms;
    int sock = proxy->signer < 0 ? -1 : signing_ask(proxy->signer, question);
    *reason = proxy->signer < 0 ? "there is no gatepost-sign"
              : errno == EAGAIN ? "gatepost-sign's queue is full"
                                : strerror(errno);
    if (sock < 0)
        return false;
    signing->sock = sock;
    signing->count = question->count;
    signing->event = event_new(proxy->base, sock, EV_READ | EV_PERSIST, on_answer, signing);
    if (signing->event && event_add(signing->event, &patience) == 0)
        return true;
    *reason = "out of memory";
    if (signing->event)
        event_free(signing->event);
    signing->event = NULL;
    close(sock);
    return false;
}

void signing_end(struct signing *signing)
{
    if (!signing->event)
        return;
    event_free(signing->event);
    close(signing->sock);
    signing->event = NULL;
}
