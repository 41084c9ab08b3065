/* SPDX-License-Identifier: ISC
 * Gives messages a banner or a disclaimer: banner_dump FOLDER banner|disclaimer TEXT FILE... writes FOLDER/NUMBER for each file, and
 * prints a line: what became of it, a tab, and what of the message is not as it was. For
 * test_banner_corpus.py. */
#include "tests/filters/banner/banner_kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA = 512 << 20, FILE_MAX = 64 << 20 };

static char content[FILE_MAX];

static struct slice read_file(const char *path)
{
    size_t n = 0;
    FILE *file = fopen(path, "rb");
    if (file) {
        n = fread(content, 1, sizeof content, file);
        fclose(file);
    }
    return (struct slice){content, n};
}

static bool write_file(const char *folder, int number, struct slice bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d", folder, number);
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool written = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    return fclose(file) == 0 && written;
}

static bool mark(const char *folder, int number, struct edit edit, const char *path)
{
    struct arena *arena = arena_new(ARENA);
    struct bannered bannered;
    bool done = arena && kit_apply(arena, read_file(path), &edit, 1, &bannered) &&
                write_file(folder, number, bannered.message);
    if (done) {
        const char *difference = kit_difference(arena, &bannered);
        printf("%s\t%s\n", banner_fate(&bannered.result, &edit, false),
               difference ? difference : "");
    }
    arena_free(&arena);
    return done;
}

int main(int argc, char *argv[])
{
    bool banner = argc > 3 && strcmp(argv[2], "banner") == 0;
    struct edit edit = {.kind = banner ? ACTION_BANNER : ACTION_DISCLAIMER,
                        .value = slice_of(argc > 3 ? argv[3] : "")};
    for (int i = 4; i < argc; i++)
        if (!mark(argv[1], i - 4, edit, argv[i])) {
            fprintf(stderr, "%s: cannot be marked\n", argv[i]);
            return 1;
        }
    return 0;
}
