/* SPDX-License-Identifier: ISC
 * Learns and scores messages by Gatepost's classifier, for bench/spam. The files named in the file that
 * is its argument, a path a line, are messages 0, 1, 2 ...; then it does what it reads, a line each:
 *
 *     key NUMBER              forgets all; another site's secret
 *     new                     forgets all
 *     learn NUMBER ham|spam
 *     model                   of what was learnt: "model HAM SPAM A B"
 *     score NUMBER            by that model: "score LOG-ODDS PROBABILITY"
 *     why NUMBER              by that model: the reasons
 *     time ROUNDS             "time ...", of all messages */
#include "bench/spam_file.h"
#include "filters/links/links.h"
#include "filters/mime/words.h"
#include "filters/spam/spam_features.h"
#include "filters/spam/spam_learner.h"
#include "filters/spam/spam_reasons.h"
#include "filters/text/message_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA = 128 << 20, LINE = 4096 };

struct entry {
    char *path;
    struct slice vector; /* owned */
};

struct label {
    const struct entry *entry;
    bool spam;
};

struct bench {
    struct arena *arena;
    uint8_t key[SPAM_KEY_SIZE];
    struct entry *entries;
    size_t count, room;
    struct spam_learner *learner;
    struct label *labels; /* that were learnt */
    size_t learnt;
    uint8_t file[SPAM_MODEL_SIZE];
    struct spam_model model;
    bool has_model;
};

/* What a scanner has of one message. */
struct looked_at {
    struct mime_message message;
    struct value text, links;
    struct spam_source source;
};

static void look_at(struct arena *arena, struct slice octets, struct looked_at *out)
{
    struct value domains;
    struct links *links;
    bool ok = mime_parse(arena, octets, &mime_limits_default, &out->message) &&
              message_text(arena, &out->message, &out->text, NULL) &&
              (links = links_new(arena, &out->message, LINKS_TEXT_MAX));
    if (!ok)
        give_up("no memory", "a message");
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, &out->message);
    out->links = links_listed(links);
    links_end(&links, &domains);
    out->source = (struct spam_source){&out->message, &out->text, &out->links};
}

static struct slice vector_of(const struct bench *bench, const struct spam_source *source)
{
    struct spam_key words = spam_key_of(bench->key);
    struct slice vector;
    if (!spam_features(bench->arena, source, &words, &vector))
        give_up("no memory", "a vector");
    return vector;
}

static void load(struct bench *bench, const char *list)
{
    char line[LINE];
    FILE *file = fopen(list, "r");
    if (!file)
        give_up("cannot be read", list);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (bench->count == bench->room) {
            bench->room = bench->room * 2 + 64;
            bench->entries = realloc(bench->entries, bench->room * sizeof *bench->entries);
        }
        bench->entries[bench->count++] = (struct entry){.path = strdup(line)};
    }
    fclose(file);
}

static void make_vector(struct bench *bench, struct entry *entry)
{
    struct looked_at looked_at;
    arena_reset(bench->arena);
    look_at(bench->arena, read_file(bench->arena, entry->path), &looked_at);
    struct slice vector = vector_of(bench, &looked_at.source);
    free((char *)(uintptr_t)entry->vector.ptr);
    entry->vector = (struct slice){memcpy(malloc(vector.len), vector.ptr, vector.len), vector.len};
}

static void begin(struct bench *bench)
{
    spam_learner_free(&bench->learner);
    bench->learner = spam_learner_new(bench->key);
    bench->has_model = false;
    bench->learnt = 0;
    if (!bench->learner)
        give_up("no memory", "a learner");
}

static void take_key(struct bench *bench, unsigned long number)
{
    snprintf((char *)bench->key, sizeof bench->key, "bench %lu", number);
    for (size_t i = 0; i < bench->count; i++)
        make_vector(bench, &bench->entries[i]);
    begin(bench);
}

static void learn(struct bench *bench, const struct entry *entry, bool spam)
{
    if (bench->learnt < bench->count)
        bench->labels[bench->learnt++] = (struct label){entry, spam};
    if (!spam_learner_learn(bench->learner, entry->vector, spam, 1, NULL))
        give_up("malformed", entry->path);
}

static void make_model(struct bench *bench)
{
    const char *reason;
    for (size_t i = 0; i < bench->learnt * (SPAM_LEARNER_PASSES - 1); i++) {
        const struct label *label = &bench->labels[i % bench->learnt];
        spam_learner_again(bench->learner, label->entry->vector, label->spam, 1, NULL);
    }
    bench->has_model = spam_learner_model(bench->learner, bench->file) &&
                       spam_model_open((struct slice){(const char *)bench->file, SPAM_MODEL_SIZE},
                                       &bench->model, &reason);
    if (!bench->has_model)
        printf("model none\n");
    else
        printf("model %lu %lu %.6f %.6f\n", (unsigned long)bench->model.ham,
               (unsigned long)bench->model.spam, bench->model.a, bench->model.b);
}

static void score(const struct bench *bench, const struct entry *entry)
{
    struct spam_score it = {0};
    if (bench->has_model && !spam_score(&bench->model, entry->vector, &it))
        give_up("malformed", entry->path);
    printf("score %.9g %.9g\n", it.log_odds, it.probability);
}

static void tell(const struct spam_reason *reasons, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%+.3f %s: %s\n", reasons[i].log_odds, reasons[i].where, reasons[i].text);
}

static void why(struct bench *bench, const struct entry *entry)
{
    struct looked_at looked_at;
    struct spam_reasons reasons;
    arena_reset(bench->arena);
    look_at(bench->arena, read_file(bench->arena, entry->path), &looked_at);
    if (!bench->has_model ||
        !spam_reasons(bench->arena, &looked_at.source, &bench->model, &reasons))
        give_up("no reasons", entry->path);
    tell(reasons.spam, reasons.spam_count);
    tell(reasons.ham, reasons.ham_count);
    printf("end\n");
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Microseconds of processor time a message: to look at it (which a scanner does in any case), to make
 * its vector, and to score that. */
static void measure(struct bench *bench, size_t rounds)
{
    double spent[3] = {0}, octets = 0, kept = 0;
    struct spam_score it;
    for (size_t i = 0; i < bench->count; i++) {
        arena_reset(bench->arena);
        struct slice file = read_file(bench->arena, bench->entries[i].path), vector = {0};
        octets += (double)file.len;
        kept += (double)bench->entries[i].vector.len;
        for (size_t n = 0; n < rounds; n++) {
            struct looked_at looked_at;
            double at[4] = {now()};
            look_at(bench->arena, file, &looked_at);
            at[1] = now();
            vector = vector_of(bench, &looked_at.source);
            at[2] = now();
            if (bench->has_model && !spam_score(&bench->model, vector, &it))
                give_up("malformed", "a vector");
            at[3] = now();
            for (size_t k = 0; k < 3; k++)
                spent[k] += at[k + 1] - at[k];
        }
    }
    double all = (double)(bench->count * rounds), messages = (double)bench->count;
    printf("time octets %.0f vector %.0f look %.2f features %.2f score %.2f\n", octets / messages,
           kept / messages, spent[0] / all, spent[1] / all, spent[2] / all);
}

static const struct entry *entry_at(const struct bench *bench, unsigned long number)
{
    if (number >= bench->count)
        give_up("no such message", "a number");
    return &bench->entries[number];
}

static void obey(struct bench *bench, const char *line)
{
    unsigned long number;
    char class[8];
    if (sscanf(line, "key %lu", &number) == 1)
        take_key(bench, number);
    else if (strcmp(line, "new\n") == 0)
        begin(bench);
    else if (sscanf(line, "learn %lu %7s", &number, class) == 2)
        learn(bench, entry_at(bench, number), class[0] == 's');
    else if (strcmp(line, "model\n") == 0)
        make_model(bench);
    else if (sscanf(line, "score %lu", &number) == 1)
        score(bench, entry_at(bench, number));
    else if (sscanf(line, "why %lu", &number) == 1)
        why(bench, entry_at(bench, number));
    else if (sscanf(line, "time %lu", &number) == 1)
        measure(bench, number);
    else
        give_up("not understood", line);
    fflush(stdout);
}

int main(int argc, char *argv[])
{
    static struct bench bench;
    char line[LINE];
    if (argc != 2)
        give_up("usage", "spam_folds LIST");
    words_warm_up();
    bench.arena = arena_new(ARENA);
    load(&bench, argv[1]);
    bench.labels = calloc(bench.count + 1, sizeof *bench.labels);
    take_key(&bench, 1);
    while (fgets(line, sizeof line, stdin))
        obey(&bench, line);
    for (size_t i = 0; i < bench.count; i++) {
        free(bench.entries[i].path);
        free((char *)(uintptr_t)bench.entries[i].vector.ptr);
    }
    free(bench.entries);
    free(bench.labels);
    spam_learner_free(&bench.learner);
    arena_free(&bench.arena);
    return 0;
}
