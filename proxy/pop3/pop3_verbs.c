/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/session/session_facts.h"

enum where { BEFORE = 1, AFTER = 2, ALWAYS = 3 };
enum whose { OURS, ONE, MANY, EITHER };

static const struct {
    enum where where;
    enum whose whose;
} verbs[] = {
#define VERB(id, where, whose) {where, whose},
#include "proxy/pop3/pop3_verbs.def"
#undef VERB
};

/* ---- before login ---- */

static bool may_start_tls(const struct pop3_session *s)
{
    return s->reader.base.listener->starttls && !session_is_encrypted(&s->reader.base) &&
           tls_ready(s->reader.base.proxy->tls);
}

void pop3_answer_tls(struct session *base, bool yes)
{
    if (yes)
        pop3_ok(pop3_of(base), "begin TLS");
    else
        pop3_err(pop3_of(base), "[SYS/TEMP]", SLICE("TLS is not available now"));
}

static void start_tls(struct pop3_session *s)
{
    if (reader_takes_foreign_tls(&s->reader.base))
        return;
    if (!may_start_tls(s)) {
        pop3_mistake(s, "TLS is not to be had here, or is there already");
        return;
    }
    SSL *ssl = tls_accept(s->reader.base.proxy->tls, s->reader.base.listener,
                          s->reader.base.protocol->alpn);
    if (!ssl) {
        pop3_err(s, "[SYS/TEMP]", SLICE("out of memory"));
        return;
    }
    pop3_ok(s, "begin TLS");
    s->reader.base.starting_tls = true;
    session_secure(&s->reader.base, ssl);
}

static void offer_mechanisms(struct pop3_session *s, struct slice before, struct slice behind)
{
    for (int i = MECHANISM_USER + 1; i < MECHANISMS; i++)
        if (login_offers(&s->reader.base, (enum login_mechanism)i)) {
            session_text(&s->reader.base, before);
            session_text(&s->reader.base, slice_of(mechanism_name((enum login_mechanism)i)));
            session_text(&s->reader.base, behind);
        }
}

static void offer_logins(struct pop3_session *s)
{
    if (!login_is_allowed(&s->reader.base))
        return;
    if (login_offers(&s->reader.base, MECHANISM_USER))
        session_text(&s->reader.base, SLICE("USER\r\n"));
    if (!(s->reader.base.listener->mechanisms & ~(1U << MECHANISM_USER)))
        return;
    session_text(&s->reader.base, SLICE("SASL"));
    offer_mechanisms(s, SLICE(" "), SLICE(""));
    session_text(&s->reader.base, SLICE("\r\n"));
}

static void offer(struct pop3_session *s)
{
    session_text(&s->reader.base, SLICE("+OK\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
                                        "PIPELINING\r\nUTF8\r\n"));
    offer_logins(s);
    session_text(&s->reader.base, may_start_tls(s) || reader_offers_foreign_tls(&s->reader.base)
                                      ? SLICE("STLS\r\n")
                                      : SLICE(""));
    session_text(&s->reader.base, SLICE(".\r\n"));
}

/* The server is told once it is known which one that is. One that has no such command has nothing to
 * change either: messages pass as they are (RFC 6856 2.1). */
static void take_utf8(struct pop3_session *s, struct slice argument)
{
    if (argument.len) {
        pop3_mistake(s, "UTF8 has no argument");
        return;
    }
    s->utf8 = true;
    pop3_ok(s, "UTF8 enabled");
}

static void take_user(struct pop3_session *s, struct slice name)
{
    if (login_denies(s->reader.base.login, MECHANISM_USER))
        return;
    s->named = credentials_user(&s->reader.base.login->who, name);
    if (s->named)
        pop3_ok(s, "send PASS");
    else
        pop3_mistake(s, "USER needs a name");
}

static void take_password(struct pop3_session *s, struct slice password)
{
    struct credentials *who = &s->reader.base.login->who;
    *who->acting_for = '\0';
    if (login_denies(s->reader.base.login, MECHANISM_USER))
        return;
    if (!s->named)
        pop3_mistake(s, "USER first");
    else if (!credentials_password(who, password))
        pop3_mistake(s, "PASS needs a password");
    else
        login_try(s->reader.base.login, MECHANISM_USER);
}

/* "AUTH" alone: as some clients ask what there is. */
static void list_mechanisms(struct pop3_session *s)
{
    session_text(&s->reader.base, SLICE("+OK\r\n"));
    if (login_is_allowed(&s->reader.base))
        offer_mechanisms(s, SLICE(""), SLICE("\r\n"));
    session_text(&s->reader.base, SLICE(".\r\n"));
}

static void authenticate(struct pop3_session *s, struct slice argument)
{
    struct slice name, response;
    if (argument.len == 0) {
        list_mechanisms(s);
        return;
    }
    s->named = false;
    slice_cut(argument, ' ', &name, &response);
    login_authenticate(s->reader.base.login, name, slice_trim(response));
}

static void say_goodbye(struct pop3_session *s)
{
    s->reader.base.leaving = true;
    pop3_ok(s, "goodbye");
    session_hang_up(&s->reader.base);
}

static void before_login(struct pop3_session *s, enum pop3_verb verb, struct slice argument)
{
    switch (verb) {
    case POP3_CAPA:
        offer(s);
        break;
    case POP3_QUIT:
        say_goodbye(s);
        break;
    case POP3_STLS:
        start_tls(s);
        break;
    case POP3_UTF8:
        take_utf8(s, argument);
        break;
    case POP3_USER:
        take_user(s, argument);
        break;
    case POP3_PASS:
        take_password(s, argument);
        break;
    default:
        authenticate(s, argument);
    }
}

/* ---- behind it ---- */

static void read_message(struct pop3_session *s, enum pop3_verb verb, struct slice argument)
{
    uint32_t number, lines = 0;
    bool whole = verb == POP3_RETR;
    if (whole ? !pop3_number(argument, &number) : !pop3_numbers(argument, &number, &lines))
        pop3_mistake(s, whole ? "RETR needs the number of a message"
                              : "TOP needs the number of a message, and of lines");
    else
        pop3_read(s, whole ? POP3_WHOLE : lines ? POP3_BEGINS : POP3_HEADER, number, lines);
}

/* What the client has not seen is not to be destroyed. */
static bool may_delete(struct pop3_session *s, struct slice argument)
{
    uint32_t number;
    return !pop3_number(argument, &number) || !kept_back_has(&s->kept_back, number);
}

static void after_login(struct pop3_session *s, enum pop3_verb verb, struct slice line,
                        struct slice argument)
{
    enum whose whose = verbs[verb].whose;
    bool many = whose == MANY || (whose == EITHER && argument.len == 0);
    if (verb == POP3_RETR || verb == POP3_TOP)
        read_message(s, verb, argument);
    else if (verb == POP3_CAPA)
        pop3_relay_capabilities(s);
    else if (verb == POP3_QUIT)
        pop3_relay_quit(s);
    else if (verb == POP3_DELE && !may_delete(s, argument))
        pop3_err(s, "[SYS/TEMP]", SLICE("this message could not be shown, so it stays"));
    else
        pop3_relay(s, line, many ? POP3_ANSWER_LINES : POP3_ANSWER_LINE);
}

/* ---- lines ---- */

static void take_command(struct pop3_session *s, struct slice line)
{
    struct slice argument;
    enum pop3_verb verb = pop3_verb(line, &argument);
    enum where now = reader_is_logged_in(&s->reader) ? AFTER : BEFORE;
    if (verb == POP3_VERBS)
        pop3_mistake(s, "unknown command");
    else if (!(verbs[verb].where & now))
        pop3_mistake(s, now == BEFORE ? "log in first" : "not any more");
    else if (now == BEFORE)
        before_login(s, verb, argument);
    else
        after_login(s, verb, line, argument);
}

static void hang_up_on(struct pop3_session *s, const char *why)
{
    pop3_err(s, "", slice_of(why));
    session_hang_up(&s->reader.base);
}

/* A user may have any number of messages, and what he has deleted would be there again if he were
 * sent away before QUIT. */
static bool may_go_on(struct pop3_session *s)
{
    if (!reader_is_logged_in(&s->reader))
        return session_may_go_on(&s->reader.base);
    s->reader.base.commands++;
    return true;
}

size_t pop3_take_line(struct pop3_session *s, struct slice bytes)
{
    struct slice line;
    size_t used;
    int r = pop3_line(bytes, &line, &used);
    if (r == 0)
        return 0;
    if (r == -1) {
        hang_up_on(s, "line too long");
        return bytes.len;
    }
    if (!may_go_on(s))
        return bytes.len;
    stream_deadline(s->reader.base.stream, s->reader.base.protocol->patience(&s->reader.base));
    if (r == -2)
        hang_up_on(s, "commands end with CRLF and hold no NUL, CR or LF");
    else if (!reader_is_logged_in(&s->reader) && s->reader.base.login->dialogue != LOGIN_COMMANDS)
        login_answer(s->reader.base.login, line);
    else
        take_command(s, line);
    session_show(&s->reader.base);
    return used;
}
