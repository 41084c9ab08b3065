/* SPDX-License-Identifier: ISC
 * What somebody who may use the control socket asks, of a history that holds a record. */
#include "common/control.h"
#include "keeper/history.h"
#include "tests/fuzz/target.h"

static struct history *history;

static bool no_more(void *ctx, int64_t number, struct slice octets)
{
    (void)ctx, (void)number, (void)octets;
    return true;
}

FUZZ_WARM_UP()
{
    static const struct history_bounds bounds = {.age = 86400, .size = 1 << 20};
    const char *reason;
    struct record record = {.time = 1795860000000,
                            .id = SLICE("0123456789.1"),
                            .from = SLICE("a@b.example"),
                            .subject = SLICE("hello")};
    struct buf out = buf_init(65536);
    history = history_open(":memory:", &bounds, &reason);
    if (!history || !record_encode(&out, &record))
        return false;
    history_add(history, &record, buf_slice(&out));
    buf_release(&out);
    return history_commit(history);
}

FUZZ(payload)
{
    struct control_find find;
    const char *reason;
    if (!control_unpack_find(payload, &find))
        return;
    struct history_query query = {.id = find.id,
                                  .text = find.text,
                                  .verdict = find.verdict,
                                  .client = find.client,
                                  .rule = find.rule,
                                  .most = find.most};
    int64_t before;
    history_find(history, &query, no_more, NULL, &before, &reason);
}
