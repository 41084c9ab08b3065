/* SPDX-License-Identifier: ISC */
#include "keeper/learn_status.h"

#include "base/json.h"
#include "base/sealed_map.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { MILLION = 1000000 };

static void number(struct buf *out, const char *name, double n)
{
    json_key(out, slice_of(name));
    json_number(out, n);
}

static void text(struct buf *out, const char *name, const char *value)
{
    json_key(out, slice_of(name));
    json_text(out, slice_of(value));
}

static void classes(struct buf *out, const char *name, uint64_t good, uint64_t spam)
{
    json_key(out, slice_of(name));
    buf_char(out, '{');
    number(out, "good", (double)good);
    number(out, "spam", (double)spam);
    buf_char(out, '}');
}

/* ---- labels ---- */

static bool labels(struct learning *learning, struct buf *out, const char **reason)
{
    struct labels_counts counts;
    if (!labels_counts(learning_labels(learning), &counts, reason))
        return false;
    json_key(out, SLICE("labels"));
    buf_char(out, '{');
    for (enum label_how how = 0; how < LABEL_HOWS; how++)
        classes(out, label_how_word(how), counts.of[how][LABEL_GOOD], counts.of[how][LABEL_SPAM]);
    buf_char(out, '}');
    number(out, "pending", (double)counts.pending);
    number(out, "answerable", (double)counts.answerable);
    return true;
}

/* ---- models ---- */

static void model_members(struct buf *out, const struct model_entry *entry)
{
    char digest[2 * LEARN_DIGEST + 1];
    hex_text((struct slice){(const char *)entry->digest, LEARN_DIGEST}, digest);
    text(out, "digest", digest);
    number(out, "made", (double)entry->made);
    number(out, "good", entry->good);
    number(out, "spam", entry->spam);
    number(out, "log_loss", (double)entry->loss / MILLION);
}

static void model(struct buf *out, const struct model_entry *used)
{
    json_key(out, SLICE("model"));
    if (!used) {
        buf_cstr(out, "null");
        return;
    }
    buf_char(out, '{');
    model_members(out, used);
    buf_char(out, '}');
}

static void models(struct learning *learning, struct buf *out)
{
    const struct models *all = learning_models(learning);
    json_key(out, SLICE("models"));
    buf_char(out, '[');
    for (size_t i = 0; i < models_count(all); i++) {
        const struct model_entry *entry = models_at(all, i);
        json_item(out);
        buf_char(out, '{');
        model_members(out, entry);
        json_key(out, SLICE("in_use"));
        buf_cstr(out, entry == models_in_use(all) ? "true" : "false");
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void last_build(struct learning *learning, struct buf *out)
{
    const struct labels_state *state = labels_state(learning_labels(learning));
    json_key(out, SLICE("last_build"));
    if (state->time == 0) {
        buf_cstr(out, "null");
        return;
    }
    buf_char(out, '{');
    number(out, "time", (double)state->time);
    text(out, "outcome", state->outcome);
    text(out, "reason", state->reason);
    buf_char(out, '}');
}

/* ---- with other gateways ---- */

static void shared(struct learning *learning, struct buf *out)
{
    struct sharing_status status;
    json_key(out, SLICE("shared"));
    if (!learning_shared(learning, &status)) {
        buf_cstr(out, "null");
        return;
    }
    buf_char(out, '{');
    number(out, "read", (double)status.read);
    number(out, "away", (double)status.away);
    number(out, "generation", (double)status.generation);
    text(out, "by", status.by);
    text(out, "builds", status.lease);
    number(out, "untold", (double)status.untold);
    number(out, "refused", (double)status.refused);
    buf_char(out, '}');
}

/* ---- predictions ---- */

static void base64(struct buf *out, struct slice octets)
{
    size_t room = 4 * ((octets.len + 2) / 3) + 1;
    unsigned char *coded = malloc(room);
    int len =
        coded ? EVP_EncodeBlock(coded, (const unsigned char *)octets.ptr, (int)octets.len) : 0;
    json_text(out, (struct slice){(const char *)coded, (size_t)len});
    free(coded);
}

static void predictions(struct learning *learning, struct buf *out)
{
    const struct model_entry *used = models_in_use(learning_models(learning));
    const size_t most = (size_t)LEARN_STATUS_PREDICTIONS * LEARN_PREDICTION;
    const char *reason;
    int files[2];
    struct slice all = {NULL, 0};
    if (used && models_load(learning_models(learning), used, &files[0], &files[1], &reason)) {
        all = sealed_map(files[1], (uint64_t)LEARN_LABELS_MOST * LEARN_PREDICTION);
        close(files[0]);
        close(files[1]);
    }
    json_key(out, SLICE("predictions"));
    base64(out, slice_from(all, all.len > most ? all.len - most : 0));
    sealed_unmap(all);
}

bool learn_status(struct learning *learning, struct buf *out, const char **reason)
{
    const struct model_entry *used = models_in_use(learning_models(learning));
    buf_char(out, '{');
    classes(out, "learnt", used ? used->good : 0, used ? used->spam : 0);
    if (!labels(learning, out, reason))
        return false;
    model(out, used);
    models(learning, out);
    last_build(learning, out);
    number(out, "left_out", learning_left_out(learning));
    shared(learning, out);
    predictions(learning, out);
    buf_cstr(out, "}\n");
    *reason = "out of memory";
    return !out->failed;
}
