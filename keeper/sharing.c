/* SPDX-License-Identifier: ISC
 * One question after the other. */
#include "keeper/sharing_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "keeper/model_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOCK_MS = 1000,
    NOTHING_MOST = 100,
    HEARD_AT_ONCE = 16,
    REST_MS = 1000,
    REST_LONG_MS = 8000, /* nobody waits for its end, */
    REST_MOST_MS = 60000,
    PATIENCE_MS = 30000, /* that Redis is away no longer is nobody's business */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

static void after(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

struct slice sharing_number(uint64_t number, char room[static 24])
{
    return (struct slice){room, (size_t)snprintf(room, 24, "%" PRIu64, number)};
}

/* ---- troubles ---- */

void sharing_fail(struct sharing *s, const char *reason)
{
    uint64_t times;
    int64_t now = clock_ms();
    if (!s->away) {
        s->away = clock_wall();
        s->away_ms = now;
    }
    s->caught_up = s->fetches = s->puts = false;
    s->was_said = false;
    s->rest_until = s->look_at = now + SHARING_LOOK_MS;
    sharing_lease_away(s);
    if (now - s->away_ms >= PATIENCE_MS && complaint_due(&s->lost, now, &times))
        log_at(LEVEL_WARNING, "", "what is learnt is not shared", field_str("reason", reason),
               field_num("seconds", (now - s->away_ms) / 1000), field_num("times", (int64_t)times));
}

static void complain(struct complaint *complaint, const char *what, const char *reason)
{
    uint64_t times;
    if (complaint_due(complaint, clock_ms(), &times))
        log_at(LEVEL_WARNING, "", "what is shared is refused", field_str("what", what),
               field_str("reason", reason), field_num("times", (int64_t)times));
}

void sharing_refuse_labels(struct sharing *s, uint32_t count, const char *reason)
{
    s->refused += count;
    complain(&s->forged_labels, "labels", reason);
}

void sharing_refuse_model(struct sharing *s, const char *reason)
{
    s->refused++;
    complain(&s->forged_model, "model", reason);
}

static void note_that_it_is_there(struct sharing *s)
{
    if (s->away && clock_ms() - s->away_ms >= PATIENCE_MS)
        log_at(LEVEL_INFO, "", "what is learnt is shared again",
               field_num("seconds", (clock_ms() - s->away_ms) / 1000));
    s->away = 0;
}

/* ---- asking ---- */

void sharing_put_question(struct sharing *s, enum sharing_script script,
                          const struct sharing_words *words)
{
    static struct sharing_question question;
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    s->deadline = clock_ms() + SHARING_MS;
    s->asked = script;
    s->number = ++s->last;
    question = (struct sharing_question){.number = s->number,
                                         .deadline = s->deadline,
                                         .script = script,
                                         .gateway = slice_of(s->gateway),
                                         .words = *words};
    sharing_question_pack(&out, &question);
    int sent =
        out.failed ? 0 : ipc_send(s->sock, SHARING_QUESTION, buf_slice(&out), NULL, 0, false);
    bool closed = sent < 0 && errno == EPIPE;
    buf_release(&out);
    if (sent == 1)
        return;
    if (closed)
        s->owner->deaf(s->ctx);
    s->number = 0;
    sharing_fail(s, "no proxy takes a question");
}

void sharing_look_again(struct sharing *s)
{
    s->look_at = 0;
}

void sharing_rest(struct sharing *s)
{
    int64_t longer = s->rest_ms ? 2 * s->rest_ms : REST_MS;
    s->rest_ms = longer < REST_MOST_MS ? longer : REST_MOST_MS;
    s->rest_until = clock_ms() + s->rest_ms;
    sharing_look_again(s);
}

/* Who wants the lease does not wait. */
static bool is_away(const struct sharing *s)
{
    bool rests = clock_ms() < s->rest_until && (s->away || s->rest_ms >= REST_LONG_MS);
    return !s->on || rests;
}

/* The next question, if there is one now. */
static void step(struct sharing *s)
{
    int64_t now = clock_ms();
    if (!s->on || s->number || (!s->away && sharing_lease_keep(s)) || now < s->rest_until)
        return;
    if (now >= s->look_at) {
        sharing_look(s);
        return;
    }
    if (!s->caught_up)
        return;
    s->tells = s->tells && sharing_say_labels(s);
    if (!s->tells && !sharing_model_step(s) && !sharing_lease_step(s))
        s->rest_ms = 0;
}

static void step_soon(struct sharing *s)
{
    after(s->clock, 0);
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct sharing *s = arg;
    after(s->clock, CLOCK_MS);
    if (s->number && clock_ms() >= s->deadline) {
        s->number = 0;
        sharing_fail(s, "no proxy answers");
    }
    if (is_away(s))
        sharing_lease_away(s);
    step(s);
}

/* ---- hearing ---- */

static void take(struct sharing *s, const struct sharing_answer *answer)
{
    if (answer->number != s->number || !s->number)
        return;
    s->number = 0;
    if (!answer->ok || answer->words.count == 0) {
        sharing_fail(s, "redis is away, or answers with an error");
        return;
    }
    note_that_it_is_there(s);
    if (s->asked == SHARING_LOOK)
        sharing_looked(s, &answer->words);
    else if (s->asked == SHARING_TELL)
        sharing_said_labels(s, &answer->words);
    else if (s->asked == SHARING_LEASE_IT)
        sharing_lease_answer(s, &answer->words);
    else
        sharing_model_answer(s, &answer->words);
    step_soon(s);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static bool hear(struct sharing *s)
{
    static struct sharing_answer answer;
    struct ipc_message message;
    int got = ipc_recv(s->sock, &message, inbox, sizeof inbox, false);
    if (got < 0 && ++s->nothing == NOTHING_MOST)
        s->owner->deaf(s->ctx);
    if (got <= 0)
        return got < 0 && s->nothing < NOTHING_MOST;
    s->nothing = 0;
    if (message.type == SHARING_ANSWER && sharing_answer_unpack(message.payload, &answer))
        take(s, &answer);
    ipc_close_fds(&message);
    return true;
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    for (int i = 0; i < HEARD_AT_ONCE && hear(arg); i++)
        ;
}

/* ---- what the owner does ---- */

struct slice sharing_prefix(const struct sharing *s)
{
    return slice_of(s->prefix);
}

void sharing_begin(struct sharing *s)
{
    const struct labels_share *share = labels_share(s->labels);
    if (!share)
        return;
    hex_text((struct slice){(const char *)share->gateway, LABELS_GATEWAY}, s->gateway);
    s->on = s->tells = true;
    sharing_look_again(s);
    step_soon(s);
}

void sharing_tell(struct sharing *s)
{
    s->tells = true;
    step_soon(s);
}

void sharing_status(struct sharing *s, struct sharing_status *out)
{
    const struct labels_share *share = labels_share(s->labels);
    const char *name = strchr(s->holder, ' ');
    *out = (struct sharing_status){.read = s->read,
                                   .away = s->away,
                                   .lease = name ? name + 1 : "",
                                   .by = s->has_head ? s->head.by : "",
                                   .generation = share ? share->generation : 0,
                                   .untold = labels_untold(s->labels),
                                   .refused = s->refused};
}

/* ---- */

static bool make(struct sharing *s, struct event_base *base)
{
    s->news = event_new(base, s->sock, EV_READ | EV_PERSIST, on_news, s);
    s->clock = evtimer_new(base, on_clock, s);
    return s->news && s->clock && event_add(s->news, NULL) == 0;
}

struct sharing *sharing_new(struct event_base *base, int sock, struct slice prefix,
                            struct slice gateway, struct labels *labels,
                            const struct models *models, const struct sharing_owner *owner,
                            void *ctx)
{
    struct sharing *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->sock = sock;
    s->labels = labels;
    s->models = models;
    s->owner = owner;
    s->ctx = ctx;
    s->raw = buf_init(SHARING_HEAD_MOST);
    s->next_raw = buf_init(SHARING_HEAD_MOST);
    s->octets = buf_init(MODEL_FILE_MOST + SHARING_SEALED);
    slice_to_text(slice_sub(prefix, 0, sizeof s->prefix - 1), s->prefix, sizeof s->prefix);
    slice_to_text(slice_sub(gateway, 0, sizeof s->by - 1), s->by, sizeof s->by);
    if (!make(s, base))
        sharing_free(&s);
    return s;
}

void sharing_free(struct sharing **sharing)
{
    struct sharing *s = *sharing;
    if (!s)
        return;
    if (s->news)
        event_free(s->news);
    if (s->clock)
        event_free(s->clock);
    labels_telling_free(&s->telling);
    buf_release(&s->raw);
    buf_release(&s->next_raw);
    buf_release(&s->octets);
    free(s);
    *sharing = NULL;
}
