/* SPDX-License-Identifier: ISC
 * What is read of others, and told of ours. */
#include "keeper/sharing_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ENTRIES_AT_ONCE = 64,
    LABEL_OCTETS = 8192, /* of a label in the stream, and more than most have */
    FIRST_ENTRY = 5,     /* of an answer to a look, the words before are one each: */
    EPOCH = 1,
    LAST,
    HEAD,
    HOLDER,
    ANEW_MS = 60000,
};

_Static_assert((int)LABELS_EPOCH == SHARING_EPOCH_OCTETS + 1, "what scripts take for longer");
_Static_assert((int)SHARING_HOLDER == SHARING_HOLDER_OCTETS + 1, "the same");

/* ---- reading ---- */

/* A proxy is believed no more than Redis. */
static bool may_be_true(const struct sharing_words *words)
{
    return words->count >= FIRST_ENTRY && words->each[EPOCH].len <= SHARING_EPOCH_OCTETS &&
           words->each[HEAD].len <= SHARING_HEAD_OCTETS;
}

void sharing_look(struct sharing *s)
{
    struct sharing_words words = {.count = 0};
    char most[24], octets[24], life[24];
    s->look_at = clock_ms() + SHARING_LOOK_MS;
    sharing_say(&words, slice_of(labels_share(s->labels)->cursor));
    sharing_say(&words, sharing_number(ENTRIES_AT_ONCE, most));
    sharing_say(&words, sharing_number(SHARING_OCTETS - 8 * 1024, octets));
    sharing_say(&words, sharing_life(s, life));
    sharing_put_question(s, SHARING_LOOK, &words);
}

/* Redis was emptied, or set back to an earlier state; or we are new. */
static bool is_another_stream(const struct labels_share *share, struct slice epoch,
                              struct slice last)
{
    char place[LABELS_PLACE];
    if (!slice_eq(epoch, slice_of(share->epoch)))
        return true;
    return epoch.len && slice_to_text(last, place, sizeof place) &&
           labels_place_after(share->cursor, place);
}

/* All of ours is written anew then: Redis cannot ask for that as often as it likes. */
static bool may_leave(struct sharing *s)
{
    int64_t now = clock_ms();
    if (!labels_share(s->labels)->epoch[0])
        return true;
    if (now < s->anew_at)
        return false;
    s->anew_at = now + ANEW_MS;
    return true;
}

static void log_anew(struct sharing *s, struct slice epoch)
{
    uint64_t times;
    if (complaint_due(&s->anew, clock_ms(), &times))
        log_at(LEVEL_INFO, "", "what is learnt is shared anew",
               field_str("reason", epoch.len ? "others have begun" : "redis has none of it"),
               field_num("times", (int64_t)times));
}

static void begin_anew(struct sharing *s, struct slice epoch)
{
    if (!may_leave(s)) {
        sharing_fail(s, "redis loses what it holds again and again");
        return;
    }
    log_anew(s, epoch);
    if (!labels_share_anew(s->labels, epoch)) {
        sharing_fail(s, "the database cannot be written");
        return;
    }
    s->tells = true;
    if (epoch.len)
        sharing_look_again(s);
}

/* False: nothing more is to be looked for. */
static bool take_entries(struct sharing *s, const struct sharing_words *words)
{
    const struct labels_share *share = labels_share(s->labels);
    struct labels_heard heard;
    const char *reason;
    char before[LABELS_PLACE];
    if (words->count <= FIRST_ENTRY)
        return false;
    memcpy(before, share->cursor, sizeof before);
    if (!labels_hear(s->labels, words, FIRST_ENTRY, clock_wall(), &heard, &reason)) {
        sharing_fail(s, reason);
        return false;
    }
    if (heard.refused)
        sharing_refuse_labels(s, heard.refused, "nobody with our learn.key has told them");
    s->tells = true; /* places may have to go */
    if (labels_place_after(share->cursor, before))
        return true;
    sharing_fail(s, "redis answers with nonsense");
    return false;
}

void sharing_looked(struct sharing *s, const struct sharing_words *words)
{
    if (!may_be_true(words)) {
        sharing_fail(s, "redis answers with nonsense");
        return;
    }
    struct slice epoch = words->each[EPOCH];
    s->caught_up = false;
    snprintf(s->holder, sizeof s->holder, "%.*s", SLICE_ARGS(words->each[HOLDER]));
    sharing_take_head(s, words->each[HEAD]);
    if (is_another_stream(labels_share(s->labels), epoch, words->each[LAST]))
        begin_anew(s, epoch);
    else if (take_entries(s, words))
        sharing_look_again(s);
    s->caught_up = s->look_at != 0 && !s->away;
    if (s->caught_up)
        s->read = clock_wall();
}

/* ---- telling ---- */

struct slice sharing_life(const struct sharing *s, char room[static 24])
{
    return sharing_number((uint64_t)labels_bounds(s->labels)->age, room);
}

static bool make_epoch(char hex[static LABELS_EPOCH])
{
    unsigned char octets[LABELS_EPOCH / 2];
    if (getrandom(octets, sizeof octets, 0) != sizeof octets)
        return false;
    hex_text((struct slice){(const char *)octets, sizeof octets}, hex);
    return true;
}

static void add_all(struct sharing_words *words, const struct sharing_words *more)
{
    for (size_t i = 0; i < more->count; i++)
        sharing_say(words, more->each[i]);
}

static void ask_to_tell(struct sharing *s)
{
    const struct labels_share *share = labels_share(s->labels);
    const struct labels_bounds *bounds = labels_bounds(s->labels);
    static struct sharing_words words;
    char epoch[LABELS_EPOCH], life[24], most[24], octets[24], oldest[24], going[24];
    int64_t old = clock_wall() - bounds->age;
    words.count = 0;
    if (!make_epoch(epoch))
        return;
    sharing_say(&words, slice_of(share->cursor));
    sharing_say(&words, slice_of(share->epoch));
    sharing_say(&words, slice_of(epoch));
    sharing_say(&words, sharing_life(s, life));
    sharing_say(&words, sharing_number(bounds->count, most));
    sharing_say(&words, sharing_number(bounds->count * LABEL_OCTETS, octets));
    sharing_say(&words, sharing_number(old > 0 ? (uint64_t)old * 1000 : 0, oldest));
    sharing_say(&words, sharing_number(s->telling.gone.count, going));
    add_all(&words, &s->telling.gone);
    add_all(&words, &s->telling.entries);
    sharing_put_question(s, SHARING_TELL, &words);
}

/* What was told is not read: it was trimmed at once, or somebody takes it out. It is not told again and
 * again. */
static bool gets_nowhere(struct sharing *s)
{
    bool is = s->was_said && labels_told_in_vain(s->labels, &s->telling);
    s->was_said = false;
    return is;
}

bool sharing_say_labels(struct sharing *s)
{
    const char *reason;
    if (gets_nowhere(s))
        return false;
    labels_telling_free(&s->telling);
    if (!labels_to_tell(s->labels, &s->telling, &reason)) {
        sharing_fail(s, reason);
        return true;
    }
    bool is =
        s->telling.entries.count || (s->telling.gone.count && labels_share(s->labels)->epoch[0]);
    if (is)
        ask_to_tell(s);
    return is;
}

static void said(struct sharing *s)
{
    labels_told(s->labels, &s->telling);
    s->was_said = s->telling.entries.count > 0;
}

void sharing_said_labels(struct sharing *s, const struct sharing_words *words)
{
    if (slice_eq(words->each[0], SLICE("told")))
        said(s);
    else
        sharing_rest(s);
    labels_telling_free(&s->telling);
    sharing_look_again(s);
}
