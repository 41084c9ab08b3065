/* SPDX-License-Identifier: ISC */
#include "proxy/process/pulse.h"

#include <event2/event.h>

static void on_second(evutil_socket_t fd, short what, void *ctx)
{
    const struct proxy *proxy = ctx;
    (void)fd, (void)what;
    shared_pulse(proxy->shared, proxy->row);
}

bool pulse_start(struct proxy *proxy)
{
    static const struct timeval second = {.tv_sec = 1};
    shared_pulse(proxy->shared, proxy->row);
    proxy->pulse = event_new(proxy->base, -1, EV_PERSIST, on_second, proxy);
    return proxy->pulse && event_add(proxy->pulse, &second) == 0;
}
