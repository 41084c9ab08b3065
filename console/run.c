/* SPDX-License-Identifier: ISC */
#include "console/run.h"
#include "common/control.h"
#include "console/learn/learn_model.h"

#include "base/process.h"
#include "console/batch.h"
#include "console/command.h"
#include "console/interrupt.h"
#include "console/message_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_MAX = 32 * 1024 * 1024 };

struct run {
    const struct check_options *options;
    run_print *print;
    struct configuration configuration;
    struct dns_source dns;
    struct batch batch;
    size_t next_file;
    bool envelope_given;
    struct buf out;
    bool failed;           /* something could not be examined or printed */
    enum action strictest; /* verdict so far */
};

/* ---- input ---- */

static enum supply next_envelope(void *ctx, struct trial *e)
{
    struct run *run = ctx;
    if (run->envelope_given)
        return SUPPLY_END;
    e->envelope = run->options->envelope;
    run->envelope_given = true;
    return SUPPLY_GOT;
}

static enum supply next_file(void *ctx, struct trial *e)
{
    struct run *run = ctx;
    const struct check_options *options = run->options;
    if (options->file_count == 0)
        return next_envelope(ctx, e);
    if (run->next_file == options->file_count)
        return SUPPLY_END;
    const char *path = options->files[run->next_file++];
    struct message_file file;
    e->name = slice_of(path);
    e->envelope = options->envelope;
    if (message_file_read(path, run->configuration.config->settings.limits_message_size, &file,
                          &e->error)) {
        e->message = file.fd;
        e->size = file.size;
        e->too_big = file.too_big;
    }
    return SUPPLY_GOT;
}

static enum supply next_line(void *ctx, struct trial *e)
{
    struct run *run = ctx;
    return batch_next(&run->batch, e);
}

/* ---- output ---- */

static const struct {
    enum action action;
    int status;
} statuses[] = {
    {ACTION_ACCEPT, STATUS_FINE},       {ACTION_REJECT, STATUS_REJECT},
    {ACTION_DEFER, STATUS_DEFER},       {ACTION_DISCARD, STATUS_DISCARD},
    {ACTION_DROP, STATUS_DROP},         {ACTION_QUARANTINE, STATUS_QUARANTINE},
    {ACTION_REDIRECT, STATUS_REDIRECT},
};

static void remember(struct run *run, const struct trial *e)
{
    if (e->error)
        run->failed = true;
    else if (action_info(e->verdict.action)->strictness > action_info(run->strictest)->strictness)
        run->strictest = e->verdict.action;
}

static bool print_one(void *ctx, struct trial *e)
{
    struct run *run = ctx;
    remember(run, e);
    if (interrupt_came())
        return false;
    buf_clear(&run->out);
    run->print(&run->out, &run->configuration, e);
    if (run->out.failed) {
        buf_clear(&run->out);
        e->error = "the report is too large";
        run->failed = true;
        run->print(&run->out, &run->configuration, e);
    }
    struct slice text = buf_slice(&run->out);
    if (fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0)
        return true;
    if (errno != EPIPE)
        command_error("standard output", strerror(errno));
    run->failed = true;
    return false;
}

/* ---- antivirus ---- */

static bool has_signatures(struct slice folder)
{
    char path[PATH_MAX];
    DIR *dir = slice_to_path(folder, path) ? opendir(path) : NULL;
    bool found = false;
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return found;
}

/* The shipped policy alone says nothing of antivirus: it is used where there are signatures.
 * By a configuration one gets what the gateway would do. */
static bool wants_antivirus(const struct configuration *configuration)
{
    const struct settings *settings = &configuration->config->settings;
    if (!settings->antivirus_enabled)
        return false;
    if (has_signatures(settings->antivirus_database))
        return true;
    if (configuration->path)
        return pipeline_needs(configuration->config, SCANNER_AV);
    fprintf(stderr, "gatepostctl: no signatures in %.*s: without antivirus\n",
            SLICE_ARGS(settings->antivirus_database));
    return false;
}

/* ---- the run ---- */

static unsigned workers_for(const struct check_options *options, const struct config *config)
{
    unsigned cores = process_count(config->settings.process_scanners);
    size_t files = options->file_count ? options->file_count : 1;
    return !options->batch && files < cores ? (unsigned)files : cores;
}

/* What a running gateway knows spam by, where rules ask for that. */
static int model_for(const struct config *config)
{
    char path[PATH_MAX];
    bool asked = policy_wants(config->policy, PRODUCER_SPAM) ||
                 policy_wants(config->policy, PRODUCER_REASONS);
    if (!config->settings.learn_enabled || !asked ||
        !slice_to_text(config->settings.keeper_control, path, sizeof path))
        return -1;
    int sock = control_connect(path), model = sock >= 0 ? learn_model(sock) : -1;
    if (sock >= 0)
        close(sock);
    return model;
}

static void convey(struct run *run)
{
    const struct config *config = run->configuration.config;
    int model = model_for(config);
    struct offline offline;
    bool ok = offline_open(&offline, config, &run->dns, workers_for(run->options, config),
                           wants_antivirus(&run->configuration), model);
    struct conveyor conveyor = {.offline = &offline,
                                .next = run->options->batch ? next_line : next_file,
                                .fd = run->options->batch ? run->batch.fd : -1,
                                .done = print_one,
                                .ctx = run};
    if (!ok || !conveyor_run(&conveyor)) {
        command_error("scanning", "out of memory");
        run->failed = true;
    }
    if (run->batch.failure) {
        command_error(run->options->batch, run->batch.failure);
        run->failed = true;
    }
    offline_close(&offline);
    if (model >= 0)
        close(model);
}

static bool open_batch(struct run *run)
{
    const char *path = run->options->batch;
    if (!path)
        return true;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        command_error(path, strerror(errno));
        return false;
    }
    batch_open(&run->batch, fd, &run->options->envelope,
               run->configuration.config->settings.limits_message_size);
    return true;
}

static int status_of(const struct run *run)
{
    if (run->failed)
        return STATUS_ERROR;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].action == run->strictest)
            return statuses[i].status;
    return STATUS_ERROR;
}

int run_messages(const struct check_options *options, run_print *print)
{
    struct run run = {.options = options,
                      .print = print,
                      .batch = {.fd = -1},
                      .out = buf_init(OUTPUT_MAX),
                      .strictest = ACTION_ACCEPT};
    if (!configuration_open(options->config, &run.configuration))
        return STATUS_ERROR;
    interrupt_catch();
    if (dns_source_open(&run.dns, options, run.configuration.config) && open_batch(&run))
        convey(&run);
    else
        run.failed = true;
    if (run.dns.resolver && options->record && !dns_source_record(&run.dns, options->record))
        run.failed = true;
    dns_source_close(&run.dns);
    if (run.batch.fd > STDIN_FILENO)
        close(run.batch.fd);
    batch_close(&run.batch);
    buf_release(&run.out);
    configuration_close(&run.configuration);
    interrupt_end();
    return status_of(&run);
}
