/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/pop3/pop3_session.h"

static void forget(struct reader *r)
{
    pop3_of_reader(r)->exchange = NULL;
}

/* Half a response may be out already: then the client must not take our words for the rest. */
void pop3_lose_server(struct pop3_session *s, const char *trouble)
{
    log_at(LEVEL_WARNING, s->reader.ref, "mailbox lost", field_str("reason", trouble));
    pop3_read_end(s);
    session_forget_waiting(&s->reader.base);
    if (!s->half)
        pop3_err(s, "[SYS/TEMP]", SLICE("the mail server has gone away, try again later"));
    session_hang_up(&s->reader.base);
}

/* What is being given goes out first. */
static void lost(struct reader *r, const char *trouble)
{
    struct pop3_session *s = pop3_of_reader(r);
    if (!s->reading || !s->reading->giving.pieces)
        pop3_lose_server(s, trouble);
}

static void refuse(struct session *base, enum login_refusal why, struct slice text)
{
    struct pop3_session *s = pop3_of_reader(reader_of(base));
    s->named = false;
    pop3_err(s, why == LOGIN_NOT_NOW ? "[SYS/TEMP]" : "[AUTH]", text);
}

static void mistake(struct session *base, enum login_mistake what, const char *text)
{
    (void)what;
    pop3_mistake(pop3_of_reader(reader_of(base)), text);
}

static const struct login_protocol logins = {
    .needs_tls = "use STLS first: passwords are not taken in the clear",
    .challenge = "+ ",
    .begins = reader_begins_login,
    .facts = reader_session_facts,
    .refuse = refuse,
    .mistake = mistake,
    .record = reader_record_login,
    .connected = reader_is_connected,
    .proceed = reader_proceed,
    .cannot = reader_cannot,
    .respond = pop3_respond,
    .cancel = pop3_cancel,
    .give_up = reader_gives_up,
};

const struct reader_protocol pop3_reader = {
    .login = &logins,
    .dialect = &pop3_dialect,
    .ready = pop3_log_in,
    .input = pop3_take_response,
    .forget = forget,
    .lost = lost,
    .answer_tls = pop3_answer_tls,
};
