/* SPDX-License-Identifier: ISC
 * What a Redis, or what stands in its place, answers: whole and in pieces the same. */
#include "proxy/state/redis_words.h"
#include "tests/fuzz/target.h"

struct seen {
    size_t replies, elements, bytes;
    int end;
};

static void count(struct seen *seen, const redisReply *reply)
{
    seen->elements++;
    seen->bytes += reply->len;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i])
            count(seen, reply->element[i]);
}

static struct seen read_in_pieces(struct slice in, size_t step)
{
    struct seen seen = {0};
    struct redis_answers *answers = redis_answers_new();
    for (size_t at = 0; answers && seen.end == 0 && at < in.len; at += step) {
        redisReply *reply;
        const char *reason;
        redis_answers_feed(answers, slice_sub(in, at, at + step));
        while ((seen.end = redis_answers_next(answers, &reply, &reason)) > 0) {
            seen.replies++;
            count(&seen, reply);
            if (reply->type == REDIS_REPLY_ERROR && redis_error_class(reply).len == 0)
                abort();
            freeReplyObject(reply);
        }
    }
    redis_answers_free(&answers);
    return seen;
}

FUZZ(in)
{
    if (in.len > 4096)
        return;
    struct seen whole = read_in_pieces(in, in.len ? in.len : 1), pieces = read_in_pieces(in, 1);
    if (whole.replies != pieces.replies || whole.elements != pieces.elements ||
        whole.bytes != pieces.bytes || whole.end != pieces.end)
        abort();
}
