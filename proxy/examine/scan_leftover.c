/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_leftover.h"

#include "base/clock.h"
#include "proxy/examine/scan_line.h"
#include "proxy/examine/scan_places.h"

#include <stdlib.h>
#include <unistd.h>

struct leftover {
    struct proxy *proxy;
    struct event *event;
    int sock;
    struct scan_place place;
    int64_t began; /* clock_ms */
};

static void end(struct leftover *left)
{
    scan_place_give(left->proxy, &left->place);
    if (left->event)
        event_free(left->event);
    close(left->sock);
    free(left);
}

/* Answered, ended, or too late: of the answer nobody wants but what it took. Who gets none has
 * killed his scanner or kept it all the time there is, and is charged all that he may take. */
static void on_end(evutil_socket_t fd, short what, void *arg)
{
    struct leftover *left = arg;
    struct proxy *proxy = left->proxy;
    uint32_t cpu;
    if (!(what & EV_TIMEOUT) && scan_collect_cpu(fd, &cpu) > 0)
        scan_place_took(&left->place, cpu, left->began, clock_ms());
    end(left);
    scan_line_move(proxy);
}

bool scan_leftover_keep(struct scan_wait *wait)
{
    struct proxy *proxy = wait->of->proxy;
    int64_t ms = scan_line_patience(&proxy->config->settings);
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    if (wait->pieces.bytes) { /* it is through */
        scan_place_took(&wait->place, wait->pieces.cpu, wait->began, clock_ms());
        return false;
    }
    struct leftover *left = wait->place.who && wait->event ? calloc(1, sizeof *left) : NULL;
    if (!left)
        return false;
    *left = (struct leftover){
        .proxy = proxy, .sock = wait->sock, .place = wait->place, .began = wait->began};
    event_free(wait->event);
    wait->event = NULL;
    wait->place = (struct scan_place){0};
    left->event = event_new(proxy->base, left->sock, EV_READ, on_end, left);
    if (left->event && event_add(left->event, &limit) == 0)
        return true;
    end(left);
    return true;
}
