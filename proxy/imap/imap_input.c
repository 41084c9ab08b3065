/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/imap/imap_session.h"

#include <string.h>

enum {
    LITERAL_MAX = 128 * 1024, /* of one that is no message */
    LITERAL_EARLY = 4096,     /* before the login, and */
    LINE_EARLY = 32 * 1024,   /* ID may have as many (RFC 2971) */
};

static void hang_up_on(struct imap_session *s, const char *why)
{
    session_text(&s->reader.base, SLICE("* BYE "));
    imap_say(s, slice_of(why));
    reader_upstream_free(&s->reader.upstream);
    session_hang_up(&s->reader.base);
}

void imap_forget_command(struct imap_session *s)
{
    uint64_t still = s->in.literal;
    buf_release(&s->in.text);
    s->in = (struct imap_incoming){.text = s->in.text, .literal = still};
    imap_append_end(s);
    imap_opinions_end(s);
}

void imap_next_command(struct imap_session *s)
{
    imap_forget_command(s);
    s->exchange = NULL;
    imap_clock_rest(s);
    imap_does_take(s);
    session_go_on(&s->reader.base);
}

/* ---- literals ---- */

/* Who has announced one may not think for as long as between two commands. */
static void expect_octets(struct imap_session *s, uint64_t octets)
{
    s->in.literal = octets;
    upload_begin(&s->in.clock, clock_ms());
    if (octets)
        stream_deadline(s->reader.base.stream,
                        s->reader.base.proxy->config->settings.timeouts_data);
}

/* Whether a client sends what it would have to be asked for nobody knows, and its text must not be taken for
 * commands: it is asked for, thrown away, and then refused. */
static void swallow(struct imap_session *s, const struct imap_piece *piece, const char *why)
{
    imap_forget_command(s);
    if (piece->literal && piece->waits && piece->octets > LITERAL_MAX) {
        imap_bad(s, why);
        hang_up_on(s, "this literal is too long");
        return;
    }
    s->in.refused = piece->literal ? why : NULL;
    expect_octets(s, piece->literal ? piece->octets : 0);
    if (!piece->literal)
        imap_bad(s, why);
    else if (piece->waits)
        imap_say(s, SLICE("+ OK"));
}

/* As a body that comes in over SMTP: an octet now and then would hold a session for days. */
static bool is_too_slow(struct imap_session *s, size_t more)
{
    return !upload_came(&s->in.clock, clock_ms(), more,
                        s->reader.base.proxy->config->settings.limits_upload_rate);
}

static size_t take_literal(struct imap_session *s, struct slice bytes)
{
    struct slice octets = slice_sub(bytes, 0, s->in.literal);
    s->in.literal -= octets.len;
    if (is_too_slow(s, octets.len)) {
        hang_up_on(s, "it comes too slowly");
        return bytes.len;
    }
    if (s->in.refused)
        return octets.len;
    if (s->append) {
        if (!imap_append_take(s, octets))
            hang_up_on(s, "it is far too large");
    } else if (!buf_append(&s->in.text, octets)) {
        hang_up_on(s, "the command is too long");
    }
    return octets.len;
}

static bool appends(struct imap_session *s)
{
    struct imap_command command;
    imap_command(buf_slice(&s->in.text), &command);
    return command.verb == IMAP_APPEND && reader_is_logged_in(&s->reader);
}

/* Of APPEND each literal is a message, but for the first, which may be the mailbox: another one ends it, as each would
 * be looked for behind all that came before. */
static const char *why_not(struct imap_session *s, const struct imap_piece *piece)
{
    const char *why = s->in.begun ? NULL : imap_refusal(s);
    uint64_t most = reader_is_logged_in(&s->reader) ? LITERAL_MAX : LITERAL_EARLY;
    bool message = !why && appends(s);
    if (why || (message && imap_append_begin(s, piece)))
        return why;
    if (message && s->in.begun)
        return "APPEND needs a mailbox and a message";
    return piece->octets > most ? "this literal is too long" : NULL;
}

/* A literal follows: asked for, or refused with the command. */
static void await_literal(struct imap_session *s, const struct imap_piece *piece)
{
    const char *why = why_not(s, piece);
    if (why) {
        swallow(s, piece, why);
        return;
    }
    s->in.begun = true;
    expect_octets(s, piece->octets);
    if (piece->waits)
        imap_say(s, SLICE("+ OK"));
}

/* ---- pieces ---- */

static bool take_tag(struct imap_session *s)
{
    struct imap_command command;
    imap_command(buf_slice(&s->in.text), &command);
    bool fine = command.tag.len && command.tag.len <= IMAP_TAG_MAX;
    memcpy(s->tag, command.tag.ptr, fine ? command.tag.len : 0);
    s->tag[fine ? command.tag.len : 0] = '\0';
    return fine;
}

static void take_piece(struct imap_session *s, const struct imap_piece *piece)
{
    bool first = buf_len(&s->in.text) == 0;
    if (!buf_append(&s->in.text, piece->text) || !buf_cstr(&s->in.text, "\r\n")) {
        hang_up_on(s, "the command is too long");
    } else if (first && !take_tag(s)) {
        swallow(s, piece, "a command begins with a tag");
    } else if (piece->literal) {
        await_literal(s, piece);
    } else {
        imap_run(s);
    }
}

static void take_rest(struct imap_session *s, const struct imap_piece *piece)
{
    swallow(s, piece, s->in.refused);
}

/* Only DONE may come: a server that waits for it runs what follows another line. */
static void take_done(struct imap_session *s, const struct imap_piece *piece)
{
    if (!slice_ieq(piece->text, SLICE("DONE"))) {
        hang_up_on(s, "only DONE may follow IDLE");
        return;
    }
    s->idle = false;
    session_wait(&s->reader.base);
    reader_upstream_send(s->reader.upstream, SLICE("DONE\r\n"));
    reader_upstream_expect(s->reader.upstream,
                           s->reader.base.proxy->config->settings.timeouts_backend);
}

static void take(struct imap_session *s, const struct imap_piece *piece)
{
    struct reader *r = &s->reader;
    if (s->idle)
        take_done(s, piece);
    else if (s->in.refused)
        take_rest(s, piece);
    else if (r->base.login && r->base.login->dialogue != LOGIN_COMMANDS)
        login_answer(r->base.login, piece->text);
    else
        take_piece(s, piece);
}

/* What a user may do has no number; who has not logged in may try a few times. */
static bool may_go_on(struct imap_session *s)
{
    if (!reader_is_logged_in(&s->reader))
        return session_may_go_on(&s->reader.base);
    s->reader.base.commands++;
    return true;
}

/* What cannot be framed may be framed otherwise by the server. */
static void not_framed(struct imap_session *s, int found)
{
    hang_up_on(s, found == -1   ? "the line is too long"
                  : found == -2 ? "lines end with CRLF and hold no NUL, CR or LF"
                                : "a literal of such a size cannot be");
}

size_t imap_take(struct imap_session *s, struct slice bytes)
{
    struct imap_piece piece;
    if (s->in.literal) {
        stream_deadline(s->reader.base.stream,
                        s->reader.base.proxy->config->settings.timeouts_data);
        return take_literal(s, bytes);
    }
    int found = imap_piece(bytes, &piece);
    if (!reader_is_logged_in(&s->reader) && (found ? piece.used : bytes.len) > LINE_EARLY)
        found = -1;
    if (found == 0)
        return 0;
    if (!may_go_on(s))
        return bytes.len;
    stream_deadline(s->reader.base.stream, reader_patience(&s->reader.base));
    if (found < 0) {
        not_framed(s, found);
        return bytes.len;
    }
    take(s, &piece);
    session_show(&s->reader.base);
    return piece.used;
}
