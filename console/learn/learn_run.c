/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_run.h"

#include "base/process.h"
#include "console/command.h"
#include "console/interrupt.h"
#include "console/learn/progress.h"
#include "console/learn/vectors.h"

struct run {
    struct learn_sources *sources;
    struct vectors vectors;
    struct label_sender sender;
    struct progress progress;
    struct learn_counts *counts;
    bool over;   /* there is no more mail */
    bool failed; /* something could not be read to its end */
};

/* ---- in ---- */

static void complain(struct run *run, const char *name, const char *reason)
{
    run->failed = true;
    if (interrupt_came())
        return;
    progress_end(&run->progress);
    command_error(name, reason);
}

static void read_one(struct run *run)
{
    struct mail mail = {.fd = -1};
    enum label_class class;
    const char *name;
    switch (learn_sources_next(run->sources, &mail, &class, &name)) {
    case MAIL_MESSAGE:
        run->counts->read[class]++;
        vectors_submit(&run->vectors, mail.fd, class);
        break;
    case MAIL_TOO_LARGE:
        run->counts->too_large++;
        break;
    case MAIL_UNREAD:
        run->counts->unread++;
        break;
    case MAIL_TROUBLE:
        complain(run, name, mail.reason);
        break;
    case MAIL_END:
        run->over = true;
        break;
    }
}

/* ---- out ---- */

static void tell_progress(struct run *run)
{
    progress_tell(&run->progress, learn_sources_done(run->sources),
                  learn_sources_total(run->sources),
                  run->counts->read[LABEL_GOOD] + run->counts->read[LABEL_SPAM]);
}

/* False: it cannot go on. */
static bool take_one(struct run *run)
{
    struct label label;
    switch (vectors_next(&run->vectors, &label)) {
    case VECTOR_MADE:
        label.how = LABEL_IMPORTED;
        return label_sender_add(&run->sender, &label);
    case VECTOR_FAILED:
        run->counts->unlooked++;
        return true;
    default:
        return vectors_wait(&run->vectors);
    }
}

static bool pump(struct run *run)
{
    while (!run->over || !vectors_is_empty(&run->vectors)) {
        if (interrupt_came())
            return false;
        if (!run->over && vectors_has_room(&run->vectors))
            read_one(run);
        else if (!take_one(run))
            return false;
        tell_progress(run);
    }
    return label_sender_flush(&run->sender);
}

/* ---- the run ---- */

static bool with_scanners(struct run *run, const struct offline *offline)
{
    const struct offline_family *family = &offline->families[SCANNER_SCAN];
    if (family->queue < 0)
        return false; /* which was said at its start */
    bool ok =
        vectors_open(&run->vectors, offline) || (command_error("scanning", "out of memory"), false);
    progress_begin(&run->progress, "messages");
    ok = ok && pump(run);
    progress_end(&run->progress);
    vectors_close(&run->vectors);
    return ok && !run->failed;
}

bool learn_run(struct learn_sources *sources, const struct config *config, int model, int sock,
               struct learn_counts *counts)
{
    struct run run = {.sources = sources, .counts = counts};
    struct offline offline;
    label_sender_open(&run.sender, sock);
    bool ok = offline_open(&offline, config, NULL, process_count(config->settings.process_scanners),
                           false, model) ||
              (command_error("scanning", "out of memory"), false);
    ok = ok && with_scanners(&run, &offline);
    offline_close(&offline);
    counts->sent = label_sender_sent(&run.sender);
    counts->new = run.sender.new;
    counts->known = run.sender.known;
    counts->changed = run.sender.changed;
    label_sender_close(&run.sender);
    return ok;
}
