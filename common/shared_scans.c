/* SPDX-License-Identifier: ISC
 * The room that messages have before and in scanners. */
#include "common/shares.h"

#include "common/shared_internal.h"

enum { SCAN_UNIT = 4096 };

static uint64_t units(uint64_t octets)
{
    return (octets + SCAN_UNIT - 1) / SCAN_UNIT;
}

static bool is_time(int64_t told, int64_t now)
{
    return told > 0 && told <= now;
}

static bool is_its_turn(const struct shared *shared, unsigned row, const struct scan_claim *claim)
{
    SHARED_EACH_ROW(shared, r) {
        int64_t oldest = atomic_load(&shared->table->rows[r].oldest_scan);
        int64_t first = atomic_load(&shared->table->rows[r].first_in_line);
        if (is_time(oldest, claim->now) && claim->now - oldest > claim->age)
            return false;
        if (r != row && is_time(first, claim->now) && first < claim->since &&
            claim->now - first <= claim->patience)
            return false;
    }
    return true;
}

void shared_scan_give(struct shared *shared, unsigned row, const struct holder *holder,
                      uint64_t octets)
{
    shared_subtract(&shared->table->rows[row].scans, octets);
    share_release(shared, row, holder, BUDGET_SCANS, units(octets));
}

/* Of one message each network has in any case. */
static enum shared_scan judge(const struct shared *shared, unsigned row,
                              const struct holder *holder, const struct scan_claim *claim)
{
    uint64_t all = shared_scans(shared);
    struct allotment of = {BUDGET_SCANS, units(all), units(claim->limit), units(claim->octets)};
    if (!share_is_kept(shared, holder, &of))
        return SHARED_SCAN_TOO_MANY_OF_NETWORK;
    bool has_room = all <= claim->limit || all == claim->octets;
    return has_room && is_its_turn(shared, row, claim) ? SHARED_SCAN_TAKEN : SHARED_SCAN_NO_ROOM;
}

enum shared_scan shared_scan_take(struct shared *shared, unsigned row, const struct holder *holder,
                                  const struct scan_claim *claim)
{
    atomic_fetch_add(&shared->table->rows[row].scans, claim->octets);
    share_hold(shared, row, holder, BUDGET_SCANS, units(claim->octets));
    enum shared_scan result = judge(shared, row, holder, claim);
    if (result != SHARED_SCAN_TAKEN)
        shared_scan_give(shared, row, holder, claim->octets);
    return result;
}

void shared_scan_oldest(struct shared *shared, unsigned row, int64_t given)
{
    atomic_store(&shared->table->rows[row].oldest_scan, given);
}

void shared_scan_first(struct shared *shared, unsigned row, int64_t since)
{
    atomic_store(&shared->table->rows[row].first_in_line, since);
}

void shared_slow_scan_give(struct shared *shared, unsigned row, unsigned family)
{
    share_subtract(shared, row, (uint64_t)family + 1, BUDGET_SLOW, 1);
}

bool shared_slow_scan_take(struct shared *shared, unsigned row, unsigned family, unsigned limit)
{
    share_add(shared, row, (uint64_t)family + 1, BUDGET_SLOW, 1);
    if (share_count(shared, (uint64_t)family + 1, BUDGET_SLOW) <= limit)
        return true;
    shared_slow_scan_give(shared, row, family);
    return false;
}
