/* SPDX-License-Identifier: ISC
 * Prints what gatepost-scan would tell of messages, a JSON object a line
 * for each file named: for test_examine_corpus.py. With --words what they say and link to, too. */
#include "filters/examine.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA = 256 << 20, JSON_MAX = 64 << 20 };

static struct slice map_file(const char *path)
{
    struct slice bytes = {"", 0};
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0) {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED)
            bytes = (struct slice){map, (size_t)info.st_size};
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

static void dump(const char *path, bool words)
{
    static const struct slice headers[] = {{"subject", 7}};
    struct scan_job job = {.message = true,
                           .attachments = true,
                           .urls = words,
                           .text = words,
                           .alternatives = words,
                           .from.sender = SLICE("a@example.com"),
                           .headers = headers,
                           .header_count = 1,
                           .limits = {8, 1000, 10000, 200 << 20, 0, 0, 0}};
    struct slice message = map_file(path);
    struct arena *arena = arena_new(ARENA);
    struct buf out = buf_init(JSON_MAX);
    struct scan_answer answer;
    bool ok = examine(arena, message, &job, &answer);
    printf("{\"ok\": %s", ok ? "true" : "false");
    if (ok && facts_json(&out, &answer.facts))
        printf(", %.*s", SLICE_ARGS(buf_slice(&out)));
    puts("}");
    buf_release(&out);
    arena_free(&arena);
    if (message.len)
        munmap((void *)(uintptr_t)message.ptr, message.len);
}

int main(int argc, char *argv[])
{
    const char *reason;
    if (!examine_warm_up(&reason)) {
        fprintf(stderr, "%s\n", reason);
        return 1;
    }
    bool words = argc > 1 && strcmp(argv[1], "--words") == 0;
    for (int i = 1 + words; i < argc; i++)
        dump(argv[i], words);
    return 0;
}
