/* SPDX-License-Identifier: ISC */
#include "filters/release_mark.h"

#include "filters/mime/headers.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { DIGEST = 32, TEXT_MOST = 1024 };

static const struct slice field_name = {"X-Gatepost-Released", 19};

/* ---- what it is made of ---- */

/* Servers may add or take empty lines at its end (RFC 6376 3.4.3). */
static struct slice without_last_lines(struct slice body)
{
    while (body.len && (body.ptr[body.len - 1] == '\n' || body.ptr[body.len - 1] == '\r'))
        body.len--;
    return body;
}

static bool digest_body(struct slice message, unsigned char out[static DIGEST])
{
    size_t at;
    unsigned len = DIGEST;
    headers_block(message, &at);
    struct slice body = without_last_lines(slice_from(message, at));
    return EVP_Digest(body.ptr, body.len, out, &len, EVP_sha256(), NULL) == 1;
}

static struct slice message_id_of(struct slice message)
{
    struct header field;
    bool there = headers_find(headers_block(message, NULL), SLICE("Message-ID"), 0, &field);
    return there ? slice_sub(slice_trim(field.value), 0, TEXT_MOST) : SLICE("");
}

static void append(unsigned char *to, size_t *at, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        to[(*at)++] = (unsigned char)ascii_lower(text.ptr[i]);
    to[(*at)++] = '\0';
}

/* The letters of names are folded: servers may write them as they like. */
static bool sign(const unsigned char *key, const struct released *r, struct slice recipient,
                 char out[static RELEASE_MARK_TEXT + 1])
{
    unsigned char text[2 * TEXT_MOST + DIGEST + 2], mark[DIGEST];
    size_t len = 0;
    unsigned written = DIGEST;
    append(text, &len, slice_sub(recipient, 0, TEXT_MOST));
    append(text, &len, r->message_id);
    memcpy(text + len, r->body, DIGEST);
    if (!HMAC(EVP_sha256(), key, RELEASE_MARK_KEY, text, len + DIGEST, mark, &written))
        return false;
    hex_text((struct slice){(const char *)mark, sizeof mark}, out);
    return true;
}

bool release_mark(const unsigned char key[static RELEASE_MARK_KEY], struct slice message,
                  struct slice recipient, char out[static RELEASE_MARK_TEXT + 1])
{
    struct released r = {.message_id = message_id_of(message)};
    return digest_body(message, r.body) && sign(key, &r, recipient, out);
}

/* ---- reading ---- */

static struct slice mark_in(struct slice value)
{
    static const struct slice word = {"mark=", 5};
    struct slice none = {NULL, 0}, part;
    while (slice_cut(value, ';', &part, &value) || part.len) {
        part = slice_trim(part);
        if (slice_starts(part, word))
            return part.len == word.len + RELEASE_MARK_TEXT ? slice_from(part, word.len) : none;
        if (value.len == 0)
            return none;
    }
    return none;
}

void released_read(struct slice message, struct released *out)
{
    struct slice block = headers_block(message, NULL);
    struct header field;
    *out = (struct released){.count = 0};
    for (size_t n = 0; n < RELEASE_MARKS_MOST && headers_find(block, field_name, n, &field); n++) {
        struct slice mark = mark_in(field.value);
        if (mark.ptr)
            out->marks[out->count++] = mark;
    }
    out->message_id = out->count ? message_id_of(message) : SLICE("");
    if (out->count && !digest_body(message, out->body))
        out->count = 0;
}

bool released_to(const struct released *released, const unsigned char key[static RELEASE_MARK_KEY],
                 struct slice recipient)
{
    char mark[RELEASE_MARK_TEXT + 1];
    if (released->count == 0 || !sign(key, released, recipient, mark))
        return false;
    bool is = false;
    for (size_t i = 0; i < released->count; i++)
        is |= CRYPTO_memcmp(released->marks[i].ptr, mark, RELEASE_MARK_TEXT) == 0;
    return is;
}
