/* SPDX-License-Identifier: ISC
 * What domains look like: likeness_dump FILE loads that configuration, reads one a line from stdin, and writes of each a line
 * DOMAIN BY OF KNOWN for each domain that it looks like; at the end, of all, "us" and how many
 * microseconds one took. */
#include "base/clock.h"
#include "filters/likeness/domain_likeness.h"
#include "tests/harness/memory_loader.h"

#include <stdio.h>

enum { LINE = 512, ROOM = 64 << 20, TEXT_MAX = 1 << 20, TIMES = 100 };

static const char *const by_words[] = {"letters", "spelling", "words", "ending"},
                         *const of_words[] = {"own", "partner", "brand"};

static void tell(struct slice domain, const struct likenesses *found)
{
    for (size_t i = 0; i < found->count; i++)
        printf("%.*s %s %s %.*s\n", SLICE_ARGS(domain), by_words[found->found[i].by],
               of_words[found->found[i].known->of], SLICE_ARGS(found->found[i].known->name));
}

/* Milliseconds that all took. */
static int64_t look_at_each(const struct known_domains *all, unsigned *count)
{
    char line[LINE];
    int64_t took = 0;
    for (*count = 0; fgets(line, sizeof line, stdin); *count += 1) {
        struct likenesses found;
        struct slice domain = slice_trim(slice_of(line));
        int64_t began = clock_ms();
        for (int i = 0; i < TIMES; i++) {
            found = (struct likenesses){.count = 0};
            domain_likenesses(all, domain, &found);
        }
        took += clock_ms() - began;
        tell(domain, &found);
    }
    return took;
}

/* NULL: reported. */
static struct config *configuration(const char *path)
{
    static char text[TEXT_MAX + 1];
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    text[fread(text, 1, TEXT_MAX, file)] = '\0';
    fclose(file);
    return load_good(text);
}

int main(int argc, char *argv[])
{
    struct config *config = argc == 2 ? configuration(argv[1]) : NULL;
    struct arena *arena = arena_new(ROOM);
    const struct known_domains *all = config && arena ? known_domains_new(arena, config) : NULL;
    unsigned count;
    if (!all)
        return 1;
    int64_t took = look_at_each(all, &count);
    printf("us %.1f\n", count ? (double)took * 1000 / TIMES / count : 0.0);
    config_free(&config);
    arena_free(&arena);
    return 0;
}
