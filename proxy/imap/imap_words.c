/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_words.h"

const char imap_unreadable[] = "these arguments cannot be read";
const char imap_not_here[] = "this is not to be had here";

bool imap_is_among(struct slice word, const char *const *words)
{
    for (; *words; words++)
        if (slice_ieq(word, slice_of(*words)))
            return true;
    return false;
}

static bool is_number(struct slice word)
{
    uint64_t n;
    return slice_to_u64(word, UINT64_MAX, &n);
}

/* To the end of a list that has been opened, whatever it holds. */
static const char *skip_list(struct slice *rest)
{
    struct slice token;
    for (int depth = 1; depth > 0;) {
        enum imap_token kind = imap_token(rest, &token);
        if (kind == IMAP_TOKEN_END || kind == IMAP_TOKEN_BROKEN || depth > IMAP_DEPTH_MAX)
            return imap_unreadable;
        depth += (kind == IMAP_TOKEN_OPEN) - (kind == IMAP_TOKEN_CLOSE);
    }
    return NULL;
}

const char *imap_list(struct slice *rest, const struct imap_words *words)
{
    struct slice token, last = SLICE("");
    const struct imap_words within = {.allowed = words->within};
    for (;;) {
        const char *why = NULL;
        enum imap_token kind = imap_token(rest, &token);
        if (kind == IMAP_TOKEN_CLOSE)
            return NULL;
        if (kind == IMAP_TOKEN_OPEN && words->opens && slice_ieq(last, slice_of(words->opens)))
            why = words->within ? imap_list(rest, &within) : skip_list(rest);
        else if (kind != IMAP_TOKEN_ATOM)
            why = imap_unreadable;
        else if (!imap_is_among(token, words->allowed) && !is_number(token))
            why = imap_not_here;
        if (why)
            return why;
        last = token;
    }
}

const char *imap_optional_list(struct slice *rest, const struct imap_words *words)
{
    struct slice token;
    if (!rest->len || rest->ptr[0] != '(')
        return NULL;
    imap_token(rest, &token);
    return imap_list(rest, words);
}
