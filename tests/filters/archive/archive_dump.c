/* SPDX-License-Identifier: ISC
 * Prints what is inside files, a JSON object a line; for test_archive_corpus.py. */
#include "base/sandbox.h"
#include "filters/files/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Bytes beyond ASCII go out as Latin-1: the reader gets each byte back. */
static void print_text(struct slice s)
{
    putchar('"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_list(const char *key, const struct slice *items, size_t count)
{
    printf("\"%s\": [", key);
    for (size_t i = 0; i < count; i++) {
        if (i)
            printf(", ");
        print_text(items[i]);
    }
    printf("], ");
}

static void print_flag(const char *name, bool set)
{
    printf("\"%s\": %s, ", name, set ? "true" : "false");
}

static void print_file(const struct inspected_file *f)
{
    printf("{\"path\": ");
    print_text(f->path);
    printf(", ");
    print_list("names", f->names, f->name_count);
    print_list("extensions", f->extensions, f->name_count);
    print_list("type", &f->type, 1);
    print_flag("part", f->part);
    print_flag("archive", f->archive);
    print_flag("encrypted", f->encrypted);
    print_flag("macros", f->macros);
    print_flag("embedded", f->embedded);
    print_flag("unscannable", f->unscannable);
    print_flag("limit", f->limit);
    printf("\"size\": %llu, \"depth\": %u, \"why\": ", (unsigned long long)f->size, f->depth);
    print_text(slice_of(f->why));
    printf("}\n");
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    size_t size = 1 << 16;
    char *data = malloc(size);
    *len = 0;
    size_t got;
    while (data && (got = fread(data + *len, 1, size - *len, file)) > 0) {
        *len += got;
        if (*len == size)
            data = realloc(data, size *= 2);
    }
    fclose(file);
    return data;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dump(const char *path, struct slice content)
{
    struct arena *arena = arena_new(64 << 20);
    if (!content.ptr || !arena)
        return 1;
    const char *slash = strrchr(path, '/');
    struct slice name = slice_of(slash ? slash + 1 : path);
    struct inspection in = inspection_of(arena, archive_default_limits());
    double start = seconds();
    inspect_file(&in, &name, 1, content);
    double took = seconds() - start;
    for (const struct inspected_file *f = in.first; f; f = f->next)
        print_file(f);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"file\": ");
    print_text(slice_of(path));
    printf(", \"seconds\": %.4f, \"rss_kb\": %ld, \"count\": %zu, \"unpacked\": %llu}\n", took,
           usage.ru_maxrss, in.count, (unsigned long long)in.budget.unpacked);
    arena_free(&arena);
    return 0;
}

struct input {
    char *data;
    size_t len;
};

/* As the scanner does it: warm up, into the jail, and only then look at hostile bytes. */
int main(int argc, char **argv)
{
    static char out[1 << 16];
    setvbuf(stdout, out, _IOFBF, sizeof out);
    struct input *inputs = calloc((size_t)argc, sizeof *inputs);
    if (!inputs)
        return 1;
    for (int i = 1; i < argc; i++)
        inputs[i].data = read_file(argv[i], &inputs[i].len);
    const char *reason = "cannot warm up";
    if (!inspect_warm_up() || !sandbox_enter(JAIL_PURE, NULL, &reason)) {
        fprintf(stderr, "archive_dump: %s\n", reason);
        return 1;
    }
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        failed |= dump(argv[i], (struct slice){inputs[i].data, inputs[i].len});
        free(inputs[i].data);
    }
    free(inputs);
    fflush(stdout);
    return failed;
}
