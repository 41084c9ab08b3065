/* SPDX-License-Identifier: ISC */
#include "proxy/process/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/keeping.h"
#include "common/redis_breaker.h"

#include <event2/event.h>

/* A packet is as dear as a record: those of one round of the loop go together. */
enum { SENT_AT = 16 * 1024 };

static struct {
    char room[IPC_PAYLOAD_MAX];
    size_t used;
    unsigned count;
    struct event *send; /* when this round of the loop is over */
} waiting;

static void lost(struct proxy *proxy, unsigned records, const char *reason)
{
    static struct complaint complaint;
    static unsigned untold;
    uint64_t times;
    shared_count(proxy->shared, proxy->row, COUNTER_RECORDS_LOST, records);
    untold += records;
    if (!complaint_due(&complaint, clock_ms(), &times))
        return;
    log_at(LEVEL_ERROR, "", "records lost", field_str("reason", reason),
           field_num("count", (int64_t)untold));
    untold = 0;
}

void recorder_flush(struct proxy *proxy)
{
    struct slice records = {waiting.room, waiting.used};
    unsigned count = waiting.count;
    waiting.used = waiting.count = 0;
    if (count && ipc_send(proxy->keeper, KEEPING_RECORDS, records, NULL, 0, false) <= 0)
        lost(proxy, count, "the keeper does not take them");
}

static void on_send(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    recorder_flush(arg);
}

static void send_soon(struct proxy *proxy)
{
    if (!waiting.send)
        waiting.send = event_new(proxy->base, -1, 0, on_send, proxy);
    if (waiting.send && waiting.used < SENT_AT)
        event_active(waiting.send, EV_TIMEOUT, 0);
    else
        recorder_flush(proxy);
}

void recorder_send(struct proxy *proxy, struct record *record)
{
    static char room[RECORD_OCTETS_MAX];
    struct buf octets = buf_over(room, sizeof room);
    record->time = clock_wall_ms();
    record->gateway = proxy->config->hostname;
    if (!record_encode(&octets, record)) {
        lost(proxy, 1, "too large");
        return;
    }
    if (sizeof waiting.room - waiting.used < sizeof(uint32_t) + buf_len(&octets))
        recorder_flush(proxy);
    struct buf packet = buf_over(waiting.room + waiting.used, sizeof waiting.room - waiting.used);
    pack_slice(&packet, buf_slice(&octets));
    waiting.used += buf_len(&packet);
    waiting.count++;
    send_soon(proxy);
}

static void send_packet(struct proxy *proxy, enum keeping what, struct buf *packet)
{
    if (!packet->failed && ipc_send(proxy->keeper, what, buf_slice(packet), NULL, 0, false) <= 0)
        lost(proxy, 1, "the keeper does not take them");
    buf_release(packet);
}

void recorder_send_label(struct proxy *proxy, const struct label *label)
{
    struct buf item = buf_init(IPC_PAYLOAD_MAX), packet = buf_init(IPC_PAYLOAD_MAX);
    label_pack(&item, label);
    pack_slice(&packet, buf_slice(&item));
    packet.failed |= item.failed;
    buf_release(&item);
    send_packet(proxy, KEEPING_LABELS, &packet);
}

void recorder_send_read(struct proxy *proxy, const struct left_read *read)
{
    struct buf packet = buf_init(IPC_PAYLOAD_MAX);
    left_read_pack(&packet, read);
    send_packet(proxy, KEEPING_READ, &packet);
}

void recorder_send_gone(struct proxy *proxy, const struct left_gone *gone)
{
    struct buf packet = buf_init(IPC_PAYLOAD_MAX);
    left_gone_pack(&packet, gone);
    send_packet(proxy, KEEPING_GONE, &packet);
}

void recorder_send_answerable(struct proxy *proxy, const struct answerable *answerable)
{
    struct buf packet = buf_init(IPC_PAYLOAD_MAX);
    answerable_pack(&packet, answerable);
    send_packet(proxy, KEEPING_ANSWERABLE, &packet);
}

void recorder_send_answer(struct proxy *proxy, const struct answer_sent *answer)
{
    struct buf packet = buf_init(IPC_PAYLOAD_MAX);
    answer_sent_pack(&packet, answer);
    send_packet(proxy, KEEPING_ANSWER, &packet);
}

void recorder_send_opinions(struct proxy *proxy, struct slice packet, size_t count)
{
    if (ipc_send(proxy->keeper, KEEPING_OPINIONS, packet, NULL, 0, false) <= 0)
        lost(proxy, (unsigned)count, "the keeper does not take them");
}
