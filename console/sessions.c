/* SPDX-License-Identifier: ISC
 * gatepostctl sessions: who is connected, and what he is doing. */
#include "console/sessions.h"

#include "common/keeping.h"
#include "console/command.h"
#include "console/gateway.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 16 * 1024 * 1024, MOST = 1000000 };

static const char synopsis[] = "sessions [--json] [--config FILE | --control SOCKET]";

/* ---- asking ---- */

static void take(void *ctx, struct slice octets)
{
    buf_append(ctx, octets);
}

static bool add_line(json_t *sessions, struct slice line)
{
    json_t *session = json_loadb(line.ptr, line.len, 0, NULL);
    return json_is_object(session) && json_array_append_new(sessions, session) == 0;
}

static json_t *parse(struct slice lines)
{
    json_t *sessions = json_array();
    while (lines.len) {
        size_t end = slice_find(lines, '\n');
        if (!add_line(sessions, slice_sub(lines, 0, end))) {
            json_decref(sessions);
            command_error("the gateway", "its answer is not understood");
            return NULL;
        }
        lines = slice_from(lines, end < lines.len ? end + 1 : end);
    }
    return sessions;
}

static int by_age(const void *a, const void *b)
{
    int64_t one = gateway_number(*(json_t *const *)a, "age_ms");
    int64_t other = gateway_number(*(json_t *const *)b, "age_ms");
    return one < other ? 1 : one > other ? -1 : 0;
}

/* NULL: out of memory. */
static json_t *oldest_first(json_t *sessions)
{
    size_t count = json_array_size(sessions);
    json_t **order = calloc(count + 1, sizeof(json_t *)), *sorted = order ? json_array() : NULL;
    for (size_t i = 0; sorted && i < count; i++)
        order[i] = json_array_get(sessions, i);
    if (sorted)
        qsort(order, count, sizeof *order, by_age);
    for (size_t i = 0; sorted && i < count; i++)
        json_array_append(sorted, order[i]);
    free(order);
    json_decref(sessions);
    return sorted;
}

json_t *sessions_ask(const struct asking *asking)
{
    struct buf lines = buf_init(KEEPING_SESSIONS_MAX);
    json_t *sessions = NULL;
    int sock = ask_connect(asking);
    if (sock >= 0 &&
        ask(sock, CONTROL_SESSIONS, (struct slice){NULL, 0}, take, &lines, &(uint64_t){0}))
        sessions = parse(buf_slice(&lines));
    if (sock >= 0)
        close(sock);
    buf_release(&lines);
    return sessions ? oldest_first(sessions) : NULL;
}

/* ---- telling ---- */

static void say(struct page *page, const json_t *session, const char *name)
{
    terminal_text(page->out, slice_of(gateway_text(session, name)), 0);
}

static void say_client(struct page *page, const json_t *session)
{
    buf_cstr(page->out, "  ");
    say(page, session, "client");
    buf_printf(page->out, " port %" PRId64 ", ", gateway_number(session, "port"));
    say(page, session, "protocol");
    buf_cstr(page->out, json_is_true(json_object_get(session, "tls")) ? " with TLS, " : ", ");
    page_time(page->out, gateway_number(session, "age_ms"));
    int64_t messages = gateway_number(session, "messages");
    if (messages)
        buf_printf(page->out, ", %" PRId64 " %s before", messages,
                   messages == 1 ? "message" : "messages");
}

static void say_message(struct page *page, const json_t *session)
{
    int64_t recipients = gateway_number(session, "recipients");
    int64_t size = gateway_number(session, "size");
    if (!*gateway_text(session, "from"))
        return;
    page_label(page, "");
    say(page, session, "from");
    if (recipients) {
        buf_cstr(page->out, " to ");
        say(page, session, "to");
    }
    if (recipients > 1)
        buf_printf(page->out, " and %" PRId64 " more", recipients - 1);
    if (size) {
        buf_cstr(page->out, ", ");
        page_octets(page->out, (uint64_t)size);
    }
    page_end(page);
}

static void say_session(struct page *page, const json_t *session)
{
    page_label(page, gateway_text(session, "doing"));
    page_time(page->out, gateway_number(session, "doing_ms"));
    buf_cstr(page->out, "  ");
    say(page, session, "id");
    say_client(page, session);
    page_end(page);
    say_message(page, session);
}

void sessions_page(struct page *page, const json_t *sessions, size_t most)
{
    size_t count = json_array_size(sessions);
    for (size_t i = 0; i < count && i < most; i++)
        say_session(page, json_array_get(sessions, i));
    if (count > most) {
        page_label(page, "");
        buf_printf(page->out, "and %zu more", count - most);
        page_end(page);
    }
}

static void write_json(const json_t *sessions)
{
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        json_dumpf(json_array_get(sessions, i), stdout, JSON_COMPACT);
        putchar('\n');
    }
}

static void write_words(const json_t *sessions)
{
    struct buf out = buf_init(OUT_MAX);
    struct page page = {.out = &out, .terminal = terminal_of_output()};
    sessions_page(&page, sessions, MOST);
    struct slice text = buf_slice(&out);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_release(&out);
}

int command_sessions(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    if (optind != argc)
        return command_usage(synopsis);
    json_t *sessions = sessions_ask(&asking);
    if (!sessions)
        return STATUS_ERROR;
    (asking.json ? write_json : write_words)(sessions);
    json_decref(sessions);
    return STATUS_FINE;
}
