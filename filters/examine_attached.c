/* SPDX-License-Identifier: ISC */
#include "filters/examine_attached.h"

#include "filters/attached_message.h"
#include "filters/examine_parts.h"
#include "filters/examine_spam.h"
#include "filters/mime/headers.h"
#include "filters/unmarked.h"

#include <openssl/evp.h>

/* As many of its fields Received as have room, from the top. */
static struct slice received_of(struct arena *arena, struct slice message)
{
    struct buf out = buf_init(SCAN_RECEIVED_MAX);
    struct slice block = headers_block(message, NULL);
    struct header field;
    while (headers_next(&block, &field) && field.raw.len <= SCAN_RECEIVED_MAX - buf_len(&out))
        if (slice_ieq(field.name, SLICE("Received")))
            buf_append(&out, field.raw);
    struct slice received = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return received;
}

static bool describe(struct arena *arena, struct slice message, struct scan_attached *out)
{
    out->there = EVP_Digest(message.ptr, message.len, out->digest, NULL, EVP_sha256(), NULL) == 1;
    out->received = received_of(arena, message);
    return out->there && out->received.ptr;
}

bool examine_to_learn(struct arena *arena, struct slice message, const struct scan_job *job,
                      struct scan_answer *out)
{
    struct mime_limits limits = mime_limits_default;
    struct mime_message parsed;
    if (job->limits.parts)
        limits.parts = job->limits.parts;
    return describe(arena, message, &out->attached) &&
           (!job->marks || unmarked_in(arena, &message, job->marks)) &&
           mime_parse(arena, message, &limits, &parsed) &&
           (!job->message || examine_header(arena, &parsed, job, &out->facts)) &&
           examine_spam(arena, &parsed, job, out);
}

bool examine_attached(struct arena *arena, const struct mime_message *message,
                      const struct scan_job *job, struct scan_answer *out)
{
    struct attached_message found;
    if (!attached_message(arena, message, job->attached, &found))
        return false;
    out->attached.count = found.count < UINT32_MAX ? (uint32_t)found.count : UINT32_MAX;
    return !found.octets.ptr || examine_to_learn(arena, found.octets, job, out);
}
