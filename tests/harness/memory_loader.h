/* SPDX-License-Identifier: ISC
 * Configurations from memory, for tests. */
#ifndef TESTS_HARNESS_MEMORY_LOADER_H
#define TESTS_HARNESS_MEMORY_LOADER_H

#include "policy/config.h"

#include <stdio.h>
#include <string.h>

struct memory_file {
    const char *path, *text;
};

struct memory_files {
    struct memory_file files[8];
};

static inline bool memory_read(void *ctx, struct slice path, struct slice *content,
                               const char **reason)
{
    const struct memory_files *files = ctx;
    for (size_t i = 0; i < 8 && files->files[i].path; i++)
        if (slice_eq(path, slice_of(files->files[i].path))) {
            *content = slice_of(files->files[i].text);
            return true;
        }
    *reason = "no such file";
    return false;
}

/* Loads t.conf with `text`, other files beside it. The report stays in *report. */
static inline struct config *load_with(struct memory_files files, const char *text,
                                       struct buf *report)
{
    struct memory_files all = files;
    size_t n = 0;
    while (n < 7 && all.files[n].path)
        n++;
    all.files[n] = (struct memory_file){"t.conf", text};
    struct loader loader = {.read = memory_read, .ctx = &all};
    return config_load(SLICE("t.conf"), &loader, SLICE("mx.test"), report);
}

static inline struct config *load_text(const char *text, struct buf *report)
{
    return load_with((struct memory_files){0}, text, report);
}

/* Loads what must be right; prints the report when it is not. */
static inline struct config *load_good(const char *text)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report);
    if (!config)
        fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&report)));
    buf_release(&report);
    return config;
}

/* Whether it is no configuration, and the report has this message; prints it when not so. */
static inline bool is_refused(const char *text, const char *message)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report);
    bool said = slice_search(buf_slice(&report), slice_of(message)) < buf_len(&report);
    bool refused = !config && said;
    if (!refused)
        fprintf(stderr, "%s\nexpected: %s\ngot: %.*s\n", text, message,
                SLICE_ARGS(buf_slice(&report)));
    config_free(&config);
    buf_release(&report);
    return refused;
}

/* Compares, and prints both when they differ. */
static inline bool report_is(const struct buf *report, const char *text)
{
    bool same = slice_eq(buf_slice(report), slice_of(text));
    if (!same)
        fprintf(stderr, "expected:\n%s\ngot:\n%.*s\n", text, SLICE_ARGS(buf_slice(report)));
    return same;
}

#endif
