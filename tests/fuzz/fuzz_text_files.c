/* SPDX-License-Identifier: ISC
 * Files that are written into texts: each kind ends, and gives no more than it may. */
#include "filters/files/text_files.h"
#include "tests/fuzz/target.h"

enum { MOST = 1 << 20, FILES_MAX = 1000 };

struct found {
    struct slice text;
    size_t files;
};

static bool take(void *ctx, const struct text_file *file)
{
    struct found *found = ctx;
    require(file->name_count > 0 && file->names[0].len > 0);
    require(file->content.len <= found->text.len || file->content.len <= MOST);
    return ++found->files < FILES_MAX;
}

FUZZ(raw)
{
    static const struct slice extensions[] = {SLICE("txt"), SLICE("b64"), SLICE("hqx"),
                                              SLICE("html")};
    static const struct slice names[] = {SLICE("a.txt"), SLICE("a.b64"), SLICE("a.hqx"),
                                         SLICE("a.html")};
    size_t which = fuzz_octet(&raw) % (sizeof names / sizeof *names);
    struct found found = {raw, 0};
    unsigned pictures = 0;
    const struct text_files_visitor visitor = {&found, take, NULL};
    const struct text text = {.content = raw,
                              .names = &names[which],
                              .extensions = &extensions[which],
                              .name_count = 1,
                              .most = MOST,
                              .limit = "limit: bytes"};
    text_files_each(&text, &visitor);
    text_files_in_words(SLICE("text/html"), raw, &pictures);
}
