/* SPDX-License-Identifier: ISC
 * The sketches of messages (filters/spam/campaign_sketch.h), for bench/campaigns: of each path that it
 * reads, a line each, the digests of its text and of its structure in hexadecimal, "-" where there is
 * none; and last what one took in all, in microseconds of processor time. */
#include "bench/spam_file.h"
#include "filters/spam/campaign_sketch.h"
#include "filters/text/message_text.h"

#include <string.h>
#include <time.h>

enum { ARENA = 128 << 20, LINE = 4096 };

static const uint8_t key[SPAM_KEY_SIZE] = "a key of a bench";

static void print(bool there, const uint64_t *digests, size_t count)
{
    printf(there ? "" : "-");
    for (size_t i = 0; there && i < count; i++)
        printf("%s%016llx", i ? "," : "", (unsigned long long)digests[i]);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

/* Answers with what it took. */
static double look_at(struct arena *arena, const char *path)
{
    struct spam_key words = spam_key_of(key);
    struct mime_message message;
    struct campaign_sketch sketch;
    struct value text;
    if (!mime_parse(arena, read_file(arena, path), &mime_limits_default, &message) ||
        !message_text(arena, &message, &text, NULL))
        give_up("no memory", path);
    double began = now();
    if (!campaign_sketch(arena, &message, &text, &words, &sketch))
        give_up("no memory", path);
    double took = now() - began;
    print(sketch.text, sketch.digests, CAMPAIGN_TEXT);
    printf(" ");
    print(sketch.structure, sketch.digests + CAMPAIGN_TEXT, CAMPAIGN_STRUCTURE);
    printf("\n");
    return took;
}

int main(void)
{
    struct arena *arena = arena_new(ARENA);
    char line[LINE];
    double took = 0;
    size_t count = 0;
    while (arena && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        took += look_at(arena, line);
        arena_reset(arena);
        count++;
    }
    arena_free(&arena);
    printf("%.1f\n", count ? took / (double)count : 0);
    return 0;
}
