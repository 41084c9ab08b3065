/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_reply.h"

enum { LINES_MAX = 100 };

/* "250-text" or "250 text" or "250". 0 when it is no reply line. */
static unsigned line_code(struct slice line, bool *more)
{
    if (line.len < 3 || line.ptr[0] < '2' || line.ptr[0] > '5' || !ascii_digit(line.ptr[1]) ||
        !ascii_digit(line.ptr[2]))
        return 0;
    if (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-')
        return 0;
    *more = line.len > 3 && line.ptr[3] == '-';
    return (unsigned)(line.ptr[0] - '0') * 100 + (unsigned)(line.ptr[1] - '0') * 10 +
           (unsigned)(line.ptr[2] - '0');
}

size_t smtp_enhanced_length(struct slice text)
{
    size_t i = 0;
    if (text.len < 5 || text.ptr[0] < '2' || text.ptr[0] > '5' || text.ptr[0] == '3' ||
        text.ptr[1] != '.')
        return 0;
    i = 2;
    for (int part = 0; part < 2; part++) {
        size_t start = i;
        while (i < text.len && ascii_digit(text.ptr[i]) && i - start < 3)
            i++;
        if (i == start)
            return 0;
        if (part == 0 && (i >= text.len || text.ptr[i++] != '.'))
            return 0;
    }
    return i == text.len || ascii_blank(text.ptr[i]) ? i : 0;
}

static struct slice next_line(struct slice bytes, size_t from, size_t *next)
{
    struct slice rest = slice_from(bytes, from);
    size_t lf = slice_find(rest, '\n');
    *next = lf == rest.len ? 0 : from + lf + 1;
    size_t end = lf > 0 && rest.ptr[lf - 1] == '\r' ? lf - 1 : lf;
    return slice_sub(rest, 0, end);
}

static void finish(struct smtp_reply *reply, struct slice last)
{
    reply->text = slice_from(last, 4);
    size_t n = smtp_enhanced_length(reply->text);
    if (n && (unsigned)(reply->text.ptr[0] - '0') == reply->code / 100) {
        reply->enhanced = slice_sub(reply->text, 0, n);
        reply->text = slice_trim(slice_from(reply->text, n));
    }
}

int smtp_reply(struct slice bytes, struct smtp_reply *reply, size_t *used)
{
    size_t at = 0, next;
    *reply = (struct smtp_reply){0};
    for (int lines = 0; lines < LINES_MAX; lines++) {
        struct slice line = next_line(bytes, at, &next);
        if (next == 0)
            return line.len > SMTP_REPLY_LINE_MAX || bytes.len >= SMTP_REPLY_MAX ? -1 : 0;
        bool more = false;
        unsigned code = line_code(line, &more);
        if (code == 0 || line.len > SMTP_REPLY_LINE_MAX || (reply->code && code != reply->code))
            return -1;
        reply->code = code;
        at = next;
        if (!more) {
            reply->raw = slice_sub(bytes, 0, at);
            finish(reply, line);
            *used = at;
            return 1;
        }
    }
    return -1;
}

struct slice smtp_code_text(unsigned code, char room[static 3])
{
    room[0] = (char)('0' + code / 100 % 10);
    room[1] = (char)('0' + code / 10 % 10);
    room[2] = (char)('0' + code % 10);
    return (struct slice){room, 3};
}

bool smtp_reply_line(const struct smtp_reply *reply, size_t *at, struct slice *line)
{
    size_t next;
    if (*at >= reply->raw.len)
        return false;
    *line = slice_from(next_line(reply->raw, *at, &next), 4);
    *at = next;
    return true;
}

static bool holds(struct slice text, struct slice word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (slice_istarts(slice_from(text, i), word))
            return true;
    return false;
}

bool smtp_reply_says_too_many(unsigned code, struct slice enhanced, struct slice text)
{
    if ((code != 452 && code != 552) || !holds(text, SLICE("too many")))
        return false;
    return enhanced.len ? slice_eq(slice_from(enhanced, 1), SLICE(".5.3"))
                        : holds(text, SLICE("recipient"));
}

bool smtp_reply_is_about_address(unsigned code, struct slice enhanced)
{
    static const struct slice bad[] = {SLICE("5.1.1"), SLICE("5.1.2"), SLICE("5.1.3"),
                                       SLICE("5.1.4"), SLICE("5.1.6"), SLICE("5.1.10")};
    for (size_t i = 0; code / 100 == 5 && i < sizeof bad / sizeof *bad; i++)
        if (slice_eq(enhanced, bad[i]))
            return true;
    return false;
}

bool smtp_reply_says_no_such_user(const struct smtp_reply *reply)
{
    if (reply->code / 100 != 5)
        return false;
    if (reply->enhanced.len)
        return slice_starts(reply->enhanced, SLICE("5.1."));
    return reply->code == 550;
}

/* Refusals that say that *we* are not welcome or did something wrong; told on, they would bounce
 * good mail for our mistake. */
static bool is_ours(enum reply_stage stage, const struct smtp_reply *reply)
{
    switch (reply->code) {
    case 500: /* syntax, unknown command or parameter, bad sequence, auth or TLS wanted */
    case 501:
    case 502:
    case 503:
    case 504:
    case 521:
    case 530:
    case 534:
    case 535:
    case 538:
    case 555:
        return true;
    default:
        break;
    }
    if (stage < STAGE_MAIL)
        return true;
    if (stage == STAGE_DATA && reply->enhanced.len == 0)
        return reply->code != 552 && reply->code != 550;
    /* A connector that does not know us: "550 5.7.1 Unable to relay" (also 5.7.54), "5.7.1 Client
     * was not authenticated", to MAIL or RCPT. */
    return (stage == STAGE_MAIL || stage == STAGE_RCPT) &&
           slice_starts(reply->enhanced, SLICE("5.7."));
}

enum reply_class smtp_reply_class(enum reply_stage stage, const struct smtp_reply *reply)
{
    unsigned kind = reply->code / 100;
    if (kind == 3)
        return stage == STAGE_DATA && reply->code == 354 ? REPLY_YES : REPLY_OURS;
    if (kind == 2)
        return stage == STAGE_DATA ? REPLY_OURS : REPLY_YES;
    if (kind == 4)
        return REPLY_LATER;
    if (is_ours(stage, reply))
        return REPLY_OURS;
    return stage == STAGE_RCPT ? REPLY_RECIPIENT : REPLY_SENDER;
}
