/* SPDX-License-Identifier: ISC
 * Prints what the MIME parser sees, one JSON object a line for each
 * file named: for test_mime_corpus.py. */
#include "base/arena.h"
#include "filters/containers/tnef.h"
#include "filters/mime/address.h"
#include "filters/mime/mime.h"
#include "filters/mime/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_MAX = 512 * 1024 * 1024, LIST_MAX = 100 };

static void print_text(struct slice s)
{
    putchar('"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_malformations(const struct malformations *set, enum malformation_grade from)
{
    const char *comma = "";
    putchar('[');
    for (int i = 0; i < MALFORMATION_COUNT; i++) {
        enum malformation m = (enum malformation)i;
        if (malformations_has(set, m) && malformation_grade(m) >= from) {
            printf("%s\"%s\"", comma, malformation_name(m));
            comma = ", ";
        }
    }
    putchar(']');
}

static uint64_t fnv(struct slice s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void print_content(const struct mime_part *part, struct arena *arena,
                          struct malformations *all)
{
    struct slice content = {"", 0};
    bool cut = false;
    struct malformations odd = {{0}};
    if (part->kind == MIME_LEAF && mime_decode(part, arena, SIZE_MAX, &content, &cut, &odd)) {
        printf(", \"size\": %zu, \"hash\": \"%016llx\", \"head\": \"", content.len,
               (unsigned long long)fnv(content));
        for (size_t i = 0; i < content.len && i < 8; i++)
            printf("%02x", (unsigned char)content.ptr[i]);
        putchar('"');
    }
    malformations_merge(all, &odd);
}

static void print_part(const struct mime_part *part, struct arena *arena, struct malformations *all)
{
    static const char *const kinds[] = {"leaf", "multipart", "message"};
    static const char *const encodings[] = {"identity", "quoted-printable", "base64", "uuencode",
                                            "unknown"};
    printf("{\"index\": %zu, \"parent\": %d, \"depth\": %u, \"kind\": \"%s\", \"encoding\": "
           "\"%s\", \"type\": ",
           part->index, part->parent, part->depth, kinds[part->kind], encodings[part->encoding]);
    print_text(part->type);
    printf(", \"charset\": ");
    print_text(part->charset);
    printf(", \"disposition\": ");
    print_text(part->disposition);
    printf(", \"header\": [%zu, %zu], \"body\": [%zu, %zu], \"in_message\": %s, \"text\": %s, "
           "\"attachment\": %s, \"sealed\": %s",
           part->header.from, part->header.to, part->body.from, part->body.to,
           part->in_message ? "true" : "false", part->text ? "true" : "false",
           part->attachment ? "true" : "false", part->sealed ? "true" : "false");
    printf(", \"names\": [");
    for (size_t i = 0; i < part->n_names; i++) {
        printf("%s", i ? ", " : "");
        print_text(part->names[i].text);
    }
    printf("], \"malformations\": ");
    print_malformations(&part->malformations, GRADE_HARMLESS);
    print_content(part, arena, all);
    putchar('}');
}

static void print_message(const char *path, struct slice raw)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct mime_message message;
    clock_t start = clock();
    bool ok = mime_parse(arena, raw, &mime_limits_default, &message);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    struct malformations all = message.malformations;
    printf("{\"file\": ");
    print_text(slice_of(path));
    printf(", \"ok\": %s, \"octets\": %zu, \"seconds\": %.6f, \"parts\": [", ok ? "true" : "false",
           raw.len, seconds);
    for (size_t i = 0; i < message.n; i++) {
        printf("%s", i ? ", " : "");
        print_part(&message.parts[i], arena, &all);
    }
    printf("], \"malformations\": ");
    print_malformations(&all, GRADE_HARMLESS);
    printf(", \"hiding\": ");
    print_malformations(&all, GRADE_HIDING);
    printf("}\n");
    arena_free(&arena);
}

static void print_tnef(const char *path, struct slice raw)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct tnef tnef;
    bool ok = tnef_list(arena, raw, LIST_MAX, &tnef);
    printf("{\"file\": ");
    print_text(slice_of(path));
    printf(", \"ok\": %s, \"broken\": %s, \"attachments\": [", ok ? "true" : "false",
           tnef.broken ? "true" : "false");
    for (size_t i = 0; i < tnef.n; i++) {
        printf("%s{\"size\": %zu, \"depth\": %u, \"names\": [", i ? ", " : "",
               tnef.attachments[i].data.len, tnef.attachments[i].depth);
        for (size_t k = 0; k < tnef.attachments[i].n_names; k++) {
            printf("%s", k ? ", " : "");
            print_text(tnef.attachments[i].names[k]);
        }
        printf("]}");
    }
    printf("]}\n");
    arena_free(&arena);
}

/* The file holds the value of a From field. */
static void print_addresses(const char *path, struct slice raw)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct addresses list;
    addresses_parse(arena, raw, LIST_MAX, &list);
    printf("{\"file\": ");
    print_text(slice_of(path));
    printf(", \"flags\": %u, \"domains\": [", list.flags);
    for (size_t i = 0; i < list.n; i++) {
        printf("%s", i ? ", " : "");
        print_text(list.items[i].domain);
    }
    printf("], \"names\": [");
    for (size_t i = 0; i < list.n; i++) {
        printf("%s", i ? ", " : "");
        print_text(list.items[i].name);
    }
    printf("]}\n");
    arena_free(&arena);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && ftell(f) >= 0) {
        *len = (size_t)ftell(f);
        rewind(f);
        /* exactly as large as the file, so that a sanitizer sees an octet read too far */
        data = malloc(*len ? *len : 1);
        if (data && fread(data, 1, *len, f) != *len) {
            free(data);
            data = NULL;
        }
    }
    fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    void (*print)(const char *path, struct slice raw) = print_message;
    int first = 1;
    words_warm_up();
    if (argc > 1 && strncmp(argv[1], "--", 2) == 0) {
        print = strcmp(argv[1], "--tnef") == 0 ? print_tnef : print_addresses;
        first = 2;
    }
    for (int i = first; i < argc; i++) {
        size_t len = 0;
        char *data = read_file(argv[i], &len);
        if (!data) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
        print(argv[i], (struct slice){data, len});
        free(data);
    }
    return 0;
}
