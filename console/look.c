/* SPDX-License-Identifier: ISC */
#include "console/look.h"

#include "base/clock.h"
#include "console/interrupt.h"
#include "console/offline.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* As scan_collect, and waits for it. */
static int await(int sock, int64_t patience, struct arena *arena, struct scan_answer *answer,
                 const char **reason)
{
    struct scan_failure failure;
    struct pollfd fd = {.fd = sock, .events = POLLIN};
    struct scan_pieces pieces = {0};
    int64_t deadline = clock_ms() + patience;
    *reason = "no answer in time";
    for (int64_t left = patience; left > 0; left = deadline - clock_ms()) {
        int got = scan_collect(sock, arena, 0, &pieces, answer, &failure);
        if (got < 0)
            *reason = failure.reason;
        if (got != 0)
            return got;
        if (interrupt_poll(&fd, 1, (int)left) < 0) {
            *reason = "interrupted";
            return -1;
        }
    }
    return 0;
}

static bool ask_scanner(const struct offline *offline, int message, struct arena *arena,
                        struct scan_answer *answer, const char **reason)
{
    struct scan_job job = {.message = true,
                           .attachments = true,
                           .links = true,
                           .outline = true,
                           .limits = offline->job.limits};
    int sock = scan_submit(offline->families[SCANNER_SCAN].queue, message, &job);
    *reason = strerror(errno);
    if (sock < 0)
        return false;
    bool ok = await(sock, offline->config->settings.timeouts_scan, arena, answer, reason) > 0;
    close(sock);
    if (ok && !answer->outline)
        *reason = "the scanner talked nonsense";
    return ok && answer->outline;
}

bool look_at_message(const struct config *config, int message, struct arena *arena,
                     struct scan_answer *answer, const char **reason)
{
    struct offline offline;
    *reason = "out of memory";
    bool ok = offline_open(&offline, config, NULL, 1, false, -1);
    const struct offline_family *family = &offline.families[SCANNER_SCAN];
    if (ok && family->queue < 0) {
        *reason = arena_cstr(arena, slice_of(family->failure));
        ok = false;
    }
    ok = ok && ask_scanner(&offline, message, arena, answer, reason);
    offline_close(&offline);
    if (!*reason)
        *reason = "out of memory";
    return ok;
}
