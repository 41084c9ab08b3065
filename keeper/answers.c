/* SPDX-License-Identifier: ISC */
#include "keeper/answers.h"

#include "base/json.h"
#include "common/keeping.h"
#include "keeper/held_answers.h"
#include "keeper/learn_answers.h"
#include "keeper/opinions_answers.h"

#include <sys/vfs.h>

enum { STATUS_MAX = IPC_PAYLOAD_MAX };

/* ---- status ---- */

static void number(struct buf *out, const char *name, uint64_t n)
{
    json_key(out, slice_of(name));
    json_number(out, (double)n);
}

static void disk(struct buf *out)
{
    struct statfs fs;
    buf_cstr(out, ",\"disk\":{");
    if (fstatfs(KEEPER_FOLDER_FD, &fs) == 0) {
        number(out, "free", (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize);
        number(out, "size", (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize);
    }
    buf_char(out, '}');
}

static void tell_room(struct buf *out, const struct held_counts *counts)
{
    number(out, "octets", counts->octets);
    number(out, "size", counts->size);
    number(out, "oldest", (uint64_t)counts->oldest);
    json_key(out, SLICE("serves"));
    buf_cstr(out, counts->trouble ? "false" : "true");
    if (counts->trouble) {
        json_key(out, SLICE("reason"));
        json_text(out, slice_of(counts->trouble));
    }
    buf_char(out, '}');
}

static void tell_held(struct buf *out, struct quarantine *quarantine)
{
    struct held_counts held = held_counts(quarantine_held(quarantine, HELD_IN_QUARANTINE)),
                       journal = held_counts(quarantine_held(quarantine, HELD_IN_JOURNAL));
    buf_cstr(out, ",\"quarantine\":{");
    number(out, "waiting", held.waiting);
    number(out, "leaving", held.leaving);
    number(out, "in_doubt", held.doubted);
    tell_room(out, &held);
    buf_cstr(out, ",\"journal\":{");
    number(out, "kept", journal.waiting);
    tell_room(out, &journal);
}

void answer_status(struct control *control, struct slice gateway, struct history *history,
                   const struct lines *lines, struct quarantine *quarantine)
{
    struct buf out = buf_init(STATUS_MAX);
    struct history_counts counts = {0};
    if (history)
        counts = history_counts(history);
    buf_cstr(&out, "{\"gateway\":");
    buf_append(&out, gateway);
    buf_cstr(&out, ",\"history\":{");
    number(&out, "records", counts.records);
    number(&out, "octets", counts.octets);
    number(&out, "lost", counts.lost);
    buf_cstr(&out, "},\"decisions\":{");
    number(&out, "lost", lines->lost);
    buf_char(&out, '}');
    disk(&out);
    if (quarantine)
        tell_held(&out, quarantine);
    buf_char(&out, '}');
    control_answer(control, CONTROL_STATUS, out.failed ? SLICE("{}") : buf_slice(&out), NULL);
    buf_release(&out);
}

/* ---- records ---- */

struct finding {
    struct client *client;
    struct buf item;
    bool fits;
};

/* One that does not fit is left out. */
static bool tell(void *ctx, int64_t number, struct slice octets)
{
    struct finding *finding = ctx;
    buf_clear(&finding->item);
    pack_u64(&finding->item, (uint64_t)number);
    buf_append(&finding->item, octets);
    if (octets.len == 0 || finding->item.failed)
        return true;
    finding->fits = client_item(finding->client, buf_slice(&finding->item));
    return finding->fits;
}

static void answer_find(struct client *client, const struct control_find *find,
                        struct history *history)
{
    struct finding finding = {.client = client, .item = buf_init(IPC_PAYLOAD_MAX), .fits = true};
    struct history_query query = {.id = find->id,
                                  .text = find->text,
                                  .verdict = find->verdict,
                                  .client = find->client,
                                  .rule = find->rule,
                                  .since = (int64_t)find->since,
                                  .until = (int64_t)find->until,
                                  .before = (int64_t)find->before,
                                  .whole = find->whole,
                                  .most = find->most};
    const char *reason = NULL;
    int64_t before;
    bool found = history_find(history, &query, tell, &finding, &before, &reason);
    if (found && finding.fits && before)
        client_pause(client, before);
    else
        client_end(client, !found ? reason : finding.fits ? NULL : "the answer is too large");
    buf_release(&finding.item);
}

/* A time that no calendar has would be another one in microseconds. */
static bool is_sane(const struct control_find *find)
{
    enum { YEAR_9999 = 253402300799 / 1000 }; /* thousands of seconds */
    uint64_t last = (uint64_t)YEAR_9999 * 1000 * 1000;
    return find->since <= last && find->until <= last && find->before <= INT64_MAX;
}

/* What was held and is over, of all places. -1 with *reason: it failed. */
static int64_t forget_held(struct slice address, struct quarantine *quarantine, const char **reason)
{
    int64_t removed = 0;
    for (enum held_place place = 0; quarantine && place < HELD_PLACES && removed >= 0; place++) {
        int64_t more = held_forget(quarantine_held(quarantine, place), address, reason);
        removed = more < 0 ? more : removed + more;
    }
    return removed;
}

/* What is kept beside records. */
static int64_t forget_others(struct slice address, const struct kept *kept, const char **reason)
{
    int64_t held = forget_held(address, kept->quarantine, reason);
    int64_t thought =
        held >= 0 && kept->opinions ? opinions_forget(kept->opinions, address, reason) : 0;
    int64_t said = held >= 0 && thought >= 0 && kept->learning
                       ? learning_forget(kept->learning, LEARN_FORGET_ACCOUNT, address, reason)
                       : 0;
    return held < 0 || thought < 0 || said < 0 ? -1 : held + thought + said;
}

/* Some at once: gatepostctl asks until there are none. */
static void answer_forget(struct client *client, struct slice address, int64_t before,
                          const struct kept *kept)
{
    enum { NOTHING_IS_BEFORE = 1 };
    struct buf item = buf_init(64);
    const char *reason = "out of memory";
    int64_t removed = 0;
    if (kept->history && before != NOTHING_IS_BEFORE)
        removed = history_forget(kept->history, address, &before, &reason);
    else
        before = 0;
    if (removed >= 0 && before == 0) {
        int64_t others = forget_others(address, kept, &reason);
        before = others > 0 ? NOTHING_IS_BEFORE : 0;
        removed = others < 0 ? others : removed + others;
    }
    pack_u64(&item, (uint64_t)removed);
    bool ok = removed >= 0 && !item.failed && client_item(client, buf_slice(&item));
    if (ok && before)
        client_pause(client, before);
    else
        client_end(client, ok ? NULL : reason);
    buf_release(&item);
}

static bool is_forget(const struct ipc_message *question, struct slice *address, uint64_t *before)
{
    struct unpack in = {.left = question->payload};
    *address = unpack_slice(&in);
    *before = unpack_u64(&in);
    return *before <= INT64_MAX && question->type == CONTROL_FORGET && unpack_done(&in) &&
           address->len > 0;
}

/* What the parent has to be asked for this one; 0: nothing. */
static uint16_t parents_matter(const struct ipc_message *question)
{
    if (question->payload.len > 0)
        return 0;
    return question->type == CONTROL_STATUS     ? KEEPER_ASKS
           : question->type == CONTROL_METRICS  ? KEEPER_ASKS_METRICS
           : question->type == CONTROL_SESSIONS ? KEEPER_ASKS_SESSIONS
                                                : 0;
}

uint16_t answer_question(struct client *client, const struct ipc_message *question,
                         const struct kept *kept)
{
    struct control_find find;
    struct slice address;
    uint64_t before;
    bool finds = question->type == CONTROL_FIND && control_unpack_find(question->payload, &find) &&
                 is_sane(&find);
    bool forgets = is_forget(question, &address, &before);
    if (parents_matter(question)) {
        client_wait(client, question->type);
        return parents_matter(question);
    }
    if (answer_held(client, question, kept->quarantine) ||
        answer_opinions(client, question, kept->opinions) ||
        answer_learn(client, question, kept->learning))
        return 0;
    if (!finds && !forgets)
        client_end(client, "not a question");
    else if (forgets && (kept->history || kept->quarantine || kept->learning))
        answer_forget(client, address, (int64_t)before, kept);
    else if (!kept->history)
        client_end(client, "no history is kept (history enabled off)");
    else
        answer_find(client, &find, kept->history);
    return 0;
}
