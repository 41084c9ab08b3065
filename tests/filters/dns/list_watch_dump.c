/* SPDX-License-Identifier: ISC
 * One check of the list watch on a real name server: list_watch_dump CONFIG. Logs to stderr as a
 * proxy does; writes the zones of the suspended lists. For test_lists.py. */
#include "tests/harness/memory_loader.h"

#include "base/log.h"
#include "proxy/process/list_watch.h"

#include <stdlib.h>
#include <unistd.h>

static bool read_file(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    static char text[65536];
    FILE *file = fopen(path.ptr, "re");
    (void)ctx;
    *reason = "cannot be opened";
    if (!file)
        return false;
    *content = (struct slice){text, fread(text, 1, sizeof text, file)};
    fclose(file);
    return true;
}

int main(int argc, char **argv)
{
    struct loader loader = {.read = read_file};
    struct buf report = buf_init(65536);
    const char *reason;
    int fd;
    log_open("list_watch_dump", SINK_STDERR, LEVEL_INFO);
    struct config *config =
        argc == 2 ? config_load(slice_of(argv[1]), &loader, SLICE("mx.test"), &report) : NULL;
    struct event_base *base = event_base_new();
    struct resolver *resolver = config && base ? resolver_new(base, config, &reason) : NULL;
    struct shared *shared = shared_new(&fd);
    if (!resolver || !shared)
        return 2;
    close(fd);
    unsigned row = (unsigned)shared_row_claim(shared);
    shared_watched_by(shared, row);
    struct list_watch *watch = list_watch_new(base, resolver, config, shared, row);
    do
        event_base_loop(base, EVLOOP_ONCE);
    while (resolver_counts(resolver).pending > 0);
    for (size_t i = 0; i < config->blocklist_count; i++)
        if (shared_suspended(shared) >> i & 1)
            printf("%.*s\n", SLICE_ARGS(config->blocklists[i].zone));
    list_watch_free(&watch);
    resolver_free(&resolver);
    shared_free(&shared);
    config_free(&config);
    event_base_free(base);
    buf_release(&report);
    return 0;
}
