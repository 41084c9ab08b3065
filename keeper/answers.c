/* SPDX-License-Identifier: ISC */
#include "keeper/answers.h"

#include "base/json.h"

/* ---- status ---- */

static void number(struct buf *out, const char *name, uint64_t n)
{
    json_key(out, slice_of(name));
    json_number(out, (double)n);
}

static void answer_status(struct client *client, struct history *history, const struct lines *lines)
{
    struct buf out = buf_init(4096);
    struct history_counts counts = {0};
    if (history)
        counts = history_counts(history);
    buf_cstr(&out, "{\"history\":{");
    number(&out, "records", counts.records);
    number(&out, "octets", counts.octets);
    number(&out, "lost", counts.lost);
    buf_cstr(&out, "},\"decisions\":{");
    number(&out, "lost", lines->lost);
    buf_cstr(&out, "}}");
    bool ok = !out.failed && client_item(client, buf_slice(&out));
    client_end(client, ok ? NULL : "out of memory");
    buf_release(&out);
}

/* ---- records ---- */

struct finding {
    struct client *client;
    bool fits;
};

static bool tell(void *ctx, struct slice octets)
{
    struct finding *finding = ctx;
    finding->fits = client_item(finding->client, octets);
    return finding->fits;
}

static void answer_find(struct client *client, const struct control_find *find,
                        struct history *history)
{
    struct finding finding = {.client = client, .fits = true};
    struct history_query query = {.id = find->id,
                                  .text = find->text,
                                  .verdict = find->verdict,
                                  .client = find->client,
                                  .rule = find->rule,
                                  .since = (int64_t)find->since,
                                  .until = (int64_t)find->until,
                                  .most = find->most};
    const char *reason = NULL;
    bool found = history_find(history, &query, tell, &finding, &reason);
    client_end(client, !found ? reason : finding.fits ? NULL : "the answer is too large");
}

/* A time that no calendar has would be another one in microseconds. */
static bool is_sane(const struct control_find *find)
{
    enum { YEAR_9999 = 253402300799 / 1000 }; /* thousands of seconds */
    uint64_t last = (uint64_t)YEAR_9999 * 1000 * 1000;
    return find->since <= last && find->until <= last;
}

void answer_question(struct client *client, const struct ipc_message *question,
                     struct history *history, const struct lines *lines)
{
    struct control_find find;
    if (question->type == CONTROL_STATUS && question->payload.len == 0)
        answer_status(client, history, lines);
    else if (question->type != CONTROL_FIND || !control_unpack_find(question->payload, &find) ||
             !is_sane(&find))
        client_end(client, "not a question");
    else if (!history)
        client_end(client, "no history is kept (history enabled off)");
    else
        answer_find(client, &find, history);
}
