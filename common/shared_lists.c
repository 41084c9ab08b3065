/* SPDX-License-Identifier: ISC
 * Which blocklists are suspended. */
#include "common/shared_internal.h"

/* The watcher's; without one, what the last has left. */
static const struct suspension *suspension(const struct shared *shared)
{
    uint32_t watcher = atomic_load(&shared->table->parents.watcher);
    return watcher ? &shared->table->rows[watcher - 1].suspended
                   : &shared->table->parents.suspended;
}

void shared_lists_keep(struct shared *shared, unsigned row)
{
    struct shared_parents *parents = &shared->table->parents;
    const struct suspension *its = &shared->table->rows[row].suspended;
    if (atomic_load(&parents->watcher) != row + 1)
        return;
    atomic_store(&parents->suspended.lists, atomic_load(&its->lists));
    atomic_store(&parents->suspended.bits, atomic_load(&its->bits));
    atomic_store(&parents->watcher, 0);
}

void shared_watched_by(struct shared *shared, unsigned row)
{
    atomic_store(&shared->table->parents.watcher, row + 1);
}

uint64_t shared_suspended(const struct shared *shared)
{
    return atomic_load(&suspension(shared)->bits);
}

void shared_suspend(struct shared *shared, unsigned row, uint64_t bits)
{
    atomic_store(&shared->table->rows[row].suspended.bits, bits);
}

uint64_t shared_lists(struct shared *shared, unsigned row, uint64_t lists)
{
    const struct suspension *now = suspension(shared);
    uint64_t bits = atomic_load(&now->lists) == lists ? atomic_load(&now->bits) : 0;
    shared_suspend(shared, row, bits);
    atomic_store(&shared->table->rows[row].suspended.lists, lists);
    return bits;
}
