/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_aside.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/smtp/smtp_hold.h"

#include <unistd.h>

enum {
    ASIDE_MS = 2000, /* until the keeper must have it */
    REST_MS = 10000, /* that a keeper which had it not is not asked again */
};

static const struct kind {
    bool (*wanted)(const struct smtp_session *s);
    bool (*tell)(struct smtp_session *s, struct hold_request *request);
    enum held_place place;
    enum counter counter;
    const char *lost; /* what is said when the keeper has it not; NULL: its sender is put off */
    int (*message)(struct smtp_session *s); /* NULL: as it came */
} kinds[ASIDES] = {
    [ASIDE_REDIRECT] = {smtp_redirect_wanted, smtp_redirect_tell, HELD_IN_QUARANTINE,
                        .message = smtp_redirected_message},
    [ASIDE_BCC] = {smtp_bcc_wanted, smtp_bcc_tell, HELD_IN_QUARANTINE, COUNTER_COPIES_LOST,
                   "no copy is kept", smtp_bcc_message},
    [ASIDE_COPY] = {smtp_copy_wanted, smtp_copy_tell, HELD_IN_QUARANTINE, COUNTER_COPIES_LOST,
                    "no copy is kept", NULL},
    [ASIDE_JOURNAL] = {smtp_journal_wanted, smtp_journal_tell, HELD_IN_JOURNAL,
                       COUNTER_JOURNAL_LOST, "the journal has it not", NULL},
};

static int64_t asked_again_at; /* clock_ms; 0: the keeper is well */

static void go_on(struct smtp_session *s);

static const struct kind *kind_of(const struct smtp_session *s)
{
    return &kinds[s->t->asides];
}

/* Whether the message goes on without. */
static bool is_needed(const struct smtp_session *s)
{
    return !kind_of(s)->lost;
}

/* False: its sender was put off. */
static bool lost(struct smtp_session *s, const char *reason)
{
    if (is_needed(s)) {
        smtp_hold_failed(s, reason);
        return false;
    }
    log_at(LEVEL_ERROR, s->ref, kind_of(s)->lost, field_str("reason", reason));
    session_count(&s->base, kind_of(s)->counter);
    return true;
}

static void answered(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    bool silent = !answer->held && answer->reason != answer->text;
    asked_again_at = silent ? clock_ms() + REST_MS : 0;
    if (!answer->held && !lost(s, answer->reason))
        return;
    s->t->asides++;
    go_on(s);
}

static bool ask(struct smtp_session *s, struct hold_request *request, const char **reason)
{
    int made = kind_of(s)->message ? kind_of(s)->message(s) : -1;
    int message = kind_of(s)->message ? made : spool_fd(s->t->message.spool);
    bool asked = kind_of(s)->tell(s, request) &&
                 smtp_hold_begin(s, request, message, &s->t->aside_tickets[s->t->asides],
                                 is_needed(s) ? smtp_hold_patience(s) : ASIDE_MS, answered, reason);
    if (made >= 0)
        close(made);
    return asked;
}

/* False: nothing is waited for. */
static bool begin(struct smtp_session *s, const char **reason)
{
    struct hold_request request = smtp_hold_request(s);
    request.place = kind_of(s)->place;
    *reason = "out of memory";
    if (is_needed(s) || asked_again_at <= clock_ms())
        return ask(s, &request, reason);
    *reason = "the keeper has not taken the one before";
    return false;
}

static void go_on(struct smtp_session *s)
{
    const char *reason;
    for (; s->t->asides < ASIDES; s->t->asides++)
        if (kind_of(s)->wanted(s) && (begin(s, &reason) || !lost(s, reason)))
            return;
    smtp_hold_go_on(s);
}

void smtp_aside(struct smtp_session *s)
{
    s->t->asides = 0;
    go_on(s);
}

bool smtp_wants_aside(const struct smtp_session *s)
{
    for (size_t i = 0; i < ASIDES; i++)
        if (kinds[i].wanted(s))
            return true;
    return false;
}
