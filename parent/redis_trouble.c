/* SPDX-License-Identifier: ISC */
#include "parent/redis_trouble.h"

#include "base/clock.h"
#include "base/log.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { NAME_MAX_LEN = 80 };

/* What it reads when it starts; the last two are of older versions. */
static const char *const memory[] = {"appendonlydir", "appendonly.aof", "dump.rdb"};
enum { MEMORY_COUNT = sizeof memory / sizeof *memory };

/* By itself: not one that was killed, by whomever. */
static bool failed(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) != 0;
    int by = WTERMSIG(status);
    return by == SIGABRT || by == SIGSEGV || by == SIGBUS || by == SIGFPE || by == SIGILL;
}

static unsigned rename_all(int folder, const char *suffix, bool back)
{
    unsigned renamed = 0;
    for (size_t i = 0; i < MEMORY_COUNT; i++) {
        char aside[NAME_MAX_LEN];
        snprintf(aside, sizeof aside, "%s%s", memory[i], suffix);
        renamed += folder_rename(folder, back ? aside : memory[i], back ? memory[i] : aside);
    }
    return renamed;
}

static bool set_aside(struct redis_trouble *trouble, int folder, const char *path)
{
    struct tm utc;
    time_t now = (time_t)clock_wall();
    if (!gmtime_r(&now, &utc) ||
        strftime(trouble->suffix, sizeof trouble->suffix, ".damaged-%Y%m%d-%H%M%S", &utc) == 0 ||
        rename_all(folder, trouble->suffix, false) == 0) {
        trouble->suffix[0] = '\0';
        trouble->settled = true;
        return false;
    }
    log_at(LEVEL_ERROR, "",
           "redis fails at each start: what it remembers is set aside, it begins anew",
           field_str("folder", path), field_str("renamed", trouble->suffix),
           field_num("starts", trouble->starts));
    return true;
}

/* What it has made anew meanwhile stays, and so does then what was set aside. */
static void put_back(struct redis_trouble *trouble, int folder, const char *path)
{
    trouble->settled = true;
    if (rename_all(folder, trouble->suffix, true) > 0)
        log_at(LEVEL_ERROR, "", "redis fails without what it remembers as well: that is put back",
               field_str("folder", path));
}

bool redis_trouble_ended(struct redis_trouble *trouble, int folder, const char *path, int status,
                         int64_t lived)
{
    if (!failed(status) || lived >= TROUBLE_LIFE) {
        *trouble = (struct redis_trouble){.starts = 0};
        return false;
    }
    trouble->starts++;
    if (trouble->settled || folder_fault(folder))
        return false;
    if (trouble->suffix[0])
        put_back(trouble, folder, path);
    else if (trouble->starts >= TROUBLE_STARTS)
        return set_aside(trouble, folder, path);
    return false;
}
