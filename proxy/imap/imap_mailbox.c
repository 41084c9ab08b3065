/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/imap/imap_session.h"

static size_t input(struct reader *r, struct slice octets)
{
    reader_upstream_expect_more(r->upstream);
    return imap_take_response(imap_of_reader(r), octets);
}

static void taken(struct reader *r)
{
    imap_pass_taken(imap_of_reader(r));
}

static void drained(struct reader *r)
{
    imap_relay_drained(imap_of_reader(r));
}

static void forget(struct reader *r)
{
    imap_of_reader(r)->exchange = NULL;
}

/* What is under way for him comes to nothing. */
static void abandon(struct imap_session *s)
{
    session_forget_waiting(&s->reader.base);
    imap_held_end(s);
    imap_rendering_end(s);
    imap_barrier_end(s);
    imap_append_end(s);
}

void imap_lose_server(struct imap_session *s, const char *trouble)
{
    struct session *base = &s->reader.base;
    if (base->state == SESSION_BULK) /* what is being given goes out first */
        return;
    log_at(LEVEL_WARNING, s->reader.ref, "mailbox lost", field_str("reason", trouble));
    bool within = s->out.line || s->out.goes_on || s->out.within_line;
    if (!within &&
        !base->leaving) { /* half a response may be out: our words would be taken for the rest */
        if (s->exchange && !s->idle)
            imap_no(s, "[UNAVAILABLE]", SLICE("the mail server has gone away"));
        imap_say(s, SLICE("* BYE [UNAVAILABLE] the mail server has gone away, try again later"));
    }
    abandon(s);
    session_hang_up(base);
}

static void lost(struct reader *r, const char *trouble)
{
    imap_lose_server(imap_of_reader(r), trouble);
}

static void refuse(struct session *base, enum login_refusal why, struct slice text)
{
    imap_no(imap_of_reader(reader_of(base)),
            why == LOGIN_NOT_NOW ? "[UNAVAILABLE]" : "[AUTHENTICATIONFAILED]", text);
}

static void mistake(struct session *base, enum login_mistake what, const char *text)
{
    (void)what;
    imap_bad(imap_of_reader(reader_of(base)), text);
}

static const struct login_protocol logins = {
    .needs_tls = "use STARTTLS first: passwords are not taken in the clear",
    .challenge = "+ ",
    .begins = reader_begins_login,
    .facts = reader_session_facts,
    .refuse = refuse,
    .mistake = mistake,
    .record = reader_record_login,
    .connected = reader_is_connected,
    .proceed = reader_proceed,
    .cannot = reader_cannot,
    .respond = imap_respond,
    .cancel = imap_cancel,
    .give_up = reader_gives_up,
};

const struct reader_protocol imap_reader = {
    .login = &logins,
    .dialect = &imap_dialect,
    .ready = imap_log_in,
    .input = input,
    .taken = taken,
    .drained = drained,
    .forget = forget,
    .lost = lost,
    .answer_tls = imap_answer_tls,
};
