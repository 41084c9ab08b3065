/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_leftover.h"

#include "base/clock.h"
#include "proxy/examine/scan_line.h"
#include "proxy/examine/scan_places.h"

#include <stdlib.h>

struct leftover {
    struct proxy *proxy;
    struct scan_ticket ticket;
    struct scan_place place;
    int64_t began; /* clock_ms */
};

/* Answered, ended, or too late: of the answer nobody wants but what it took. Who gets none has
 * killed his scanner or kept it all the time there is, and is charged all that he may take. */
static void on_end(void *ctx, const struct scan_packet *packet)
{
    struct leftover *left = ctx;
    struct proxy *proxy = left->proxy;
    uint32_t cpu;
    if (packet && scan_packet_cpu(packet, &cpu))
        scan_place_took(&left->place, cpu, left->began, clock_ms());
    scan_place_give(proxy, &left->place);
    scan_ticket_drop(&left->ticket);
    free(left);
    scan_line_move(proxy);
}

bool scan_leftover_keep(struct scan_wait *wait)
{
    struct proxy *proxy = wait->of->proxy;
    int64_t ms = scan_line_patience(&proxy->config->settings);
    if (wait->pieces.bytes) { /* it is through */
        scan_place_took(&wait->place, wait->pieces.cpu, wait->began, clock_ms());
        return false;
    }
    struct leftover *left = wait->place.who && wait->ticket.number ? malloc(sizeof *left) : NULL;
    if (!left)
        return false;
    *left = (struct leftover){.proxy = proxy,
                              .ticket = {.heard = on_end, .ctx = left},
                              .place = wait->place,
                              .began = wait->began};
    if (!scan_ticket_move(&wait->ticket, &left->ticket, ms)) {
        free(left);
        return false;
    }
    wait->place = (struct scan_place){0};
    return true;
}
