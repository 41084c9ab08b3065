/* SPDX-License-Identifier: ISC */
#include "proxy/reader/giving.h"

#include "proxy/reader/reader.h"

enum { BATCH = 256 * 1024 };

size_t giving_pieces(size_t octets)
{
    return octets / BATCH + 1;
}

/* None is larger than a batch. */
void giving_add(struct giving *giving, const char *octets, size_t len)
{
    while (len) {
        size_t n = len < BATCH ? len : BATCH;
        giving->pieces[giving->count++] = (struct iovec){(void *)(uintptr_t)octets, n};
        octets += n;
        len -= n;
    }
}

/* As many as a batch holds, so that a client that takes nothing is told from a slow one. */
static size_t next_batch(const struct giving *giving)
{
    size_t count = 0, octets = 0;
    while (giving->given + count < giving->count && octets < BATCH)
        octets += giving->pieces[giving->given + count++].iov_len;
    return count;
}

void giving_go_on(struct giving *giving, struct reader *r)
{
    size_t count = next_batch(giving);
    stream_write_pieces(r->base.stream, &giving->pieces[giving->given], count);
    giving->given += count;
    stream_notify_drained(r->base.stream);
    stream_deadline(r->base.stream, r->base.proxy->config->settings.timeouts_data);
    stream_flush(r->base.stream);
}
