/* SPDX-License-Identifier: ISC
 * gatepost-keeper: the process that writes the disk. It is started by the parent with its folder,
 * takes what proxies put on its queue, and looks at no mail. */
#include "base/child.h"
#include "base/clock.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/patience.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "common/keeping.h"
#include "keeper/answers.h"
#include "keeper/held_record.h"
#include "keeper/listed_answers.h"
#include "keeper/options.h"
#include "keeper/program.h"

#include <errno.h>
#include <event2/event.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TAKEN_AT_ONCE = 500,
    TAKEN_BEFORE = 100000, /* a question is answered */
    REST_MS = 20,
    NOTHING_MOST = 100,
    LISTS_MS = 60000, /* between two looks for entries that are over */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

static _Noreturn void give_up(const char *reason)
{
    struct buf out = buf_init(4096);
    pack_slice(&out, slice_of(reason));
    ipc_send(KEEPER_CONTROL_FD, KEEPER_FAILED, buf_slice(&out), NULL, 0, true);
    log_at(LEVEL_ERROR, "", "keeper cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

static void after(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

/* ---- the queue ---- */

static void go_deaf(void *ctx)
{
    struct program *p = ctx;
    if (p->quarantine)
        quarantine_free(&p->quarantine);
    recording_free(&p->recording);
    ipc_send(KEEPER_CONTROL_FD, KEEPER_DEAF, (struct slice){NULL, 0}, NULL, 0, true);
    exit(EXIT_FAILURE);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static void heard_nothing(struct program *p)
{
    if (++p->nothing == NOTHING_MOST)
        go_deaf(p);
}

static bool is_learnt_from(uint16_t what)
{
    return what == KEEPING_LABELS || what == KEEPING_READ || what == KEEPING_GONE ||
           what == KEEPING_ANSWERABLE || what == KEEPING_ANSWER;
}

/* True: one was there. */
static bool take_one(struct program *p)
{
    struct ipc_message message;
    int got = ipc_recv(KEEPER_QUEUE_FD, &message, inbox, sizeof inbox, false);
    if (got < 0) {
        heard_nothing(p);
        return true;
    }
    if (got == 0)
        return false;
    p->nothing = 0;
    if (message.type == KEEPING_RECORDS)
        recording_take(p->recording, inbox + sizeof message.type, message.payload.len);
    else if (p->quarantine && (message.type == KEEPING_HOLD || message.type == KEEPING_WITHDRAW))
        quarantine_take(p->quarantine, &message);
    else if (p->opinions && message.type == KEEPING_OPINIONS)
        opinions_take(p->opinions, message.payload, clock_wall());
    else if (p->learning && is_learnt_from(message.type))
        learning_take(p->learning, (enum keeping)message.type, message.payload,
                      message.fd_count == 1 ? message.fds[0] : -1);
    ipc_close_fds(&message);
    return true;
}

/* Who waits for a message to be held is answered. */
static void flush(struct program *p)
{
    if (p->quarantine)
        quarantine_flush(p->quarantine);
}

/* All that is there, as far as somebody may wait for it. */
static void take_all(struct program *p)
{
    for (int i = 0; i < TAKEN_BEFORE && take_one(p); i++)
        ;
    flush(p);
    recording_commit(p->recording);
}

/* What comes in the next moment is taken in one go: a wake-up costs more than a record. */
static void rest(struct program *p)
{
    event_del(p->queue);
    after(p->wake, REST_MS);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct program *p = arg;
    event_add(p->queue, NULL);
}

static void on_queue(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct program *p = arg;
    int taken = 0;
    while (taken < TAKEN_AT_ONCE && take_one(p))
        taken++;
    flush(p);
    if (taken < TAKEN_AT_ONCE)
        rest(p);
    recording_commit_soon(p->recording);
}

/* ---- what is held ---- */

static void happened(void *ctx, const struct held_entry *entry)
{
    struct program *p = ctx;
    struct record_recipient recipient;
    struct record record;
    held_record(entry, p->gateway, &recipient, &record);
    recording_add(p->recording, &record);
}

static const struct quarantine_owner quarantine_owner = {happened, go_deaf};

static void publish_lists(struct program *p)
{
    p->new_lists = true;
    parent_talk_soon(p);
}

static void open_lists(struct program *p)
{
    const char *reason;
    if ((p->listed = listed_open("lists.db", &reason)))
        publish_lists(p);
    else
        log_at(LEVEL_ERROR, "", "no lists of senders", field_str("reason", reason));
}

/* ---- what is learnt ---- */

static void publish_model(void *ctx)
{
    struct program *p = ctx;
    p->new_model = true;
    parent_talk_soon(p);
}

static void tell_progress(void *ctx, struct slice progress)
{
    struct program *p = ctx;
    control_tell(p->console, CONTROL_LEARN_BUILD, progress);
}

static void tell_outcome(void *ctx, struct slice outcome, const char *reason)
{
    struct program *p = ctx;
    control_answer(p->console, CONTROL_LEARN_BUILD, outcome, reason);
}

static const struct learning_owner learning_owner = {publish_model, tell_progress, tell_outcome,
                                                     go_deaf};

static bool was_released(void *ctx, struct slice reference)
{
    struct program *p = ctx;
    return p->quarantine &&
           held_released(quarantine_held(p->quarantine, HELD_IN_QUARANTINE), reference);
}

static void open_learning(struct program *p)
{
    const char *reason;
    p->learning = learning_new(p->base, &p->labels, KEEPER_LEARNER_FD,
                               p->share.sock >= 0 ? &p->share : NULL, &learning_owner, p, &reason);
    if (!p->learning) {
        log_at(LEVEL_ERROR, "", "nothing can be learnt", field_str("reason", reason));
        return;
    }
    labels_vouch(learning_labels(p->learning), was_released, p);
    if (p->has_learn_key)
        learning_seal_to(p->learning, &p->learn_key, p->learn_secret);
    if (models_in_use(learning_models(p->learning)))
        publish_model(p);
}

static void on_lists(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct program *p = arg;
    if (!p->listed)
        open_lists(p);
    else if (listed_prune(p->listed, clock_wall()))
        publish_lists(p);
    if (p->opinions)
        opinions_prune(p->opinions, clock_wall());
    if (p->learning)
        learning_prune(p->learning);
    else if (p->labels.count)
        open_learning(p);
    after(p->lists, LISTS_MS);
}

/* ---- questions ---- */

/* What was decided before it was asked is in the answer. */
static void on_question(void *ctx, struct client *client, const struct ipc_message *question)
{
    struct program *p = ctx;
    bool changed;
    take_all(p);
    if (answer_listed(client, question, p->listed, &changed)) {
        if (changed)
            publish_lists(p);
        return;
    }
    const struct kept kept = {recording_history(p->recording), p->quarantine, p->opinions,
                              p->learning};
    if (answer_reload(client, question, &p->reloads) ||
        answer_sample(client, question, &p->samples))
        return;
    uint16_t asks = answer_question(client, question, &kept);
    p->asks_status |= asks == KEEPER_ASKS;
    p->asks_metrics |= asks == KEEPER_ASKS_METRICS;
    p->asks_sessions |= asks == KEEPER_ASKS_SESSIONS;
    if (asks)
        parent_talk_soon(p);
}

static const struct control_owner control_owner = {on_question};

static void ask_for_metrics(void *ctx)
{
    struct program *p = ctx;
    p->asks_metrics = true;
    parent_talk_soon(p);
}

/* ---- the end ---- */

static void end(struct program *p, bool alone)
{
    take_all(p);
    if (p->quarantine) {
        quarantine_end(p->quarantine, alone);
        quarantine_free(&p->quarantine);
    }
    control_free(&p->console);
    scrapes_free(&p->scrapes);
    listed_close(&p->listed);
    opinions_close(&p->opinions);
    learning_free(&p->learning);
    recording_free(&p->recording);
    exit(EXIT_SUCCESS);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    parent_talk_hear(arg, false);
}

/* ---- the start ---- */

/* The way to syslog that decisions take, -1: none. */
static int open_log(const struct options *options)
{
    log_open_as("gatepost-keeper",
                &(struct log_words){slice_of(options->log_to), slice_of(options->log_format),
                                    slice_of(options->log_level)});
    return options->syslog ? log_syslog_connect() : -1;
}

/* What libraries open or look up at first use must be had before the doors close. */
static void lock_up(const struct options *options)
{
    const char *reason;
    bool root = geteuid() == 0;
    tzset();
    setlocale(LC_CTYPE, "C.UTF-8");
    umask(077);
    child_ignore_signals();
    if ((options->hold || options->learn) && !seal_prepare())
        give_up("libcrypto has not what is needed to seal messages");
    if (!patience_ends() || fchdir(KEEPER_FOLDER_FD) != 0)
        give_up(strerror(errno));
    if (!process_drop(options->user, root ? "." : NULL, &reason) ||
        !sandbox_enter(JAIL_KEEPER, root ? "/" : ".", &reason))
        give_up(reason);
}

static void make_events(struct program *p)
{
    p->base = event_base_new();
    if (!p->base)
        give_up("out of memory");
    p->control = event_new(p->base, KEEPER_CONTROL_FD, EV_READ | EV_PERSIST, on_control, p);
    p->queue = event_new(p->base, KEEPER_QUEUE_FD, EV_READ | EV_PERSIST, on_queue, p);
    p->wake = evtimer_new(p->base, on_wake, p);
    p->lists = evtimer_new(p->base, on_lists, p);
    p->say = evtimer_new(p->base, parent_talk_say, p);
    if (!p->control || !p->queue || !p->wake || !p->lists || !p->say)
        give_up("out of memory");
}

static void make_sockets(struct program *p, const struct options *options)
{
    p->console = control_new(p->base, KEEPER_LISTEN_FD, &options->groups, &control_owner, p);
    p->scrapes = scrapes_new(p->base, &options->groups, ask_for_metrics, p);
    if (!p->console || !p->scrapes)
        give_up("out of memory");
}

static void open_what_is_kept(struct program *p, const struct options *options, int syslog)
{
    struct recording_options recording = {
        .history = options->history,
        .bounds = {.age = (int64_t)options->age,
                   .size = options->size,
                   .personal = options->personal,
                   .personal_age = (int64_t)options->personal_age},
        .syslog = options->syslog,
        .syslog_socket = syslog};
    const char *reason;
    struct personal *personal = &recording.bounds.personal;
    if (personal->how == PERSONAL_HASH && !personal_key("personal.key", personal->key, &reason))
        give_up(reason);
    p->gateway = options->gateway;
    if (!(p->recording = recording_new(p->base, &recording, &reason)))
        give_up(reason);
    struct quarantine_options quarantine = {
        .places = {[HELD_IN_QUARANTINE] = {"held", options->hold},
                   [HELD_IN_JOURNAL] = {"journal", options->journal}},
        .era = options->era,
        .learns = options->learn > 0,
        .opener = KEEPER_OPENER_FD,
        .errands = KEEPER_ERRANDS_FD};
    if (options->hold &&
        !(p->quarantine = quarantine_new(p->base, &quarantine, &quarantine_owner, p, &reason)))
        give_up(reason);
    open_lists(p);
    if (options->history && !(p->opinions = opinions_open(&reason)))
        log_at(LEVEL_ERROR, "", "no opinions of users", field_str("reason", reason));
    p->labels =
        (struct labels_bounds){options->learn, (int64_t)options->learn_age,
                               (int64_t)options->learn_left, (int64_t)options->learn_answered};
    p->share = (struct learning_share){options->share ? KEEPER_SHARING_FD : -1,
                                       slice_of(options->share ? options->share : ""),
                                       slice_of(options->gateway)};
    if (options->learn)
        open_learning(p);
}

int main(int argc, char *argv[])
{
    static struct program program = {.end = end};
    struct options options;
    if (!options_parse(argc, argv, &options))
        give_up("options are not as the parent gives them");
    int syslog = open_log(&options);
    lock_up(&options);
    make_events(&program);
    make_sockets(&program, &options);
    open_what_is_kept(&program, &options, syslog);
    event_add(program.control, NULL);
    after(program.lists, LISTS_MS);
    while (!program.takes) /* and nobody is answered without what is queued */
        parent_talk_hear(&program, true);
    ipc_send(KEEPER_CONTROL_FD, KEEPER_READY, (struct slice){NULL, 0}, NULL, 0, true);
    event_base_dispatch(program.base);
    give_up("the loop ended");
}
