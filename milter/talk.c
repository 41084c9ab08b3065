/* SPDX-License-Identifier: ISC */
#include "milter/talk.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    STILL_MS = 10000,
    COMMAND_MS = 300000, /* whatever a proxy waits for has ended long before, at a command */
    REPLY_MS = 660000,   /* or at a message */
    TAKE_MS = 60000,     /* for what is said to be taken */
};

/* ---- the connection ---- */

static bool hand_over(int queue, const struct milter_client *client, int stream, int *sent)
{
    char room[64];
    struct buf payload = buf_over(room, sizeof room);
    milter_pack_client(&payload, client);
    *sent =
        payload.failed ? 0 : ipc_send(queue, MILTER_CLIENT, buf_slice(&payload), &stream, 1, false);
    if (*sent < 0 && errno != EPIPE && errno != ECONNRESET && errno != ENOTCONN)
        *sent = 0; /* no room in the kernel for this one: the queue is still there */
    return *sent == 1;
}

int talk_begin(struct talk *talk, int queue, const struct milter_client *client)
{
    int pair[2], sent = 0;
    *talk = (struct talk){.fd = -1, .take_ms = TAKE_MS, .still_ms = STILL_MS};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return 0;
    bool there = hand_over(queue, client, pair[1], &sent);
    close(pair[1]);
    if (there)
        talk->fd = pair[0];
    else
        close(pair[0]);
    return sent;
}

void talk_end(struct talk *talk)
{
    if (talk->fd >= 0)
        close(talk->fd);
    *talk = (struct talk){.fd = -1};
}

static bool wait_for(const struct talk *talk, short what, int ms)
{
    struct pollfd one = {.fd = talk->fd, .events = what};
    int got;
    do
        got = poll(&one, 1, ms);
    while (got < 0 && errno == EINTR);
    return got > 0;
}

bool talk_goes_on(struct talk *talk)
{
    return talk->fd >= 0 && talk->from == talk->to && !wait_for(talk, POLLIN, 0);
}

/* ---- said ---- */

/* Nothing that is said later can reach it either; what it has said before it went may still be heard. */
static bool is_gone(int error)
{
    return error == EPIPE || error == ECONNRESET;
}

/* With a hole in it a message is another: what is not taken in time, or cannot be said (the kernel has no memory for it),
 * ends the conversation. */
static void flush(struct talk *talk)
{
    size_t at = 0;
    while (talk->fd >= 0 && at < talk->waiting) {
        bool taken = wait_for(talk, POLLOUT, talk->take_ms);
        ssize_t n =
            taken ? send(talk->fd, talk->out + at, talk->waiting - at, MSG_NOSIGNAL | MSG_DONTWAIT)
                  : 0;
        if (n > 0) {
            at += (size_t)n;
        } else if (!taken || (!is_gone(errno) && errno != EAGAIN && errno != EINTR)) {
            talk_end(talk);
            return;
        } else if (is_gone(errno)) {
            break;
        }
    }
    talk->waiting = 0;
}

void talk_put(struct talk *talk, const char *octets, size_t len)
{
    while (len > 0 && talk->fd >= 0) {
        size_t room = sizeof talk->out - talk->waiting, n = len < room ? len : room;
        memcpy(talk->out + talk->waiting, octets, n);
        talk->waiting += n;
        octets += n;
        len -= n;
        if (talk->waiting == sizeof talk->out)
            flush(talk);
    }
}

/* ---- heard ---- */

static bool more(struct talk *talk, const struct talk_wait *wait, int64_t until)
{
    if (talk->from == talk->to)
        talk->from = talk->to = 0;
    for (;;) {
        if (clock_ms() >= until)
            return false;
        if (wait_for(talk, POLLIN, talk->still_ms))
            break;
        if (wait && !wait->still(wait->ctx))
            return false;
    }
    ssize_t n = recv(talk->fd, talk->in + talk->to, sizeof talk->in - talk->to, 0);
    if (n <= 0)
        return false;
    talk->to += (size_t)n;
    return true;
}

/* A line without its end, into `line`. False: it does not come, or has no end. */
static bool hear_line(struct talk *talk, struct buf *line, const struct talk_wait *wait,
                      int64_t until)
{
    buf_clear(line);
    for (;;) {
        if (talk->from == talk->to && !more(talk, wait, until))
            return false;
        char c = talk->in[talk->from++];
        if (c == '\n')
            return !line->failed;
        if (c != '\r')
            buf_char(line, c);
    }
}

/* ---- a body ---- */

enum { BODY_PIECE = 65535 /* octets that a mail server is given at a time */ };

static size_t take(struct talk *talk, char *out, size_t most)
{
    size_t n = talk->to - talk->from;
    n = n < most ? n : most;
    memcpy(out, talk->in + talk->from, n);
    talk->from += n;
    return n;
}

static bool hear_piece(struct talk *talk, char *piece, size_t len, const struct talk_wait *wait,
                       int64_t until)
{
    size_t have = 0;
    while (have < len) {
        if (talk->from == talk->to && !more(talk, wait, until))
            return false;
        have += take(talk, piece + have, len - have);
    }
    return wait->body(wait->ctx, piece, len);
}

/* Piece by piece: what has not come whole is told by the answer to the mail server. */
static bool hear_body(struct talk *talk, uint64_t size, const struct talk_wait *wait, int64_t until)
{
    char *piece = calloc(1, BODY_PIECE);
    bool fine = piece && (size > 0 || wait->body(wait->ctx, piece, 0));
    while (fine && size > 0) {
        size_t len = size < BODY_PIECE ? (size_t)size : BODY_PIECE;
        fine = hear_piece(talk, piece, len, wait, until);
        size -= len;
    }
    free(piece);
    return fine;
}

/* "body 1234" */
static bool announces_body(struct slice text, uint64_t *size)
{
    struct slice word = slice_of(milter_word(MILTER_BODY));
    if (!slice_starts(text, word) || text.len == word.len || text.ptr[word.len] != ' ')
        return false;
    return slice_to_u64(slice_from(text, word.len + 1), UINT64_MAX, size);
}

/* ---- replies ---- */

static unsigned code_of(struct slice line)
{
    unsigned code = 0;
    if (line.len < 4 || (line.ptr[3] != ' ' && line.ptr[3] != '-'))
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (line.ptr[i] < '0' || line.ptr[i] > '9')
            return 0;
        code = code * 10 + (unsigned)(line.ptr[i] - '0');
    }
    return code >= 200 && code < 600 ? code : 0;
}

/* One to three digits, and `end` behind them. The octet behind that; NULL: they are none. */
static const char *skip_number(const char *text, char end)
{
    size_t digits = strspn(text, "0123456789");
    return digits >= 1 && digits <= 3 && text[digits] == end ? text + digits + 1 : NULL;
}

/* "5.7.1", of that class (RFC 3463 2). */
static bool is_enhanced(const char *text, unsigned class)
{
    if (text[0] != (char)('0' + class) || text[1] != '.')
        return false;
    const char *detail = skip_number(text + 2, '.');
    return detail && skip_number(detail, '\0');
}

/* "5.7.1 text": the first is not always there. */
static void split(struct slice text, struct talk_reply *reply)
{
    size_t space = slice_find(text, ' ');
    if (space < text.len && space < sizeof reply->enhanced) {
        slice_to_text(slice_sub(text, 0, space), reply->enhanced, sizeof reply->enhanced);
        if (is_enhanced(reply->enhanced, reply->code / 100))
            text = slice_from(text, space + 1);
        else
            reply->enhanced[0] = '\0';
    }
    slice_to_text(slice_sub(text, 0, sizeof reply->text - 1), reply->text, sizeof reply->text);
}

static bool hear(struct talk *talk, struct talk_reply *reply, struct buf *line,
                 const struct talk_wait *wait)
{
    int64_t until = clock_ms() + (wait ? REPLY_MS : COMMAND_MS);
    uint64_t size;
    for (;;) {
        if (!hear_line(talk, line, wait, until) || code_of(buf_slice(line)) == 0)
            return false;
        struct slice text = slice_from(buf_slice(line), 4);
        reply->code = code_of(buf_slice(line));
        if (buf_slice(line).ptr[3] == ' ') {
            split(text, reply);
            return !reply->lines.failed;
        }
        if (wait && announces_body(text, &size)) {
            if (!hear_body(talk, size, wait, until))
                return false;
            continue;
        }
        buf_append(&reply->lines, text);
        buf_char(&reply->lines, '\n');
    }
}

void talk_hear(struct talk *talk, struct talk_reply *reply, const struct talk_wait *wait)
{
    struct buf line = buf_init(TALK_LINES_MAX);
    *reply = (struct talk_reply){.lines = buf_init(TALK_LINES_MAX)};
    flush(talk);
    if (talk->fd < 0 || !hear(talk, reply, &line, wait)) {
        reply->code = 0;
        talk_end(talk);
    }
    buf_release(&line);
}

void talk_reply_free(struct talk_reply *reply)
{
    buf_release(&reply->lines);
}

/* ---- */

static bool is_line(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return len <= TALK_LINE_MAX;
}

void talk_ask(struct talk *talk, const char *word, const char *argument, struct talk_reply *reply)
{
    if (!is_line(argument)) {
        *reply = (struct talk_reply){.code = 501,
                                     .enhanced = "5.5.2",
                                     .text = "no such line can be said",
                                     .lines = buf_init(TALK_LINES_MAX)};
        return;
    }
    talk_put(talk, word, strlen(word));
    talk_put(talk, argument, strlen(argument));
    talk_put(talk, "\r\n", 2);
    talk_hear(talk, reply, NULL);
}
