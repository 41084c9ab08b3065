/* SPDX-License-Identifier: ISC
 * The model that is shared: taken from others, or told. */
#include "keeper/sharing_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 96 * 1024, FETCH_AGAIN_MS = 300000 };

static bool sum_of(const struct buf *octets, unsigned char sum[static LEARN_DIGEST])
{
    struct slice all = buf_slice(octets);
    return EVP_Q_digest(NULL, "SHA256", NULL, all.ptr, all.len, sum, NULL) == 1;
}

static void log_model(bool ours, const struct sharing_head *head)
{
    char digest[2 * LEARN_DIGEST + 1];
    hex_text((struct slice){(const char *)head->model, LEARN_DIGEST}, digest);
    log_at(LEVEL_INFO, "", ours ? "a model is shared" : "a shared model is used",
           field_str("digest", digest), field_str("by", head->by),
           field_num("generation", (int64_t)head->generation));
}

/* ---- what is told ---- */

static void keep_raw(struct sharing *s, struct slice raw)
{
    buf_clear(&s->raw);
    if (!buf_append(&s->raw, raw))
        buf_clear(&s->raw);
}

void sharing_take_head(struct sharing *s, struct slice raw)
{
    if (slice_eq(raw, buf_slice(&s->raw)))
        return;
    s->fetches = s->puts = false;
    s->fetch_at = 0;
    keep_raw(s, raw);
    s->has_head = raw.len && sharing_head_open(labels_share_keys(s->labels), slice_of(s->prefix),
                                               raw, &s->head);
    if (raw.len && !s->has_head)
        sharing_refuse_model(s, "nobody with our learn.key has told it");
    if (s->has_head && s->head.generation > s->latest)
        s->latest = s->head.generation;
}

/* ---- fetching ---- */

static void fetch(struct sharing *s)
{
    struct sharing_words words = {.count = 0};
    char at[24], count[24];
    if (!s->fetches) {
        buf_release(&s->octets);
        s->fetches = true;
        s->at = 0;
    }
    sharing_say(&words, buf_slice(&s->raw));
    sharing_say(&words, sharing_number(s->at, at));
    sharing_say(&words, sharing_number(PIECE, count));
    sharing_put_question(s, SHARING_FETCH, &words);
}

/* What is nobody's is not fetched again, and whoever has a later model tells his. */
static void refuse(struct sharing *s, const char *reason)
{
    sharing_refuse_model(s, reason);
    s->has_head = s->fetches = false;
    buf_release(&s->octets);
}

/* It is others' to use; we may be able to later. */
static void leave(struct sharing *s, const char *reason)
{
    s->fetches = false;
    s->fetch_at = clock_ms() + FETCH_AGAIN_MS;
    buf_release(&s->octets);
    log_at(LEVEL_WARNING, "", "a shared model cannot be used", field_str("by", s->head.by),
           field_num("generation", (int64_t)s->head.generation), field_str("reason", reason));
}

static enum sharing_taking take(struct sharing *s, const struct sharing_head *head,
                                const char **reason)
{
    unsigned char sum[LEARN_DIGEST];
    if (!sum_of(&s->octets, sum)) {
        *reason = "out of memory";
        return SHARING_FAILED;
    }
    *reason = "it is not what was told of it";
    return memcmp(sum, head->sum, sizeof sum) == 0
               ? s->owner->take(s->ctx, head, buf_slice(&s->octets), reason)
               : SHARING_FORGED;
}

static void use(struct sharing *s)
{
    const struct sharing_head head = s->head;
    const char *reason;
    enum sharing_taking taken = take(s, &head, &reason);
    if (taken == SHARING_FORGED)
        refuse(s, reason);
    if (taken == SHARING_FAILED)
        leave(s, reason);
    if (taken != SHARING_TAKEN)
        return;
    s->fetches = false;
    buf_release(&s->octets);
    labels_share_model(s->labels, head.generation, head.model);
    log_model(false, &head);
}

static void fetched(struct sharing *s, const struct sharing_words *words)
{
    struct slice piece = words->count == 2 ? words->each[1] : SLICE("");
    if (!s->fetches || slice_eq(words->each[0], SLICE("model"))) {
        s->fetches = false;
        sharing_rest(s);
        return;
    }
    s->at += piece.len;
    if (piece.len == 0 || s->at > s->head.octets)
        refuse(s, "its octets are not there");
    else if (!buf_append(&s->octets, piece))
        leave(s, "out of memory");
    else if (s->at == s->head.octets)
        use(s);
}

/* ---- putting ---- */

static bool seal_next(struct sharing *s, const struct model_entry *used, uint64_t generation)
{
    const struct labels_share *share = labels_share(s->labels);
    const char *reason = "out of memory";
    s->next = (struct sharing_head){.generation = generation, .made = used->made};
    memcpy(s->next.model, used->digest, LEARN_DIGEST);
    memcpy(s->next.by, s->by, sizeof s->next.by);
    memcpy(s->next.epoch, share->epoch, sizeof s->next.epoch);
    if (!labels_state(s->labels)->forgotten)
        memcpy(s->next.read, share->cursor, sizeof s->next.read);
    buf_release(&s->octets);
    buf_clear(&s->next_raw);
    bool ok =
        sharing_model_seal(s->labels, slice_of(s->prefix), s->models, used, &s->octets, &reason) &&
        sum_of(&s->octets, s->next.sum);
    s->next.octets = buf_len(&s->octets);
    ok = ok && sharing_head_seal(labels_share_keys(s->labels), slice_of(s->prefix), &s->next,
                                 &s->next_raw);
    if (!ok)
        sharing_fail(s, reason);
    return ok;
}

static void put(struct sharing *s)
{
    static const char life[] = "600"; /* of what is put, until it is told */
    struct sharing_words words = {.count = 0};
    char at[24];
    sharing_say(&words, sharing_number(s->at, at));
    sharing_say(&words, slice_sub(buf_slice(&s->octets), s->at, s->at + PIECE));
    sharing_say(&words, slice_of(life));
    sharing_put_question(s, SHARING_PUT, &words);
}

static void publish(struct sharing *s)
{
    struct sharing_words words = {.count = 0};
    char octets[24], life[24];
    sharing_say(&words, buf_slice(&s->raw));
    sharing_say(&words, buf_slice(&s->next_raw));
    sharing_say(&words, sharing_number(s->next.octets, octets));
    sharing_say(&words, sharing_life(s, life));
    sharing_put_question(s, SHARING_PUBLISH, &words);
}

static void go_on(struct sharing *s)
{
    if (s->at < s->next.octets)
        put(s);
    else
        publish(s);
}

static bool same(const unsigned char *one, const unsigned char *other)
{
    return memcmp(one, other, LEARN_DIGEST) == 0;
}

/* It was told, and is not there. */
static bool gets_nowhere(struct sharing *s, const struct model_entry *used, uint64_t generation)
{
    bool is = s->was_told && s->next.generation == generation && same(s->next.model, used->digest);
    s->was_told = false;
    if (is)
        sharing_rest(s);
    return is;
}

/* What a look finds is told again, after a rest where it was told before. */
static bool tell(struct sharing *s, const struct model_entry *used, uint64_t generation)
{
    if (gets_nowhere(s, used, generation))
        return true;
    if (!seal_next(s, used, generation))
        return true;
    s->puts = true;
    s->at = 0;
    go_on(s);
    return true;
}

static void told(struct sharing *s)
{
    s->puts = false;
    s->was_told = true;
    buf_release(&s->octets);
    keep_raw(s, buf_slice(&s->next_raw));
    s->head = s->next;
    s->has_head = true;
    labels_share_model(s->labels, s->next.generation, s->next.model);
    log_model(true, &s->next);
    sharing_look_again(s); /* whether it is there */
}

static void was_put(struct sharing *s, const struct sharing_words *words)
{
    if (s->puts && slice_eq(words->each[0], SLICE("put"))) {
        s->at += PIECE;
    } else if (s->puts && slice_eq(words->each[0], SLICE("told"))) {
        told(s);
    } else {
        s->puts = false;
        sharing_rest(s);
    }
}

/* ---- which ---- */

bool sharing_model_step(struct sharing *s)
{
    const struct labels_share *share = labels_share(s->labels);
    const struct model_entry *used = models_in_use(s->models);
    uint64_t seen = s->has_head ? s->head.generation : 0, ours = share->generation,
             latest = s->latest > ours ? s->latest : ours;
    bool news = used && (ours == 0 || !same(used->digest, share->model));
    if (s->owner->is_busy(s->ctx))
        return false;
    if (s->puts)
        return go_on(s), true;
    if (s->fetches)
        return fetch(s), true;
    if (seen > ours && news && used->weights && ours)
        return tell(s, used, latest + 1);
    if (seen > ours || (seen && seen == ours && !news && !same(s->head.model, share->model)))
        return clock_ms() >= s->fetch_at && (fetch(s), true);
    if (news)
        return tell(s, used, latest + 1);
    return seen < ours && ours == latest && used && tell(s, used, ours);
}

void sharing_model_answer(struct sharing *s, const struct sharing_words *words)
{
    if (s->asked == SHARING_FETCH)
        fetched(s, words);
    else
        was_put(s, words);
}
