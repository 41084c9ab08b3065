/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/pop3/pop3_session.h"

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
    return s->base.listener->starttls && !stream_ssl(s->base.stream) &&
           tls_ready(s->base.proxy->tls);
}

static void start_tls(struct pop3_session *s)
{
    if (!may_start_tls(s)) {
        pop3_mistake(s, "TLS is not to be had here, or is there already");
        return;
    }
    SSL *ssl = tls_accept(s->base.proxy->tls, s->base.protocol->alpn);
    if (!ssl) {
        pop3_err(s, "[SYS/TEMP]", SLICE("out of memory"));
        return;
    }
    pop3_ok(s, "begin TLS");
    s->base.starting_tls = true;
    session_secure(&s->base, ssl);
}

static void offer(struct pop3_session *s)
{
    session_text(&s->base, SLICE("+OK\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
                                 "PIPELINING\r\nUTF8\r\n"));
    pop3_offer_logins(s);
    session_text(&s->base, may_start_tls(s) ? SLICE("STLS\r\n") : SLICE(""));
    session_text(&s->base, SLICE(".\r\n"));
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

static void say_goodbye(struct pop3_session *s)
{
    s->base.leaving = true;
    pop3_ok(s, "goodbye");
    session_hang_up(&s->base);
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
        pop3_user(s, argument);
        break;
    case POP3_PASS:
        pop3_password(s, argument);
        break;
    default:
        pop3_auth(s, argument);
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
    return !pop3_number(argument, &number) || !pop3_is_kept_back(s, number);
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
    enum where now = s->logged_in ? AFTER : BEFORE;
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
    session_hang_up(&s->base);
}

/* A user may have any number of messages, and what he has deleted would be there again if he were
 * sent away before QUIT. */
static bool may_go_on(struct pop3_session *s)
{
    if (!s->logged_in)
        return session_may_go_on(&s->base);
    s->base.commands++;
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
    stream_deadline(s->base.stream, s->base.protocol->patience(&s->base));
    if (r == -2)
        hang_up_on(s, "commands end with CRLF and hold no NUL, CR or LF");
    else if (s->dialogue != POP3_COMMANDS)
        pop3_response(s, line);
    else
        take_command(s, line);
    session_show(&s->base);
    return used;
}
