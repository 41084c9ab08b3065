/* SPDX-License-Identifier: ISC
 * A history in a folder of its own, for each test, and records to put into it. */
#ifndef TESTS_HARNESS_HISTORY_H
#define TESTS_HARNESS_HISTORY_H

#include "keeper/history.h"
#include "tests/harness/folder.h"
#include "tests/harness/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20, DAY = 86400 };

ARENA(64 << 20);
static char folder[FOLDER_MAX];
static char path[FOLDER_MAX + 16];
static struct history *history;
static const int64_t start = 1795860000000;

static struct history *open_with(int64_t age, uint64_t size)
{
    struct history_bounds bounds = {.age = age, .size = size};
    const char *reason = "";
    struct history *opened = history_open(path, &bounds, &reason);
    if (!opened)
        fail_msg("%s", reason);
    return opened;
}

static void set_up(void)
{
    make_arena();
    assert_true(folder_new(folder, "history"));
    snprintf(path, sizeof path, "%s/history.db", folder);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
}

static void tear_down(void)
{
    char name[400];
    history_close(&history);
    DIR *entries = opendir(folder);
    for (struct dirent *e; (e = readdir(entries));) {
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        unlink(name);
    }
    closedir(entries);
    rmdir(folder);
    free_arena();
}

EACH_TEST(set_up, tear_down);

static void add(struct history *to, const struct record *r)
{
    struct buf out = buf_init(160 * 1024);
    assert_true(record_encode(&out, r));
    history_add(to, r, buf_slice(&out));
    buf_release(&out);
}

static struct record message(int64_t time, const char *id, const char *from)
{
    static struct record_recipient to;
    to.address = SLICE("user@example.com");
    return (struct record){.time = time,
                           .id = slice_of(id),
                           .from = slice_of(from),
                           .client = {.family = 4, .bytes = {192, 0, 2, 1}},
                           .verdict = SLICE("accept"),
                           .subject = SLICE("Your invoice"),
                           .message_id = SLICE("<42@mail.example>"),
                           .recipients = &to,
                           .recipient_count = 1};
}

#endif
