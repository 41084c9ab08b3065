/* SPDX-License-Identifier: ISC */
#include "parent/parent_state.h"

#include "parent/parent_certificate.h"

#include <dirent.h>

const char *state_of_scanners(const struct scanners *scanners)
{
    if (!scanners->wanted)
        return "not needed";
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state == HEAD_READY)
            return "serving";
    return scanners->down[0] ? "down" : "starting";
}

struct server_state state_as_seen(const struct parent *parent, unsigned number)
{
    struct server_state state = {.connections = 0};
    state.down = shared_server_is_down(parent->shared, number, &state.since, state.why);
    return state;
}

struct server_state state_of_server(const struct parent *parent, const struct server *server)
{
    unsigned place = shared_server(parent->shared, &server->ip, server->port);
    struct server_state state = state_as_seen(parent, place);
    state.connections = shared_backend(parent->shared, place);
    return state;
}

bool list_is_suspended(const struct parent *parent, size_t number)
{
    return number < 64 && (shared_suspended(parent->shared) >> number & 1) != 0;
}

int64_t certificate_end(const struct generation *generation, const struct certificate *certificate)
{
    struct slice chain;
    const char *reason;
    return bundle_read(generation->loaded.bundle, certificate->chain_path, &chain, &reason)
               ? certificate_expires(chain)
               : 0;
}

static int64_t newest_in(const char *folder)
{
    int64_t newest = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat status;
        if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 &&
            status.st_mtim.tv_sec > newest)
            newest = status.st_mtim.tv_sec;
    }
    if (dir)
        closedir(dir);
    return newest;
}

bool signatures_written(const struct parent *parent, const struct config *config, int64_t *when)
{
    char folder[PATH_MAX];
    if (!parent->scanners[SCANNER_AV].wanted ||
        !slice_to_path(config->settings.antivirus_database, folder))
        return false;
    *when = newest_in(folder);
    return true;
}
