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

/* ---- whose matter it is ---- */

/* Syntax, unknown command or parameter, bad sequence, a login or TLS that is wanted. */
static bool is_fault_of_dialogue(unsigned code)
{
    static const unsigned codes[] = {500, 501, 502, 503, 504, 530, 534, 535, 538, 555};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static bool is_one_of(struct slice enhanced, const struct slice *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(enhanced, codes[i]))
            return true;
    return false;
}

/* Said of whoever connects: logins, encryption, a relay (RFC 5248; Exchange from 5.7.51), and SPF
 * and reverse names (RFC 7372), which a server behind looks up for our address. */
static bool code_is_about_us(struct slice enhanced)
{
    static const struct slice codes[] = {
        SLICE("5.7.8"),  SLICE("5.7.9"),  SLICE("5.7.10"), SLICE("5.7.11"),
        SLICE("5.7.14"), SLICE("5.7.23"), SLICE("5.7.24"), SLICE("5.7.25"),
        SLICE("5.7.51"), SLICE("5.7.54"), SLICE("5.7.57"), SLICE("5.7.64"),
    };
    return is_one_of(enhanced, codes, sizeof codes / sizeof *codes);
}

/* Lists and mailboxes with new owners (RFC 5248, RFC 7293), senders without a mail server (RFC
 * 7505) or of too low a priority (RFC 6710); Exchange: groups, mailboxes, folders that take
 * mail from some alone. */
static bool code_is_about_named(struct slice enhanced)
{
    static const struct slice codes[] = {
        SLICE("5.7.2"),   SLICE("5.7.15"),  SLICE("5.7.16"),  SLICE("5.7.17"),  SLICE("5.7.18"),
        SLICE("5.7.19"),  SLICE("5.7.27"),  SLICE("5.7.124"), SLICE("5.7.129"), SLICE("5.7.133"),
        SLICE("5.7.134"), SLICE("5.7.135"), SLICE("5.7.136"),
    };
    return is_one_of(enhanced, codes, sizeof codes / sizeof *codes);
}

static bool holds_one_of(struct slice text, const struct slice *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (holds(text, words[i]))
            return true;
    return false;
}

static bool text_is_about_us(struct slice text)
{
    static const struct slice words[] = {
        SLICE("relay"),
        SLICE("rcpthosts"),
        SLICE("authentication required"),
        SLICE("authentication is required"),
        SLICE("not authenticated"),
        SLICE("must authenticate"),
        SLICE("authenticate first"),
        SLICE("starttls"),
        SLICE("client host"),
        SLICE("helo command"),
        SLICE("sending ip"),
    };
    return holds_one_of(text, words, sizeof words / sizeof *words);
}

/* Exchange before 2013 has one code for all, and says who did not like it. */
static bool text_is_about_named(struct slice text)
{
    return holds(text, SLICE("RESOLVER.RST."));
}

/* A 5xx to the greeting, EHLO, STARTTLS or the whole dialogue: told on, it would bounce good mail
 * for our mistake. */
static bool is_ours(enum reply_stage stage, const struct smtp_reply *reply)
{
    if (stage < STAGE_MAIL || is_fault_of_dialogue(reply->code) ||
        code_is_about_us(reply->enhanced))
        return true;
    if (stage == STAGE_DATA && reply->enhanced.len == 0)
        return reply->code != 552 && reply->code != 550;
    return stage != STAGE_BODY && text_is_about_us(reply->text);
}

/* "5.7.1 Access denied", to MAIL or RCPT: the sender, the recipient, or a connector that does not
 * know us. So is 521, which RFC 7504 has for hosts, and access tables for anybody. */
static bool is_unclear(enum reply_stage stage, const struct smtp_reply *reply)
{
    return (stage == STAGE_MAIL || stage == STAGE_RCPT) &&
           (reply->code == 521 || slice_starts(reply->enhanced, SLICE("5.7.")));
}

static enum reply_class class_of_refusal(enum reply_stage stage, const struct smtp_reply *reply)
{
    bool named = stage >= STAGE_MAIL && !is_fault_of_dialogue(reply->code) &&
                 (code_is_about_named(reply->enhanced) || text_is_about_named(reply->text));
    if (!named && is_ours(stage, reply))
        return REPLY_OURS;
    if (!named && is_unclear(stage, reply))
        return REPLY_UNCLEAR;
    return stage == STAGE_RCPT ? REPLY_RECIPIENT : REPLY_SENDER;
}

enum reply_class smtp_reply_class(enum reply_stage stage, const struct smtp_reply *reply)
{
    unsigned kind = reply->code / 100;
    if (kind == 3)
        return stage == STAGE_DATA && reply->code == 354 ? REPLY_YES : REPLY_OURS;
    if (kind == 2)
        return stage == STAGE_DATA ? REPLY_OURS : REPLY_YES;
    return kind == 4 ? REPLY_LATER : class_of_refusal(stage, reply);
}
