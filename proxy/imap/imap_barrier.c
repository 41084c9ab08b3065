/* SPDX-License-Identifier: ISC
 * Parts of messages are asked for: each message is read whole before, over the same connection, and judged; then the
 * server is asked for its parts as the client has asked, a message at a time. */
#include "proxy/imap/imap_session.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MOST = 262144 /* messages of one command */ };

enum stage { RELAYING, LISTING, READING, GIVING };

struct imap_barrier {
    enum stage stage;
    bool uid;
    struct slice items; /* in the client's command */
    uint32_t *numbers;  /* owned: of the messages */
    size_t count, room, at, too_many;
    bool read, shown; /* the message has come; it may be shown */
    bool remembered;  /* it was read for another command */
    bool again;       /* and is not the same any more */
};

void imap_barrier_end(struct imap_session *s)
{
    if (s->barrier)
        free(s->barrier->numbers);
    free(s->barrier);
    s->barrier = NULL;
}

static bool add(struct imap_barrier *barrier, uint32_t number)
{
    if (barrier->count == barrier->room) {
        size_t room = barrier->room ? 2 * barrier->room : 4;
        uint32_t *larger =
            room <= ROOM_MOST ? realloc(barrier->numbers, room * sizeof *larger) : NULL;
        if (!larger)
            return false;
        barrier->numbers = larger;
        barrier->room = room;
    }
    barrier->numbers[barrier->count++] = number;
    return true;
}

/* ---- the end ---- */

static void conclude(struct imap_session *s, const struct imap_response *response,
                     struct slice line)
{
    imap_barrier_end(s);
    imap_conclude(s, response, line);
}

/* The last message is not given, so that the server has no last word. */
static void conclude_ourselves(struct imap_session *s)
{
    s->withheld = false;
    imap_barrier_end(s);
    reader_upstream_expect(s->reader.upstream, 0);
    imap_no(s, "[UNAVAILABLE]", SLICE("not every message could be checked now, try again later"));
    imap_next_command(s);
}

/* ---- a message at a time ---- */

static void next(struct imap_session *s);
static void read_whole(struct imap_session *s);

static void gave(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    struct imap_barrier *barrier = s->barrier;
    if (barrier->again) {
        barrier->again = false;
        read_whole(s);
        return;
    }
    if (barrier->at + 1 >= barrier->count) {
        conclude(s, response, line);
        return;
    }
    barrier->at++;
    next(s);
}

static const struct imap_exchange giving = {.done = gave};

static void ask(struct imap_session *s, struct slice tag, struct slice items,
                const struct imap_exchange *exchange)
{
    struct imap_barrier *barrier = s->barrier;
    struct slice text = arena_printf(s->reader.mail, "%sFETCH %u ", barrier->uid ? "UID " : "",
                                     barrier->numbers[barrier->at]);
    struct slice whole = ARENA_JOIN(s->reader.mail, text, items);
    if (whole.ptr)
        imap_ask(s, tag, whole, exchange);
    else
        imap_out_of_step(s, "out of memory");
}

static void give(struct imap_session *s)
{
    struct imap_barrier *barrier = s->barrier;
    bool last = barrier->at + 1 >= barrier->count;
    barrier->stage = GIVING;
    ask(s, last ? slice_of(s->tag) : imap_own_tag(s), barrier->items, &giving);
}

static void was_read(struct imap_session *s, const struct imap_response *response,
                     struct slice line)
{
    struct imap_barrier *barrier = s->barrier;
    (void)response;
    (void)line;
    if (barrier->shown || !barrier->read) { /* one that is not there: the server says so */
        give(s);
        return;
    }
    s->withheld = true;
    if (++barrier->at < barrier->count)
        next(s);
    else
        conclude_ourselves(s);
}

static const struct imap_exchange reading = {.done = was_read};

static bool is_known(const struct imap_session *s)
{
    const struct imap_rendering *rendering = s->rendering;
    const struct imap_barrier *barrier = s->barrier;
    return barrier->uid && rendering && rendering->uid == barrier->numbers[barrier->at];
}

static void next(struct imap_session *s)
{
    s->barrier->remembered = is_known(s);
    if (s->barrier->remembered)
        give(s);
    else
        read_whole(s);
}

bool imap_barrier_reads_again(struct imap_session *s)
{
    struct imap_barrier *barrier = s->barrier;
    if (barrier && barrier->stage == GIVING)
        barrier->again |= barrier->remembered;
    return barrier && barrier->again;
}

static void read_whole(struct imap_session *s)
{
    struct imap_barrier *barrier = s->barrier;
    imap_rendering_end(s);
    barrier->stage = READING;
    barrier->read = barrier->shown = barrier->remembered = false;
    ask(s, imap_own_tag(s), SLICE("(UID BODY.PEEK[])"), &reading);
}

bool imap_barrier_reads(const struct imap_session *s, uint32_t number, uint32_t uid)
{
    const struct imap_barrier *barrier = s->barrier;
    return barrier && barrier->stage == READING &&
           (barrier->uid ? uid == 0 || uid == barrier->numbers[barrier->at]
                         : number == barrier->numbers[barrier->at]);
}

void imap_barrier_read(struct imap_session *s, bool shown)
{
    if (!s->barrier)
        return;
    s->barrier->read = true;
    s->barrier->shown = shown;
}

const struct imap_rendering *imap_barrier_rendering(const struct imap_session *s, uint32_t number)
{
    const struct imap_barrier *barrier = s->barrier;
    bool is_its = barrier && barrier->stage == GIVING && !barrier->uid &&
                  number == barrier->numbers[barrier->at];
    return is_its ? s->rendering : NULL;
}

/* ---- which there are ---- */

static void listed(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    struct slice own = slice_of(s->tag);
    (void)line;
    if (s->barrier->count) {
        next(s);
        return;
    }
    imap_barrier_end(s);
    struct slice text =
        ARENA_JOIN(s->reader.mail, own, SLICE(" "), response->name, SLICE(" "), response->rest);
    struct imap_response ours;
    imap_response(text, &ours);
    imap_conclude(s, &ours, text);
}

static const struct imap_exchange listing = {.done = listed};

bool imap_barrier_lists(struct imap_session *s, uint32_t number, uint32_t uid)
{
    struct imap_barrier *barrier = s->barrier;
    if (!barrier || barrier->stage != LISTING || !uid)
        return false;
    if (add(barrier, barrier->uid ? uid : number))
        return true;
    s->withheld = true;
    if (++barrier->too_many > ROOM_MOST)
        imap_out_of_step(s, "a list without an end");
    return true;
}

static void list(struct imap_session *s, struct slice set)
{
    struct slice text = ARENA_JOIN(s->reader.mail, s->barrier->uid ? SLICE("UID ") : SLICE(""),
                                   SLICE("FETCH "), set, SLICE(" (UID)"));
    s->barrier->stage = LISTING;
    if (text.ptr)
        imap_ask(s, imap_own_tag(s), text, &listing);
    else
        imap_out_of_step(s, "out of memory");
}

static bool is_single(struct slice set, uint32_t *number)
{
    uint32_t to;
    return imap_range(&set, number, &to) && *number == to && to != UINT32_MAX && set.len == 0;
}

static bool begin(struct imap_session *s, const struct imap_command *command)
{
    struct imap_fetch asked;
    imap_fetch(command, &asked);
    s->barrier = calloc(1, sizeof *s->barrier);
    if (s->barrier) {
        s->barrier->uid = command->uid;
        s->barrier->items = asked.items;
        return true;
    }
    imap_no(s, "[UNAVAILABLE]", SLICE("out of memory"));
    imap_forget_command(s);
    return false;
}

void imap_barrier_begin(struct imap_session *s, const struct imap_command *command)
{
    struct imap_fetch asked;
    struct imap_piece piece;
    uint32_t number;
    imap_fetch(command, &asked);
    imap_piece(buf_slice(&s->in.text), &piece);
    if (piece.literal) {
        imap_bad(s, "no literals are taken in FETCH");
        imap_forget_command(s);
    } else if (begin(s, command)) {
        if (is_single(asked.set, &number) && add(s->barrier, number))
            next(s);
        else
            list(s, asked.set);
    }
}

/* ---- what was not asked for ---- */

static void relayed(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    if (s->barrier->count)
        next(s);
    else
        conclude(s, response, line);
}

static const struct imap_exchange relaying = {.go_ahead = imap_go_ahead, .done = relayed};

bool imap_barrier_postpones(struct imap_session *s, uint32_t number, uint32_t uid)
{
    struct imap_barrier *barrier = s->barrier;
    return barrier && barrier->stage == RELAYING && (uid || !barrier->uid) &&
           add(barrier, barrier->uid ? uid : number);
}

void imap_barrier_relay(struct imap_session *s, const struct imap_command *command)
{
    if (begin(s, command))
        imap_relay(s, &relaying);
}
