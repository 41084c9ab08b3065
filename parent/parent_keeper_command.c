/* SPDX-License-Identifier: ISC
 * What a configuration wants of the keeper, and how it is told that on its command line. */
#include "base/child.h"
#include "parent/parent_keeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool keeper_may_hold(const struct config *config)
{
    char key[PATH_MAX];
    return policy_keeps(config->policy) || config_reads_mail(config) ||
           (slice_to_text(config->settings.quarantine_key, key, sizeof key) &&
            access(key, F_OK) == 0);
}

bool keeper_keeps(const struct config *config)
{
    return config->settings.history_enabled || config->settings.log_decisions.len > 0 ||
           config->settings.log_decisions_syslog || keeper_may_hold(config) ||
           config->settings.learn_enabled || policy_wants(config->policy, PRODUCER_LISTED) ||
           policy_wants(config->policy, PRODUCER_LISTED_AUTHOR);
}

bool keeper_needed(const struct config *config)
{
    return keeper_keeps(config) || scrape_wanted(&config->settings);
}

/* False: they are too many. */
static bool pack_helpdesk(const struct config *config, struct keeper_command *out)
{
    struct buf words = buf_over(out->helpdesk, sizeof out->helpdesk);
    uint32_t count = 0;
    for (size_t i = 0; i < config->held_policy_count; i++)
        count += config->held_policy[i].helpdesk;
    pack_u32(&words, count);
    for (size_t i = 0; i < config->held_policy_count; i++)
        if (config->held_policy[i].helpdesk)
            pack_slice(&words, config->held_policy[i].why);
    out->helpdesk_len = buf_len(&words);
    return !words.failed;
}

bool keeper_command_for(const struct config *config, struct keeper_command *out)
{
    const struct settings *settings = &config->settings;
    memset(out, 0, sizeof *out);
    out->age = (uint64_t)settings->history_age / 1000;
    out->size = settings->history_size;
    out->history = settings->history_enabled;
    out->personal_age = (uint64_t)settings->history_personal_age / 1000;
    out->syslog = settings->log_decisions_syslog;
    out->hold = settings->quarantine_size;
    out->journal = settings->journal_size;
    out->learn = settings->learn_enabled ? settings->learn_labels : 0;
    out->learn_age = (uint64_t)settings->learn_age / 1000;
    out->learn_left = (uint64_t)settings->learn_left / 1000;
    out->learn_answered = (uint64_t)settings->learn_answered / 1000;
    out->shares = redis_shares(settings);
    return pack_helpdesk(config, out) &&
           slice_to_text(slice_sub(settings->redis_prefix, 0, REDIS_PREFIX_MAX), out->share,
                         sizeof out->share) &&
           slice_to_text(config->hostname, out->gateway, sizeof out->gateway) &&
           slice_to_text(settings->keeper_user, out->user, sizeof out->user) &&
           slice_to_text(settings->keeper_folder, out->folder, sizeof out->folder) &&
           slice_to_text(settings->log_decisions, out->lines, sizeof out->lines) &&
           slice_to_text(settings->keeper_control, out->control, sizeof out->control) &&
           roles_named(settings, &out->roles) && scrape_places_of(settings, &out->scrape) &&
           slice_to_text(settings->history_personal, out->personal, sizeof out->personal) &&
           slice_to_text(settings->log_to, out->log_to, sizeof out->log_to) &&
           slice_to_text(settings->log_format, out->log_format, sizeof out->log_format) &&
           slice_to_text(settings->log_level, out->log_level, sizeof out->log_level);
}

bool keeper_command_same(const struct keeper_command *a, const struct keeper_command *b)
{
    return strcmp(a->user, b->user) == 0 && strcmp(a->folder, b->folder) == 0 &&
           strcmp(a->lines, b->lines) == 0 && strcmp(a->control, b->control) == 0 &&
           strcmp(a->log_to, b->log_to) == 0 && strcmp(a->log_format, b->log_format) == 0 &&
           strcmp(a->log_level, b->log_level) == 0 && roles_same(&a->roles, &b->roles) &&
           scrape_places_same(&a->scrape, &b->scrape) && strcmp(a->personal, b->personal) == 0 &&
           a->personal_age == b->personal_age && a->age == b->age && a->size == b->size &&
           a->history == b->history && a->syslog == b->syslog && a->hold == b->hold &&
           a->journal == b->journal && a->learn == b->learn && a->learn_age == b->learn_age &&
           a->learn_left == b->learn_left && a->learn_answered == b->learn_answered &&
           a->shares == b->shares && strcmp(a->share, b->share) == 0 &&
           strcmp(a->gateway, b->gateway) == 0 && a->helpdesk_len == b->helpdesk_len &&
           memcmp(a->helpdesk, b->helpdesk, a->helpdesk_len) == 0;
}

/* ---- its command line ---- */

enum { NUMBERS = 10 };

struct command_line {
    const char *words[48 + ROLE_WORDS];
    size_t count;
    char numbers[NUMBERS][24];
    size_t number_count;
};

static void add(struct command_line *line, const char *word)
{
    line->words[line->count++] = word;
}

static void add_text(struct command_line *line, const char *option, const char *text)
{
    add(line, option);
    add(line, text);
}

static void add_number(struct command_line *line, const char *option, uint64_t number)
{
    char *text = line->numbers[line->number_count++];
    snprintf(text, sizeof *line->numbers, "%" PRIu64, number);
    add_text(line, option, text);
}

static void add_records(struct command_line *line, const struct keeper_command *command)
{
    add_number(line, "--age", command->age);
    add_number(line, "--size", command->size);
    add_number(line, "--hold", command->hold);
    add_number(line, "--journal", command->journal);
    add_text(line, "--personal", command->personal);
    add_number(line, "--personal-age", command->personal_age);
    if (command->history)
        add(line, "--history");
    if (command->syslog)
        add(line, "--syslog");
}

static void add_learning(struct command_line *line, const struct keeper_command *command)
{
    if (command->learn) {
        add_number(line, "--learn", command->learn);
        add_number(line, "--learn-age", command->learn_age);
        add_number(line, "--learn-left", command->learn_left);
        add_number(line, "--learn-answered", command->learn_answered);
    }
    if (command->shares)
        add_text(line, "--share", command->share);
}

pid_t keeper_spawn(struct keeper *keeper, const struct role_options *roles)
{
    const struct keeper_command *command = &keeper->running;
    char name[] = "gatepost-keeper";
    struct command_line line = {.words = {name}, .count = 1};
    const int extra[] = {keeper->queue[KEEPER_OWN_END],
                         keeper->folder,
                         keeper->listening,
                         keeper->opener[KEEPER_OWN_END],
                         keeper->errands[KEEPER_OWN_END],
                         keeper->learner[KEEPER_OWN_END],
                         keeper->sharing[KEEPER_OWN_END]};
    add_text(&line, "--user", command->user);
    add_text(&line, "--folder", command->folder);
    add_text(&line, "--log-to", command->log_to);
    add_text(&line, "--log-format", command->log_format);
    add_text(&line, "--log-level", command->log_level);
    add_text(&line, "--gateway", command->gateway);
    add_number(&line, "--era", keeper->era);
    add_records(&line, command);
    add_learning(&line, command);
    for (size_t i = 0; i < roles->count; i++)
        add(&line, roles->words[i]);
    return child_spawn(name, (char *const *)(uintptr_t)line.words, extra,
                       sizeof extra / sizeof *extra, &keeper->process.control);
}
