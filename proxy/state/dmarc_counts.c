/* SPDX-License-Identifier: ISC */
#include "proxy/state/dmarc_counts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

struct dmarc_counts {
    void (*tell)(void *ctx, const struct dmarc_row *row);
    void *ctx;
    struct event *due;
    bool leaving;
    size_t used;
    struct dmarc_row rows[DMARC_COUNTS_MOST];
};

static void tell_all(struct dmarc_counts *counts)
{
    for (size_t i = 0; i < counts->used; i++) {
        counts->tell(counts->ctx, &counts->rows[i]);
        free((char *)(uintptr_t)counts->rows[i].key.ptr);
    }
    counts->used = 0;
    event_del(counts->due);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    tell_all(arg);
}

struct dmarc_counts *dmarc_counts_new(struct event_base *base,
                                      void (*tell)(void *ctx, const struct dmarc_row *row),
                                      void *ctx)
{
    struct dmarc_counts *counts = calloc(1, sizeof *counts);
    if (!counts)
        return NULL;
    counts->tell = tell;
    counts->ctx = ctx;
    counts->due = evtimer_new(base, on_due, counts);
    if (!counts->due)
        dmarc_counts_free(&counts);
    return counts;
}

void dmarc_counts_free(struct dmarc_counts **counts)
{
    struct dmarc_counts *c = *counts;
    if (!c)
        return;
    for (size_t i = 0; i < c->used; i++)
        free((char *)(uintptr_t)c->rows[i].key.ptr);
    if (c->due)
        event_free(c->due);
    free(c);
    *counts = NULL;
}

static struct slice copy(char **to, struct slice text)
{
    struct slice at = {*to, text.len};
    memcpy(*to, text.ptr, text.len);
    *to += text.len;
    return at;
}

/* In one piece, which its key begins. */
static bool keep(struct dmarc_counts *counts, const struct dmarc_row *row)
{
    char *piece = malloc(row->key.len + row->row.len + row->policy.len + 1);
    if (!piece)
        return false;
    if (counts->used == 0)
        evtimer_add(counts->due, &(struct timeval){.tv_usec = DMARC_COUNTS_MS * 1000L});
    struct dmarc_row *mine = &counts->rows[counts->used++];
    mine->key = copy(&piece, row->key);
    mine->row = copy(&piece, row->row);
    mine->policy = copy(&piece, row->policy);
    mine->count = 1;
    return true;
}

static struct dmarc_row *find(struct dmarc_counts *counts, const struct dmarc_row *row)
{
    for (size_t i = 0; i < counts->used; i++) {
        struct dmarc_row *one = &counts->rows[i];
        if (slice_eq(one->row, row->row) && slice_eq(one->key, row->key) &&
            slice_eq(one->policy, row->policy))
            return one;
    }
    return NULL;
}

void dmarc_counts_add(struct dmarc_counts *counts, const struct dmarc_row *row)
{
    struct dmarc_row *equal = find(counts, row), one = *row;
    one.count = 1;
    if (equal) {
        equal->count++;
        return;
    }
    if (counts->used == DMARC_COUNTS_MOST)
        tell_all(counts);
    if (counts->leaving || !keep(counts, row))
        counts->tell(counts->ctx, &one);
}

void dmarc_counts_settle(struct dmarc_counts *counts)
{
    counts->leaving = true;
    tell_all(counts);
}
