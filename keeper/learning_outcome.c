/* SPDX-License-Identifier: ISC */
#include "keeper/learning_outcome.h"

#include "base/json.h"
#include "base/log.h"

#include <stdio.h>

enum { MILLION = 1000000 };

const char *learning_why(const struct learn_built *built)
{
    static char text[LEARN_REASON_MOST];
    switch (built->outcome) {
    case LEARN_COLLECTING:
        return "there are too few labels that count, or they are all alike";
    case LEARN_WORSE:
        if (built->compared == 0)
            return "its labels tell good mail from spam no better than by chance";
        snprintf(text, sizeof text,
                 "it is worse than the model in use (log-loss %.3f, and %.3f of %u labels)",
                 (double)built->loss / MILLION, (double)built->old_loss / MILLION, built->compared);
        return text;
    default:
        return "";
    }
}

static void hex_of(const struct learn_built *built, char out[static 2 * LEARN_DIGEST + 1])
{
    hex_text((struct slice){(const char *)built->digest, LEARN_DIGEST}, out);
}

static void number(struct buf *out, const char *name, double n)
{
    json_key(out, slice_of(name));
    json_number(out, n);
}

void learning_outcome_json(struct buf *out, const struct learn_built *built,
                           enum outcome_shared shared)
{
    char digest[2 * LEARN_DIGEST + 1];
    hex_of(built, digest);
    buf_char(out, '{');
    json_key(out, SLICE("outcome"));
    json_text(out, slice_of(learn_outcome_word(built->outcome)));
    json_key(out, SLICE("reason"));
    json_text(out, slice_of(learning_why(built)));
    json_key(out, SLICE("digest"));
    json_text(out, slice_of(digest));
    number(out, "good", built->good);
    number(out, "spam", built->spam);
    number(out, "unread", built->unread);
    number(out, "compared", built->compared);
    number(out, "log_loss", (double)built->loss / MILLION);
    number(out, "old_log_loss", (double)built->old_loss / MILLION);
    json_key(out, SLICE("shared"));
    buf_cstr(out, shared == OUTCOME_OWN ? "null" : shared == OUTCOME_SHARED ? "true" : "false");
    buf_cstr(out, "}\n");
}

void learning_log(const struct learn_built *built)
{
    char digest[2 * LEARN_DIGEST + 1], loss[16];
    hex_of(built, digest);
    snprintf(loss, sizeof loss, "%.3f", (double)built->loss / MILLION);
    if (built->outcome == LEARN_WORSE)
        log_at(LEVEL_WARNING, "", "a model is not used", field_str("reason", learning_why(built)));
    else if (built->outcome == LEARN_PUBLISHED)
        log_at(LEVEL_INFO, "", "model made", field_str("digest", digest),
               field_num("good", built->good), field_num("spam", built->spam),
               field_str("log_loss", loss));
    if (built->unread)
        log_at(LEVEL_WARNING, "", "labels cannot be opened", field_num("count", built->unread));
}
