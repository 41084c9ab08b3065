/* SPDX-License-Identifier: ISC */
#include "keeper/metrics.h"

#include "common/keeping.h"
#include "common/metrics.h"

#include <sys/vfs.h>

static void disk(struct buf *out)
{
    struct statfs fs;
    if (fstatfs(KEEPER_FOLDER_FD, &fs) == 0)
        metric_gauge(out, "disk_free_bytes", "room left on the keeper's disk",
                     (int64_t)fs.f_bavail * fs.f_bsize);
}

static void what_is_held(struct quarantine *quarantine, struct buf *out)
{
    struct held_counts counts = held_counts(quarantine_held(quarantine, HELD_IN_QUARANTINE));
    metric_gauge(out, "held", "messages that wait in the quarantine, a recipient each",
                 (int64_t)counts.waiting);
    metric_gauge(out, "held_leaving", "released, and not delivered yet", (int64_t)counts.leaving);
    metric_gauge(out, "held_in_doubt", "released, and perhaps delivered", (int64_t)counts.doubted);
    metric_gauge(out, "held_bytes", "what is held takes on the disk", (int64_t)counts.octets);
    metric_gauge(out, "held_bytes_most", "what it may take", (int64_t)counts.size);
}

static void what_is_journaled(struct quarantine *quarantine, struct buf *out)
{
    struct held_counts counts = held_counts(quarantine_held(quarantine, HELD_IN_JOURNAL));
    metric_gauge(out, "journal", "messages that the journal has, a recipient each",
                 (int64_t)counts.waiting);
    metric_gauge(out, "journal_bytes", "what they take on the disk", (int64_t)counts.octets);
    metric_gauge(out, "journal_bytes_most", "what they may take", (int64_t)counts.size);
}

void metrics_of_keeper(struct history *history, struct quarantine *quarantine, struct buf *out)
{
    struct history_counts counts = {0};
    if (history)
        counts = history_counts(history);
    metric_gauge(out, "history_records", "records kept", (int64_t)counts.records);
    metric_gauge(out, "history_bytes", "what they take on the disk", (int64_t)counts.octets);
    metric_gauge(out, "history_lost", "records lost by the present keeper", (int64_t)counts.lost);
    if (quarantine) {
        what_is_held(quarantine, out);
        what_is_journaled(quarantine, out);
    }
    disk(out);
}

void metrics_of_sharing(const struct sharing_status *status, struct buf *out)
{
    metric_gauge(out, "learn_shared", "1: what is learnt is shared with other gateways, 0: not now",
                 status->read && !status->away);
    metric_gauge(out, "learn_shared_read_seconds", "when others were read last, since 1970",
                 status->read);
    metric_gauge(out, "learn_shared_untold", "labels that others do not know yet",
                 (int64_t)status->untold);
    metric_gauge(out, "learn_shared_refused", "what nobody with our learn.key has told",
                 (int64_t)status->refused);
}
