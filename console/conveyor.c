/* SPDX-License-Identifier: ISC */
#include "console/conveyor.h"

#include "base/clock.h"

#include <stdlib.h>

enum { AHEAD = 2 /* messages kept for each worker, so that a slow one holds up no other */ };

struct belt {
    struct conveyor *conveyor;
    struct trial *places; /* a ring */
    size_t size, first, count;
    size_t submitted;  /* of `count`, from the first */
    bool ended, later; /* of the input: nothing more; nothing now */
};

static struct trial *at(const struct belt *belt, size_t i)
{
    return &belt->places[(belt->first + i) % belt->size];
}

static size_t running(const struct belt *belt)
{
    size_t n = 0;
    for (size_t i = 0; i < belt->submitted; i++)
        n += offline_waits(at(belt, i));
    return n;
}

/* As much as there is room for. */
static void load(struct belt *belt)
{
    struct conveyor *conveyor = belt->conveyor;
    belt->later = false;
    while (!belt->ended && !belt->later && belt->count < belt->size) {
        enum supply supply = conveyor->next(conveyor->ctx, at(belt, belt->count));
        belt->count += supply == SUPPLY_GOT;
        belt->later = supply == SUPPLY_LATER;
        belt->ended = supply == SUPPLY_END;
    }
}

static void submit_some(struct belt *belt)
{
    struct offline *offline = belt->conveyor->offline;
    while (belt->submitted < belt->count && running(belt) < offline->workers) {
        struct trial *e = at(belt, belt->submitted++);
        if (!e->error)
            offline_submit(offline, e);
    }
}

static bool unload(struct belt *belt)
{
    struct conveyor *conveyor = belt->conveyor;
    while (belt->submitted > 0 && !offline_waits(at(belt, 0))) {
        bool listens = conveyor->done(conveyor->ctx, at(belt, 0));
        trial_reset(at(belt, 0));
        belt->first = (belt->first + 1) % belt->size;
        belt->submitted--;
        belt->count--;
        if (!listens)
            return false;
    }
    return true;
}

static int patience(const struct belt *belt)
{
    int64_t now = clock_ms(), soonest = -1;
    for (size_t i = 0; i < belt->submitted; i++) {
        const struct trial *e = at(belt, i);
        int64_t deadline = offline_deadline(e), left = deadline > now ? deadline - now : 0;
        if (offline_waits(e) && (soonest < 0 || left < soonest))
            soonest = left;
    }
    return (int)soonest;
}

/* False: interrupted. */
static bool wait(struct belt *belt, struct pollfd *fds)
{
    struct conveyor *conveyor = belt->conveyor;
    size_t count = 0;
    for (size_t i = 0; i < belt->submitted; i++)
        count += offline_fds(at(belt, i), &fds[count]);
    if (belt->later)
        fds[count++] = (struct pollfd){.fd = conveyor->fd, .events = POLLIN};
    if (dns_source_poll(conveyor->offline->dns, fds, count, patience(belt)) < 0)
        return false;
    for (size_t i = 0; i < belt->submitted; i++)
        if (offline_waits(at(belt, i)))
            offline_hear(conveyor->offline, at(belt, i));
    return true;
}

static bool has_room(const struct belt *belt)
{
    return !belt->ended && !belt->later && belt->count < belt->size;
}

static void run(struct belt *belt, struct pollfd *fds)
{
    while (!belt->ended || belt->count > 0) {
        load(belt);
        submit_some(belt);
        if (!unload(belt))
            return;
        bool idle = belt->ended && belt->count == 0;
        if (!idle && !has_room(belt) && !wait(belt, fds))
            return;
    }
}

bool conveyor_run(struct conveyor *conveyor)
{
    struct belt belt = {.conveyor = conveyor, .size = (size_t)conveyor->offline->workers * AHEAD};
    belt.places = calloc(belt.size, sizeof *belt.places);
    struct pollfd *fds = calloc(belt.size * SCANNER_KINDS + 1, sizeof *fds);
    bool ok = belt.places && fds;
    for (size_t i = 0; ok && i < belt.size; i++)
        ok = trial_init(&belt.places[i]);
    if (ok)
        run(&belt, fds);
    for (size_t i = 0; belt.places && i < belt.size; i++)
        trial_free(&belt.places[i]);
    free(belt.places);
    free(fds);
    return ok;
}
