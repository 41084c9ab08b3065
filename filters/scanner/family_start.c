/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_start.h"

#include "base/child.h"
#include "base/process.h"
#include "filters/scanner/family.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *family_program(enum scanner_kind kind)
{
    static const char *const names[SCANNER_KINDS] = {
        [SCANNER_SCAN] = "gatepost-scan",
        [SCANNER_AV] = "gatepost-av",
        [SCANNER_QR] = "gatepost-qr",
    };
    return names[kind];
}

static void add(struct family_command *command, struct slice text)
{
    if (text.len >= sizeof command->texts - command->used || command->count == FAMILY_ARGUMENTS - 1)
        return; /* paths are shorter than this */
    memcpy(command->texts + command->used, text.ptr, text.len);
    command->used += text.len + 1;
    command->count++;
}

static void add_option(struct family_command *command, const char *word, struct slice value)
{
    if (value.len == 0)
        return;
    add(command, slice_of(word));
    add(command, value);
}

static void add_number(struct family_command *command, const char *word, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_option(command, word, slice_of(text));
}

enum { LEAST_WORKERS = 2 }; /* one is free while messages that take long have the other */

unsigned family_workers(enum scanner_kind kind, const struct settings *settings)
{
    const unsigned workers[SCANNER_KINDS] = {
        [SCANNER_SCAN] = settings->process_scanners,
        [SCANNER_AV] = settings->process_antivirus_scanners,
        [SCANNER_QR] = settings->process_qr_scanners,
    };
    unsigned cores = process_count(0);
    return workers[kind] ? workers[kind] : cores > LEAST_WORKERS ? cores : LEAST_WORKERS;
}

void family_command(enum scanner_kind kind, const struct settings *settings,
                    struct family_command *out)
{
    memset(out, 0, sizeof *out);
    add(out, slice_of(family_program(kind)));
    add_number(out, "--workers", family_workers(kind, settings));
    add_number(out, "--recycle", settings->scan_recycle);
    add_number(out, "--growth", (int64_t)settings->scan_recycle_growth / 1024);
    add_number(out, "--timeout", settings->timeouts_scan);
    add_option(out, "--user", settings->process_user);
    add_option(out, "--chroot", settings->process_chroot);
    add_option(out, "--log-to", settings->log_to);
    add_option(out, "--log-format", settings->log_format);
    add_option(out, "--log-level", settings->log_level);
    if (kind == SCANNER_AV)
        add_option(out, "--database", settings->antivirus_database);
}

pid_t family_start(enum scanner_kind kind, const struct family_command *command,
                   const struct family_descriptors *with, int *control)
{
    struct family_command whole = *command;
    char *argv[FAMILY_ARGUMENTS] = {NULL}, *text = whole.texts;
    const struct {
        const char *word;
        int fd;
    } options[] = {{"--pages", with->pages}, {"--model", with->model}};
    int extra[3] = {with->queue};
    size_t count = 1;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].fd >= 0) {
            add_number(&whole, options[i].word, FAMILY_QUEUE_FD + (int64_t)count);
            extra[count++] = options[i].fd;
        }
    for (size_t i = 0; i < whole.count; i++, text += strlen(text) + 1)
        argv[i] = text;
    return child_spawn(family_program(kind), argv, extra, count, control);
}
