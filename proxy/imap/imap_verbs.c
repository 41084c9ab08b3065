/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_session.h"
#include "proxy/session/session_facts.h"

enum where { BEFORE = 1, AFTER = 2, ALWAYS = 3, UID = 4 };

static const enum where verbs[] = {
#define VERB(id, where) (where),
#include "proxy/imap/imap_verbs.def"
#undef VERB
};

/* ---- before login ---- */

static void offer(struct imap_session *s)
{
    char room[1024];
    struct buf line = buf_over(room, sizeof room);
    buf_cstr(&line, "* CAPABILITY ");
    imap_own_capabilities(s, &line);
    imap_say(s, buf_slice(&line));
    imap_ok(s, "", "that is what there is before the login");
}

void imap_answer_tls(struct session *base, bool yes)
{
    struct imap_session *s = imap_of(base);
    if (yes)
        imap_ok(s, "", "begin TLS");
    else
        imap_no(s, "[UNAVAILABLE]", SLICE("TLS is not available now"));
}

static void start_tls(struct imap_session *s)
{
    struct session *base = &s->reader.base;
    SSL *ssl = NULL;
    if (reader_takes_foreign_tls(base))
        return;
    if (!base->listener->starttls || session_is_encrypted(base) || !tls_ready(base->proxy->tls)) {
        imap_bad(s, "TLS is not to be had here, or is there already");
    } else if (!(ssl = tls_accept(base->proxy->tls, base->listener, base->protocol->alpn))) {
        imap_no(s, "[UNAVAILABLE]", SLICE("out of memory"));
    } else {
        imap_ok(s, "", "begin TLS");
        base->starting_tls = true;
        session_secure(base, ssl);
    }
}

static bool may_not_log_in(struct imap_session *s)
{
    if (login_is_allowed(&s->reader.base))
        return false;
    if (!session_may_err(&s->reader.base))
        return true;
    if (s->reader.base.health)
        imap_no(s, "[CONTACTADMIN]", slice_of(login_no_client));
    else
        imap_no(s, "[PRIVACYREQUIRED]", slice_of(imap_reader.login->needs_tls));
    return true;
}

static void log_in(struct imap_session *s, struct slice arguments)
{
    struct reader *r = &s->reader;
    struct slice user, password;
    if (may_not_log_in(s) || login_denies(r->base.login, MECHANISM_USER))
        return;
    login_forget(r->base.login);
    if (imap_string(r->mail, &arguments, &user) && imap_string(r->mail, &arguments, &password) &&
        arguments.len == 0 && credentials_user(&r->base.login->who, user) &&
        credentials_password(&r->base.login->who, password))
        login_try(r->base.login, MECHANISM_USER);
    else
        imap_bad(s, "LOGIN needs a user and a password");
}

static void authenticate(struct imap_session *s, struct slice arguments)
{
    struct slice name, response;
    slice_cut(arguments, ' ', &name, &response);
    if (may_not_log_in(s))
        return;
    login_authenticate(s->reader.base.login, name, slice_trim(response));
}

static void say_goodbye(struct imap_session *s)
{
    s->reader.base.leaving = true;
    imap_say(s, SLICE("* BYE goodbye"));
    imap_ok(s, "", "goodbye");
    session_hang_up(&s->reader.base);
}

static void before_login(struct imap_session *s, const struct imap_command *command)
{
    switch (command->verb) {
    case IMAP_CAPABILITY:
        offer(s);
        break;
    case IMAP_LOGOUT:
        say_goodbye(s);
        break;
    case IMAP_STARTTLS:
        start_tls(s);
        break;
    case IMAP_LOGIN:
        log_in(s, command->arguments);
        break;
    case IMAP_AUTHENTICATE:
        authenticate(s, command->arguments);
        break;
    case IMAP_ID: /* who we are is nobody's business, and who the client is the server's */
        imap_say(s, SLICE("* ID NIL"));
        imap_ok(s, "", "that is all");
        break;
    default:
        imap_ok(s, "", "nothing to be done");
    }
}

/* ---- behind it ---- */

/* Numbers of messages and UIDs mean something else from here on. */
static void forget_mailbox(struct imap_session *s)
{
    imap_rendering_end(s);
    id_set_forget(&s->recorded);
    kept_back_forget(&s->kept_back);
    imap_left_end(s);
}

/* Of what is read in another one than INBOX it must be known which that is, before. */
static void select_mailbox(struct imap_session *s, const struct imap_command *command)
{
    bool reads = command->verb == IMAP_SELECT;
    struct slice name;
    if (imap_mailbox_named(s->reader.mail, command, &name)) {
        imap_places_select(s, name, reads);
        if (reads && !slice_ieq(name, SLICE("INBOX")) && imap_left_counts(s) && imap_places_ask(s))
            return;
    }
    imap_relay(s, &imap_relaying);
}

static void fetch(struct imap_session *s, const struct imap_command *command)
{
    struct imap_fetch asked;
    imap_fetch(command, &asked);
    imap_clock_begin(s);
    if (asked.content && !asked.whole)
        imap_barrier_begin(s, command);
    else
        imap_barrier_relay(s, command);
}

static bool is_named(struct slice words, struct slice extension)
{
    struct slice word;
    while (words.len) {
        slice_cut(words, ' ', &word, &words);
        if (slice_ieq(word, extension))
            return true;
    }
    return false;
}

/* What is unknown is passed over, as servers do (RFC 5161 3.1); each is said once, however often it was asked for. */
static void enable(struct imap_session *s, const struct imap_command *command)
{
    static const char *const known[] = {"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "METADATA"};
    char room[128];
    struct buf line = buf_over(room, sizeof room);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_named(command->arguments, slice_of(known[i]))) {
            buf_cstr(&line, " ");
            buf_cstr(&line, known[i]);
        }
    if (buf_len(&line) == 0) {
        imap_say(s, SLICE("* ENABLED"));
        imap_ok(s, "", "none of these is to be had here");
        imap_forget_command(s);
        return;
    }
    buf_clear(&s->in.text);
    buf_cstr(&s->in.text, s->tag);
    buf_cstr(&s->in.text, " ENABLE");
    buf_append(&s->in.text, buf_slice(&line));
    buf_cstr(&s->in.text, "\r\n");
    imap_relay(s, &imap_relaying);
}

static void after_login(struct imap_session *s, const struct imap_command *command)
{
    switch (command->verb) {
    case IMAP_FETCH:
        fetch(s, command);
        break;
    case IMAP_APPEND:
        imap_clock_begin(s);
        imap_append_run(s);
        break;
    case IMAP_ENABLE:
        enable(s, command);
        break;
    case IMAP_IDLE:
        imap_relay(s, &imap_idling);
        break;
    case IMAP_SELECT:
    case IMAP_EXAMINE:
        forget_mailbox(s);
        select_mailbox(s, command);
        break;
    case IMAP_CLOSE:
    case IMAP_UNSELECT:
        forget_mailbox(s);
        imap_relay(s, &imap_relaying);
        break;
    case IMAP_STORE:
    case IMAP_COPY:
    case IMAP_MOVE:
    case IMAP_DELETE:
    case IMAP_RENAME:
        imap_opine(s);
        break;
    default:
        s->reader.base.leaving |= command->verb == IMAP_LOGOUT;
        imap_relay(s, &imap_relaying);
    }
}

static const char *not_now(const struct imap_session *s, const struct imap_command *command)
{
    enum where now = reader_is_logged_in(&s->reader) ? AFTER : BEFORE;
    if (command->verb == IMAP_VERBS || (command->uid && !(verbs[command->verb] & UID)))
        return "unknown command";
    if (!(verbs[command->verb] & now))
        return now == BEFORE ? "log in first" : "not any more";
    return NULL;
}

const char *imap_refusal(struct imap_session *s)
{
    struct imap_command command;
    imap_command(buf_slice(&s->in.text), &command);
    return not_now(s, &command);
}

void imap_run(struct imap_session *s)
{
    struct imap_command command;
    imap_command(buf_slice(&s->in.text), &command);
    const char *why = not_now(s, &command);
    bool logged_in = reader_is_logged_in(&s->reader);
    if (!why && logged_in)
        why = imap_objection(&command);
    if (why)
        imap_bad(s, why);
    else if (logged_in)
        after_login(s, &command);
    else
        before_login(s, &command);
    if (why || !logged_in)
        imap_forget_command(s);
}
