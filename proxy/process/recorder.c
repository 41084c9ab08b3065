/* SPDX-License-Identifier: ISC */
#include "proxy/process/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/keeping.h"
#include "common/redis_breaker.h"

static char room[IPC_PAYLOAD_MAX];

static void lost(struct proxy *proxy, const struct record *record, const char *reason)
{
    static struct complaint complaint;
    uint64_t count;
    shared_count(proxy->shared, proxy->row, COUNTER_RECORDS_LOST, 1);
    if (complaint_due(&complaint, clock_ms(), &count))
        log_at(LEVEL_ERROR, "", "records lost", field_text("last", record->id),
               field_str("reason", reason), field_num("count", (int64_t)count));
}

void recorder_send(struct proxy *proxy, struct record *record)
{
    struct buf out = buf_over(room, sizeof room);
    record->time = clock_wall_ms();
    record->gateway = proxy->config->hostname;
    if (!record_encode(&out, record))
        lost(proxy, record, "too large");
    else if (ipc_send(proxy->keeper, KEEPING_RECORD, buf_slice(&out), NULL, 0, false) <= 0)
        lost(proxy, record, "the keeper does not take them");
}
