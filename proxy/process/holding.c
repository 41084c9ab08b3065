/* SPDX-License-Identifier: ISC */
#include "proxy/process/holding.h"

#include "common/keeping.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

static void finish(struct holding *holding, const struct hold_answer *answer)
{
    void (*done)(void *, const struct hold_answer *) = holding->done;
    void *ctx = holding->ctx;
    holding_end(holding);
    done(ctx, answer);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct holding *holding = arg;
    struct hold_answer answer = {.reason = "the keeper takes too long"};
    int got = what & EV_TIMEOUT ? -1 : hold_collect(fd, &answer);
    if (got == 0)
        return;
    if (got < 0 && !(what & EV_TIMEOUT))
        answer = (struct hold_answer){.reason = "the keeper has died"};
    finish(holding, &answer);
}

static bool await(struct holding *holding, const struct proxy *proxy, int sock, int64_t ms)
{
    struct timeval patience = {ms / 1000, (ms % 1000) * 1000};
    holding->sock = sock;
    holding->event = event_new(proxy->base, sock, EV_READ | EV_PERSIST, on_answer, holding);
    if (holding->event && event_add(holding->event, &patience) == 0)
        return true;
    if (holding->event)
        event_free(holding->event);
    holding->event = NULL;
    close(sock);
    return false;
}

bool holding_begin(struct holding *holding, const struct proxy *proxy,
                   const struct hold_request *request, int message, int64_t ms, const char **reason)
{
    int sock = proxy->keeper < 0 ? -1 : hold_submit(proxy->keeper, message, request);
    *reason = proxy->keeper < 0 ? "nothing is kept here"
              : errno == EAGAIN ? "the keeper's queue is full"
                                : strerror(errno);
    if (sock < 0)
        return false;
    *reason = "out of memory";
    return await(holding, proxy, sock, ms);
}

bool holding_begin_label(struct holding *holding, const struct proxy *proxy,
                         const struct label *label, int64_t ms, const char **reason)
{
    int sock = label_submit(proxy->keeper, label);
    *reason = errno == EAGAIN ? "the keeper's queue is full" : strerror(errno);
    if (sock < 0)
        return false;
    *reason = "out of memory";
    return await(holding, proxy, sock, ms);
}

void holding_end(struct holding *holding)
{
    if (!holding->event)
        return;
    event_free(holding->event);
    close(holding->sock);
    holding->event = NULL;
}

uint64_t holding_ticket(void)
{
    uint64_t ticket = 0;
    while (ticket == 0 && RAND_bytes((unsigned char *)&ticket, sizeof ticket) == 1)
        ticket &= INT64_MAX;
    return ticket;
}

void holding_withdraw(const struct proxy *proxy, enum held_place place, uint64_t ticket,
                      bool put_off)
{
    char room[32];
    struct buf out = buf_over(room, sizeof room);
    pack_u8(&out, (uint8_t)place);
    pack_u8(&out, put_off);
    pack_u64(&out, ticket);
    ipc_send(proxy->keeper, KEEPING_WITHDRAW, buf_slice(&out), NULL, 0, false);
}
