/* SPDX-License-Identifier: ISC
 * What domains look like: likeness_dump FILE loads that configuration, reads one a line from stdin, and writes of each a line
 * DOMAIN BY OF KNOWN for each domain that it looks like; at the end, of all, "us" and how many
 * microseconds of processor time one took. */
#include "filters/likeness/domain_likeness.h"
#include "tests/harness/memory_loader.h"

#include <stdio.h>
#include <time.h>

enum { LINE = 512, ROOM = 64 << 20, TEXT_MAX = 1 << 20, TIMES = 100 };

static const char *const by_words[] = {"letters", "spelling", "words", "ending"},
                         *const of_words[] = {"own", "partner", "brand"};

static void tell(struct slice domain, const struct likenesses *found)
{
    for (size_t i = 0; i < found->count; i++)
        printf("%.*s %s %s %.*s\n", SLICE_ARGS(domain), by_words[found->found[i].by],
               of_words[found->found[i].known->of], SLICE_ARGS(found->found[i].known->name));
}

/* Microseconds of the processor so far. */
static double spent(void)
{
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

/* Microseconds that all took. */
static double look_at_each(const struct known_domains *all, unsigned *count)
{
    char line[LINE];
    double took = 0;
    for (*count = 0; fgets(line, sizeof line, stdin); *count += 1) {
        struct likenesses found;
        struct slice domain = slice_trim(slice_of(line));
        double began = spent();
        for (int i = 0; i < TIMES; i++) {
            found = (struct likenesses){.count = 0};
            domain_likenesses(all, domain, &found);
        }
        took += spent() - began;
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
    double took = look_at_each(all, &count);
    printf("us %.1f\n", count ? took / TIMES / count : 0.0);
    config_free(&config);
    arena_free(&arena);
    return 0;
}
