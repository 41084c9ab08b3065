/* SPDX-License-Identifier: ISC
 * gatepost-proxy: the process that meets the network.
 * It is told everything by the parent on descriptor 3 (messages.def),
 * locks itself up, and serves until told to drain. It opens no file. */
#include "base/child.h"
#include "proxy/process/recorder.h"
#include "proxy/process/told.h"

#include <malloc.h>

enum { KEPT_BODY = 8 * 1024 * 1024 };

int main(void)
{
    static struct program program = {.state = PROXY_CONFIGURING,
                                     .errands = -1,
                                     .sharing = -1,
                                     .proxy = {.keeper = -1, .signer = -1, .source = -1}};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        program.proxy.queue[kind] = program.answers[kind].sock = -1;
    child_ignore_signals();
    /* Bodies come and go: their memory is kept for the next,
     * instead of being mapped and zeroed again. */
    mallopt(M_MMAP_THRESHOLD, KEPT_BODY);
    mallopt(M_TRIM_THRESHOLD, 4 * KEPT_BODY);
    TAILQ_INIT(&program.proxy.sessions);
    TAILQ_INIT(&program.proxy.unshown);
    TAILQ_INIT(&program.proxy.line);
    TAILQ_INIT(&program.proxy.under_way);
    TAILQ_INIT(&program.proxy.turns);
    while (program.state == PROXY_CONFIGURING)
        told(&program, true);
    event_base_dispatch(program.proxy.base);
    recorder_flush(&program.proxy);
    return 0;
}
