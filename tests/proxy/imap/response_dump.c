/* SPDX-License-Identifier: ISC
 * Prints how what IMAP servers have said is read, a JSON object a line for each response of each file named: for
 * test_imap_response_corpus.py. Octets are hex. */
#include "proxy/imap/imap_response.h"

#include <stdio.h>

enum { FILE_MAX = 1 << 20 };

static void member(const char *name, struct slice octets)
{
    static char text[2 * FILE_MAX + 1];
    hex_text(octets, text);
    printf("\"%s\": \"%s\", ", name, text);
}

static void dump_items(struct slice response)
{
    struct imap_fetched_item item;
    size_t at = 0;
    int r;
    printf("\"items\": [");
    for (bool first = true; (r = imap_fetched_item(response, &at, &item)) == 1; first = false) {
        printf("%s{", first ? "" : ", ");
        member("name", item.name);
        member("value", item.value);
        member("content", item.content);
        printf("\"string\": %s}", item.is_string ? "true" : "false");
    }
    printf("], \"readable\": %s", r == 0 ? "true" : "false");
}

static void dump_response(const char *file, struct slice octets, unsigned literals)
{
    struct imap_response response;
    imap_response(octets, &response);
    printf("{\"file\": \"%s\", \"kind\": %d, \"status\": %d, \"number\": %lld, \"literals\": %u, ",
           file, (int)response.kind, (int)response.status,
           response.numbered ? (long long)response.number : -1, literals);
    printf("\"placed\": %s, ", imap_may_have_literals(&response) ? "true" : "false");
    member("octets", octets);
    member("tag", response.tag);
    member("name", response.name);
    member("code", response.code);
    member("rest", response.rest);
    dump_items(octets);
    puts("}");
}

/* How long the response is; 0: nobody can tell. */
static size_t framed(struct slice octets, unsigned *literals)
{
    struct imap_text text;
    size_t at = 0;
    for (*literals = 0;; ++*literals) {
        if (imap_text(slice_from(octets, at), *literals == 0, &text) != 1)
            return 0;
        at += text.text.len;
        if (!text.literal)
            return at;
        if (text.octets > octets.len - at)
            return 0;
        at += (size_t)text.octets;
    }
}

static void dump(const char *file)
{
    static char room[FILE_MAX];
    FILE *in = fopen(file, "r");
    struct slice octets = {room, in ? fread(room, 1, sizeof room, in) : 0};
    size_t used;
    unsigned literals;
    if (in)
        fclose(in);
    while ((used = framed(octets, &literals)) > 0) {
        dump_response(file, slice_sub(octets, 0, used), literals);
        octets = slice_from(octets, used);
    }
    printf("{\"file\": \"%s\", \"left\": %zu}\n", file, octets.len);
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++)
        dump(argv[i]);
    return 0;
}
