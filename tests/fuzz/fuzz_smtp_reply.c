/* SPDX-License-Identifier: ISC
 * What a server answers: whole and byte by byte the same, and always of one class. */
#include "proxy/smtp/smtp_reply.h"
#include "tests/fuzz/target.h"

static void check(const struct smtp_reply *reply, struct slice in, size_t used)
{
    size_t at = 0, lines = 0;
    struct slice line;
    require(used > 0 && used <= in.len && reply->raw.len == used);
    require(reply->code >= 200 && reply->code <= 599);
    require(reply->text.len < used && reply->enhanced.len <= 9);
    while (smtp_reply_line(reply, &at, &line))
        lines++;
    require(lines > 0 && lines <= 100 && at == used);
    for (int stage = STAGE_GREETING; stage <= STAGE_BODY; stage++) {
        enum reply_class kind = smtp_reply_class((enum reply_stage)stage, reply);
        require(kind <= REPLY_UNCLEAR);
        require(kind != REPLY_UNCLEAR || stage == STAGE_MAIL || stage == STAGE_RCPT);
        require(kind != REPLY_YES || reply->code / 100 == 2 || reply->code == 354);
        require((kind == REPLY_LATER) == (reply->code / 100 == 4));
    }
    if (smtp_reply_says_no_such_user(reply))
        require(reply->code / 100 == 5);
}

FUZZ(in)
{
    struct smtp_reply reply, again;
    size_t used = 0, used_again = 0;
    int whole = smtp_reply(in, &reply, &used);
    if (whole == 1)
        check(&reply, in, used);
    int r = 0;
    for (size_t n = 0; n <= in.len && n < 4096 && r == 0; n++)
        r = smtp_reply(slice_sub(in, 0, n), &again, &used_again);
    if (r == 1 && in.len < 4096)
        require(whole == 1 && used == used_again && reply.code == again.code);
}
