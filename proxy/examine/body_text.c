/* SPDX-License-Identifier: ISC */
#include "proxy/examine/body_text.h"

#include "filters/mime/headers.h"

#include <openssl/evp.h>
#include <string.h>

enum { LINE_MAX_KEPT = 1024 };

static bool is_word(char c)
{
    return !ascii_digit(c) && !ascii_blank(c) && c != '\r';
}

static size_t keep_words(struct slice line, char out[static LINE_MAX_KEPT])
{
    size_t n = 0;
    for (size_t i = 0; i < line.len && n < LINE_MAX_KEPT; i++)
        if (is_word(line.ptr[i]))
            out[n++] = ascii_lower(line.ptr[i]);
    return n;
}

static bool separates(struct slice line, struct slice words)
{
    return slice_starts(line, SLICE("--")) || slice_search(words, SLICE("boundary=")) < words.len;
}

/* Of the lines with so many octets at least. Returns how many there were. */
static size_t add_lines(EVP_MD_CTX *digest, struct slice body, size_t least, bool *failed)
{
    size_t lines = 0;
    char kept[LINE_MAX_KEPT];
    struct slice line, rest = body;
    while (rest.len > 0) {
        slice_cut(rest, '\n', &line, &rest);
        size_t len = keep_words(line, kept);
        struct slice words = {kept, len};
        if (words.len < least || separates(line, words))
            continue;
        lines++;
        *failed |= EVP_DigestUpdate(digest, words.ptr, words.len) != 1 ||
                   EVP_DigestUpdate(digest, "\n", 1) != 1;
    }
    return lines;
}

bool body_text_digest(struct slice message, uint8_t out[static BODY_TEXT_DIGEST])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    size_t body;
    (void)headers_block(message, &body);
    struct slice text = slice_sub(message, body, body + BODY_TEXT_MAX);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool failed = !digest || EVP_DigestInit_ex2(digest, EVP_sha256(), NULL) != 1;
    bool any = !failed && (add_lines(digest, text, BODY_TEXT_LONG, &failed) > 0 ||
                           add_lines(digest, text, 1, &failed) > 0);
    any = any && !failed && EVP_DigestFinal_ex(digest, whole, NULL) == 1;
    if (any)
        memcpy(out, whole, BODY_TEXT_DIGEST);
    EVP_MD_CTX_free(digest);
    return any;
}
