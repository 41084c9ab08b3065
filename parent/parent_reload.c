/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "parent/parent.h"
#include "parent/parent_expiry.h"
#include "parent/parent_notify.h"
#include "parent/parent_report.h"

#include <string.h>

enum {
    REPORT_MAX = 64 * 1024,
    LOOK_EVERY = 5000, /* milliseconds, as the others */
    /* From one that is asked for to the next: each brings new proxies, and the oldest go when there are too many; */
    REST_SERVED = 10000,
    REST_REFUSED = 1000, /* or it costs the parent the time to read all. */
};

static void open_log(const struct settings *settings)
{
    log_open_as("gatepost",
                &(struct log_words){settings->log_to, settings->log_format, settings->log_level});
}

static void watch_signatures(struct parent *parent, const struct settings *settings, int64_t now)
{
    char path[PATH_MAX];
    parent->signatures_at = 0;
    if (!parent->scanners[SCANNER_AV].wanted || !slice_to_path(settings->antivirus_database, path))
        return;
    bool watched = parent->signatures.count > 0 && strcmp(parent->signatures.paths[0], path) == 0;
    if (watched || watch_folder(&parent->signatures, path))
        parent->signatures_at = now + settings->antivirus_reload;
}

/* Sessions that finish under an older configuration may still need what the new one does not. */
static bool needed_by_old(const struct parent *parent, enum scanner_kind kind)
{
    for (const struct generation *old = parent->old; old; old = old->next)
        if (pipeline_needs(old->loaded.config, kind))
            return true;
    return false;
}

static bool private_needed_by_old(const struct parent *parent)
{
    for (const struct generation *old = parent->old; old; old = old->next)
        if (private_redis_needed(old->loaded.config))
            return true;
    return false;
}

static bool keeper_needed_by_old(const struct parent *parent)
{
    for (const struct generation *old = parent->old; old; old = old->next)
        if (keeper_needed(old->loaded.config))
            return true;
    return false;
}

static bool signing_needed_by_old(const struct parent *parent)
{
    for (const struct generation *old = parent->old; old; old = old->next)
        if (old->loaded.signing > 0)
            return true;
    return false;
}

void parent_apply_signing(struct parent *parent, const struct generation *generation, int64_t now)
{
    bool others =
        (parent->current && parent->current != generation && parent->current->loaded.signing > 0) ||
        signing_needed_by_old(parent);
    if (generation->loaded.signing > 0 || !others)
        sign_configure(&parent->sign, &generation->loaded, generation->number, now);
    if (!others && !parent->starting)
        sign_forget(&parent->sign);
}

/* What the processes of this configuration lean on: scanners, Redis, keeper. */
void parent_apply_helpers(struct parent *parent, const struct config *config, int64_t now)
{
    if (keeper_needed(config) || !keeper_needed_by_old(parent))
        keeper_configure(&parent->keeper, config, now);
    release_configure(&parent->release, config, now);
    learn_configure(&parent->learn, config, now);
    milters_configure(&parent->milters, config, now);
    if (parent->current)
        parent_apply_signing(parent, parent->current, now);
    if (!config->settings.learn_enabled && parent->scanners[SCANNER_SCAN].model >= 0)
        scanners_take_model(&parent->scanners[SCANNER_SCAN], -1);
    if (private_redis_needed(config) || !private_needed_by_old(parent))
        private_redis_configure(&parent->redis, config, now);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (pipeline_needs(config, (enum scanner_kind)kind) ||
            !needed_by_old(parent, (enum scanner_kind)kind))
            scanners_configure(&parent->scanners[kind], config);
}

void parent_apply(struct parent *parent, const struct config *config, int64_t now)
{
    open_log(&config->settings);
    parent_apply_helpers(parent, config, now);
    watch_signatures(parent, &config->settings, now);
    parent->expiry_at = now + EXPIRY_EVERY; /* today's were told when it was read */
}

/* ---- a configuration that is read anew ---- */

static bool load(struct parent *parent, const struct reload_wish *wish, struct loaded *loaded,
                 struct buf *report)
{
    const struct succession succession = {
        .before = parent->current ? &parent->current->loaded : NULL,
        .certificates = wish->certificates,
        .accepted = {wish->accepted, wish->accepted_len},
    };
    bool usable = loaded_read(loaded, parent->arguments.path, slice_of(parent->hostname),
                              &succession, report);
    files_watch(&parent->files, loaded, parent->current ? parent->current->loaded.config : NULL,
                wish->certificates);
    if (usable && loaded->failed_tests > 0)
        buf_printf(report, "error: %u of the %u tests of the policy failed\n", loaded->failed_tests,
                   loaded->tests);
    return usable && loaded->failed_tests == 0;
}

void parent_tell_asker(struct parent *parent, const char *reason)
{
    if (!parent->asker_waits)
        return;
    parent->asker_waits = false;
    keeper_tell_reloaded(&parent->keeper, reason, buf_slice(&parent->asker_report));
    buf_release(&parent->asker_report);
}

static void begin(struct parent *parent, struct generation *generation, struct slice report,
                  int64_t now)
{
    report_log_warnings(report);
    if (parent->asker_waits)
        parent->asked_again_at = now + REST_SERVED;
    generation_start(parent, generation, now);
}

static void refuse(struct parent *parent, struct slice report, int64_t now)
{
    if (parent->asker_waits)
        parent->asked_again_at = now + REST_REFUSED;
    report_log_refusal(report, parent->arguments.path);
    notify_ready();
    parent_tell_asker(parent, "reload refused, nothing is changed");
}

void parent_reload(struct parent *parent, const struct reload_wish *wish, int64_t now)
{
    struct buf report = buf_init(REPORT_MAX);
    struct loaded loaded = {0};
    struct generation *generation = NULL;
    notify_reloading();
    log_at(LEVEL_INFO, "", "reloading", field_str("reason", wish->why));
    if (load(parent, wish, &loaded, &report))
        generation = generation_new(parent, &loaded, &report);
    loaded_free(&loaded);
    parent->asker_waits = wish->asked;
    parent->asker_report = buf_init(REPORT_MAX);
    if (wish->asked)
        buf_append(&parent->asker_report, buf_slice(&report));
    if (generation)
        begin(parent, generation, buf_slice(&report), now);
    else
        refuse(parent, buf_slice(&report), now);
    buf_release(&report);
}

/* ---- when ---- */

void parent_wish_reload(struct parent *parent)
{
    struct keeper *keeper = &parent->keeper;
    keeper->asks_reload = false;
    parent->wish.asked = true;
    parent->wish.accepted_len = keeper->accepted_len;
    memcpy(parent->wish.accepted, keeper->accepted, keeper->accepted_len);
    if (parent->wish.why)
        return;
    parent->wish.why = "gatepostctl";
    parent->wish.not_before = parent->asked_again_at;
}

static void grant_wish(struct parent *parent, int64_t now)
{
    struct reload_wish wish = parent->wish;
    parent->wish = (struct reload_wish){0};
    parent_reload(parent, &wish, now);
}

static void look_at_files(struct parent *parent, int64_t now)
{
    static const struct reload_wish all = {.why = "files have changed"},
                                    certificates = {.why = "certificates have changed",
                                                    .certificates = true};
    enum files_change change = files_look(&parent->files, parent->current->loaded.config);
    if (change != FILES_STAY)
        parent_reload(parent, change == FILES_ANY ? &all : &certificates, now);
}

static void look_at_certificates(struct parent *parent, int64_t now)
{
    if (!parent->expiry_at || parent->expiry_at > now)
        return;
    parent->expiry_at = now + EXPIRY_EVERY;
    expiry_tell(&parent->current->loaded, clock_wall());
}

void parent_look(struct parent *parent, int64_t now)
{
    look_at_certificates(parent, now);
    if (parent->wish.why && parent->wish.not_before <= now) {
        grant_wish(parent, now);
        return;
    }
    if (parent->files_at <= now) {
        parent->files_at = now + LOOK_EVERY;
        look_at_files(parent, now);
    }
    if (parent->signatures_at && parent->signatures_at <= now) {
        const struct config *config = parent->current->loaded.config;
        if (watch_look(&parent->signatures)) {
            log_at(LEVEL_INFO, "", "signatures have changed");
            scanners_renew(&parent->scanners[SCANNER_AV]);
        }
        bool moving = parent->signatures.seen != parent->signatures.known;
        int64_t every = config->settings.antivirus_reload;
        parent->signatures_at = now + (moving && every > LOOK_EVERY ? LOOK_EVERY : every);
    }
}
