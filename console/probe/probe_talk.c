/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_talk.h"

#include "base/clock.h"
#include "console/interrupt.h"
#include "console/probe/probe_protocol.h"

#include <openssl/crypto.h>
#include <poll.h>

enum { PIECE = 16384 };

static bool fail(struct connection *c, CURLcode why)
{
    c->result = why;
    return false;
}

bool talk_too_large(struct connection *c)
{
    c->too_large = true;
    return fail(c, CURLE_FILESIZE_EXCEEDED);
}

bool talk_refused(struct connection *c)
{
    return fail(c, CURLE_WEIRD_SERVER_REPLY);
}

/* ---- waiting ---- */

static int64_t patience(const struct connection *c)
{
    int64_t left = c->until - clock_ms();
    int64_t backend = c->probe->config->settings.timeouts_backend;
    return left < backend ? left : backend;
}

static bool wait_for(struct connection *c, short event)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &socket);
    struct pollfd fd = {.fd = socket, .events = event};
    int64_t left = patience(c);
    return (left > 0 && interrupt_poll(&fd, 1, (int)left) > 0) || fail(c, CURLE_OPERATION_TIMEDOUT);
}

/* ---- said ---- */

static bool send_all(struct connection *c, struct slice octets)
{
    while (octets.len) {
        size_t sent = 0;
        CURLcode result = curl_easy_send(c->curl, octets.ptr, octets.len, &sent);
        octets = slice_from(octets, sent);
        if (result != CURLE_AGAIN && result != CURLE_OK)
            return fail(c, result);
        if (result == CURLE_AGAIN && !wait_for(c, POLLOUT))
            return false;
    }
    return true;
}

bool talk_say(struct connection *c, struct slice line)
{
    char room[2 * PROBE_SECRET_MAX + 64];
    struct buf out = buf_over(room, sizeof room);
    c->until = clock_ms() + connection_longest_ms(c);
    buf_append(&out, line);
    buf_cstr(&out, "\r\n");
    bool said = !out.failed && send_all(c, buf_slice(&out));
    OPENSSL_cleanse(room, sizeof room);
    return said;
}

/* ---- heard ---- */

static bool hear_more(struct connection *c)
{
    size_t room = 0, got = 0;
    char *place = buf_reserve(&c->input, PIECE, &room);
    if (!place)
        return talk_too_large(c);
    CURLcode result;
    while ((result = curl_easy_recv(c->curl, place, room, &got)) == CURLE_AGAIN)
        if (!wait_for(c, POLLIN))
            return false;
    if (result != CURLE_OK || got == 0)
        return fail(c, result != CURLE_OK ? result : CURLE_GOT_NOTHING);
    buf_commit(&c->input, got);
    return clock_ms() < c->until || fail(c, CURLE_OPERATION_TIMEDOUT);
}

bool talk_line(struct connection *c, struct slice *line)
{
    buf_consume(&c->input, c->read);
    c->read = 0;
    struct slice all;
    size_t end;
    while (all = buf_slice(&c->input), (end = slice_find(all, '\n')) == all.len)
        if (!hear_more(c))
            return false;
    *line = slice_sub(all, 0, end + 1);
    c->read = line->len;
    return true;
}

bool talk_octets(struct connection *c, uint64_t count)
{
    buf_consume(&c->input, c->read);
    c->read = 0;
    while (count) {
        struct slice some = slice_sub(buf_slice(&c->input), 0, count);
        if (some.len == 0 && !hear_more(c))
            return false;
        if (!buf_append(&c->body, some))
            return talk_too_large(c);
        buf_consume(&c->input, some.len);
        count -= some.len;
    }
    return true;
}

void talk_farewell(struct connection *c)
{
    struct slice line;
    if (talk_say(c, slice_of(c->protocol->farewell)))
        talk_line(c, &line);
}
