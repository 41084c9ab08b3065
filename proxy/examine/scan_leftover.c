/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_leftover.h"

#include "proxy/examine/scan_line.h"
#include "proxy/examine/scan_places.h"

#include <stdlib.h>
#include <unistd.h>

struct leftover {
    struct proxy *proxy;
    struct event *event;
    int sock;
    struct scan_place place;
};

/* Answered, ended, or too late: what the answer is nobody asks any more. */
static void on_end(evutil_socket_t fd, short what, void *arg)
{
    struct leftover *left = arg;
    struct proxy *proxy = left->proxy;
    (void)what;
    scan_place_give(proxy, &left->place);
    event_free(left->event);
    close(fd);
    free(left);
    scan_line_move(proxy);
}

bool scan_leftover_keep(struct scan_wait *wait)
{
    struct proxy *proxy = wait->of->proxy;
    int64_t ms = scan_line_patience(&proxy->config->settings);
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    struct leftover *left = wait->place.who && wait->event ? calloc(1, sizeof *left) : NULL;
    if (!left)
        return false;
    *left = (struct leftover){.proxy = proxy, .sock = wait->sock, .place = wait->place};
    event_free(wait->event);
    wait->event = NULL;
    wait->place = (struct scan_place){0};
    left->event = event_new(proxy->base, left->sock, EV_READ, on_end, left);
    if (left->event && event_add(left->event, &limit) == 0)
        return true;
    scan_place_give(proxy, &left->place);
    if (left->event)
        event_free(left->event);
    close(left->sock);
    free(left);
    return true;
}
