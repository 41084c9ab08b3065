/* SPDX-License-Identifier: ISC
 * Logins at a server where users read their mail, and send none: what they send goes by the relay. */
#include "proxy/imap/imap_check.h"
#include "proxy/smtp/smtp_login_say.h"
#include "proxy/smtp/smtp_login_server.h"

enum {
    BESIDE_MAX = 900 /* octets of a response: a command's line is to have 1000 (RFC 2683 3.2.1.5) */
};

/* ---- what it says ---- */

static void ready(void *owner)
{
    smtp_login_begin(owner);
}

/* It becomes a line of ours. */
static bool is_base64(struct slice text)
{
    char room[SASL_RESPONSE_MAX + 4];
    struct slice decoded;
    return text.len <= SASL_RESPONSE_TEXT_MAX && sasl_decode(text, room, sizeof room, &decoded);
}

static void refused(struct smtp_session *s, const struct imap_answer *answer)
{
    bool guessed = answer->told == IMAP_TOLD_NO;
    bool later = !guessed && answer->told != IMAP_TOLD_NOT_SO;
    const struct smtp_login_refusal refusal = {.later = later,
                                               .end = guessed ? login_refused(s->base.login)
                                                              : LOGIN_NEITHER,
                                               .code = later ? 454 : 535,
                                               .words = arena_copy(s->mail, answer->text)};
    smtp_login_refuse(s, &refusal);
}

static bool passes(struct smtp_session *s, struct slice challenge)
{
    return (!s->base.login->mechanism->read || is_base64(challenge)) &&
           smtp_login_challenged(s, challenge);
}

static void replied(void *owner, const struct imap_answer *answer)
{
    static const struct imap_answer nonsense = {IMAP_TOLD_NONSENSE,
                                                SLICE("it asks for what is no response")};
    struct smtp_session *s = owner;
    if (answer->told == IMAP_TOLD_YES)
        smtp_login_enter(s);
    else if (answer->told != IMAP_TOLD_ASKS)
        refused(s, answer);
    else if (!passes(s, answer->text))
        refused(s, &nonsense);
}

static void over(void *owner, bool early, const char *trouble)
{
    struct smtp_session *s = owner;
    s->check = NULL;
    smtp_login_over(s, early, trouble);
}

static const struct imap_check_owner hears = {ready, replied, over};

/* ---- of struct smtp_login_server ---- */

static bool open_server(struct smtp_session *s, const char **reason)
{
    s->check = imap_check_open(&s->base, s->ref, s->login_backend, &hears, s, reason);
    return s->check;
}

static bool is_open(const struct smtp_session *s)
{
    return s->check;
}

static void close_server(struct smtp_session *s)
{
    if (s->check)
        imap_check_close(s->check);
    s->check = NULL;
}

static struct smtp_login_offer offer(const struct smtp_session *s)
{
    const struct imap_login_offer *can = imap_check_offer(s->check);
    return (struct smtp_login_offer){can->mechanisms, can->plus};
}

static void say(struct smtp_session *s, struct slice line, bool secret)
{
    (void)secret; /* all that is said there is wiped */
    imap_check_say(s->check, line);
}

static bool begin(struct smtp_session *s, enum login_mechanism mechanism, struct slice first)
{
    bool with = first.ptr && imap_check_offer(s->check)->initial && first.len <= BESIDE_MAX;
    struct slice beside = first.len ? first : SLICE("=");
    imap_check_authenticate(s->check, mechanism_name(mechanism),
                            with ? beside : (struct slice){NULL, 0});
    return with;
}

static void log_in(struct smtp_session *s)
{
    imap_check_log_in(s->check, &s->base.login->who);
}

/* Who knows a password to be wrong says NO (RFC 9051 6.2.2, 6.2.3): one that breaks off has said nothing of it. */
static enum login_end unanswered(const struct login *login)
{
    (void)login;
    return LOGIN_NEITHER;
}

const struct smtp_login_server smtp_login_imap = {
    .open = open_server,
    .is_open = is_open,
    .close = close_server,
    .offer = offer,
    .begin = begin,
    .say = say,
    .log_in = log_in,
    .unanswered = unanswered,
};
