/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_check.h"

#include "proxy/imap/imap_argument.h"
#include "proxy/imap/imap_session.h"
#include "proxy/upstream/mailbox_servers.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GOODBYE_MS = 2000, /* for what is said behind BYE, which may be the answer */
    ARGUMENTS_MAX = 2 * (LOGIN_USER_MAX + LOGIN_PASSWORD_MAX) + 64,
};

enum check_step {
    CHECK_CONNECTING,
    CHECK_OFFER, /* it was asked what it offers */
    CHECK_READY,
    CHECK_USER,     /* LOGIN: it was asked for room for the user, */
    CHECK_PASSWORD, /* and for the password */
    CHECK_ANSWER,   /* a response is out */
    CHECK_CHALLENGED,
};

struct imap_check {
    struct reader_upstream *upstream; /* owned */
    const struct imap_check_owner *hears;
    void *owner;
    enum check_step step;
    struct imap_login_offer offer;
    const struct credentials *who; /* of a LOGIN that is under way */
};

static struct slice tag_of(const struct imap_check *c)
{
    return c->step == CHECK_OFFER ? SLICE("gp1") : SLICE("gp2");
}

static void free_check(struct imap_check *c)
{
    reader_upstream_free(&c->upstream);
    free(c);
}

/* ---- what is said ---- */

/* What was said before goes out with it. */
static void put(struct imap_check *c, struct slice text, enum check_step step)
{
    c->step = step;
    reader_upstream_send(c->upstream, text);
    reader_upstream_expect(c->upstream,
                           c->upstream->setup.session->proxy->config->settings.timeouts_backend);
}

static void put_secret(struct imap_check *c, struct buf *text, enum check_step step)
{
    buf_cstr(text, "\r\n");
    put(c, buf_slice(text), step);
    OPENSSL_cleanse(text->data, text->size);
}

void imap_check_say(struct imap_check *c, struct slice line)
{
    reader_upstream_add(c->upstream, line);
    put(c, SLICE("\r\n"), CHECK_ANSWER);
}

void imap_check_authenticate(struct imap_check *c, const char *mechanism, struct slice first)
{
    reader_upstream_add(c->upstream, SLICE("gp2 AUTHENTICATE "));
    reader_upstream_add(c->upstream, slice_of(mechanism));
    if (first.ptr)
        reader_upstream_add(c->upstream, SLICE(" "));
    imap_check_say(c, first);
}

static void say_length(struct imap_check *c, const char *before, const char *string,
                       enum check_step step)
{
    char room[LOGIN_USER_MAX + 64];
    struct buf text = buf_over(room, sizeof room);
    buf_printf(&text, "%s{%zu}\r\n", before, strlen(string));
    put(c, buf_slice(&text), step);
}

/* Room for both is asked for where one of them cannot be quoted. */
void imap_check_log_in(struct imap_check *c, const struct credentials *who)
{
    char room[ARGUMENTS_MAX];
    struct buf text = buf_over(room, sizeof room);
    c->who = who;
    if (!imap_is_quotable(who->user) || !imap_is_quotable(who->password)) {
        say_length(c, "gp2 LOGIN ", who->user, CHECK_USER);
        return;
    }
    buf_cstr(&text, "gp2 LOGIN ");
    imap_quote(&text, who->user);
    buf_char(&text, ' ');
    imap_quote(&text, who->password);
    put_secret(c, &text, CHECK_ANSWER);
}

static void say_user(struct imap_check *c)
{
    char before[LOGIN_USER_MAX + 2];
    snprintf(before, sizeof before, "%s ", c->who->user);
    say_length(c, before, c->who->password, CHECK_PASSWORD);
}

static void say_password(struct imap_check *c)
{
    char room[LOGIN_PASSWORD_MAX + 8];
    struct buf text = buf_over(room, sizeof room);
    buf_cstr(&text, c->who->password);
    put_secret(c, &text, CHECK_ANSWER);
}

/* ---- what it says ---- */

static void nonsense(struct imap_check *c)
{
    reader_upstream_out_of_step(c->upstream, "a response without a command");
}

/* It asks: for a literal of ours, else its owner. */
static void asked(struct imap_check *c, const struct imap_answer *answer)
{
    if (c->step == CHECK_USER) {
        say_user(c);
    } else if (c->step == CHECK_PASSWORD) {
        say_password(c);
    } else if (c->step == CHECK_ANSWER && !c->who) {
        c->step = CHECK_CHALLENGED;
        c->hears->replied(c->owner, answer);
    } else {
        nonsense(c);
    }
}

static void answered(struct imap_check *c, const struct imap_answer *answer)
{
    bool offers = c->step == CHECK_OFFER;
    if (offers && answer->told != IMAP_TOLD_YES) {
        reader_upstream_fail(c->upstream, "it does not tell what it offers");
        return;
    }
    c->step = CHECK_READY;
    if (offers)
        c->hears->ready(c->owner);
    else
        c->hears->replied(c->owner, answer);
}

static bool awaits(const struct imap_check *c)
{
    return c->step != CHECK_READY && c->step != CHECK_CHALLENGED;
}

/* It has not heard all of the command. */
static bool is_early_yes(const struct imap_check *c, const struct imap_answer *answer)
{
    return answer->told == IMAP_TOLD_YES && (c->step == CHECK_USER || c->step == CHECK_PASSWORD);
}

/* What stands behind a question was said before our answer to it, and is none to that. */
static void heard_reply(struct imap_check *c, const struct imap_answer *answer, bool behind)
{
    bool asks = answer->told == IMAP_TOLD_ASKS;
    if (!awaits(c) || is_early_yes(c, answer) || (behind && (asks || c->step == CHECK_OFFER))) {
        nonsense(c);
        return;
    }
    reader_upstream_expect(c->upstream, 0);
    if (asks)
        asked(c, answer);
    else
        answered(c, answer);
}

static void said_goodbye(struct imap_check *c)
{
    if (c->step == CHECK_OFFER)
        reader_upstream_fail(c->upstream, "it said BYE");
    else
        reader_upstream_expect(c->upstream, GOODBYE_MS);
}

static void heard(struct imap_check *c, const struct imap_answer *answer, bool behind)
{
    switch (answer->told) {
    case IMAP_TOLD_NOTHING:
        return;
    case IMAP_TOLD_CAPABILITIES:
        if (c->step == CHECK_OFFER)
            imap_login_offer(answer->text, &c->offer);
        return;
    case IMAP_TOLD_GOODBYE:
        said_goodbye(c);
        return;
    case IMAP_TOLD_NONSENSE:
        nonsense(c);
        return;
    default:
        heard_reply(c, answer, behind);
    }
}

static size_t input(void *owner, struct slice octets)
{
    struct imap_check *c = owner;
    struct imap_answer answer;
    size_t used = imap_told(octets, tag_of(c), c->upstream->profile, &answer);
    if (used)
        heard(c, &answer, used < octets.len);
    return used;
}

/* ---- its connection ---- */

static void ready(void *owner)
{
    struct imap_check *c = owner;
    put(c, SLICE("gp1 CAPABILITY\r\n"), CHECK_OFFER);
}

static void over(void *owner, bool early, const char *trouble)
{
    struct imap_check *c = owner;
    const struct imap_check_owner *hears = c->hears;
    void *who = c->owner;
    bool too_early = c->step <= CHECK_OFFER;
    char reason[128]; /* the trouble may be the connection's */
    snprintf(reason, sizeof reason, "%s", trouble);
    if (too_early && !early)
        upstream_server_failed(c->upstream->server, reason);
    free_check(c);
    hears->over(who, too_early, reason);
}

static const struct reader_upstream_owner upstream_hears = {
    .ready = ready, .input = input, .over = over};

struct imap_check *imap_check_open(struct session *session, const char *ref,
                                   const struct backend *backend,
                                   const struct imap_check_owner *hears, void *owner,
                                   const char **reason)
{
    struct upstream_server *server;
    struct imap_check *c = calloc(1, sizeof *c);
    *reason = "out of memory";
    if (!c)
        return NULL;
    *c = (struct imap_check){.hears = hears, .owner = owner};
    const struct reader_upstream_setup setup = {.session = session,
                                                .ref = ref,
                                                .backend = backend,
                                                .dialect = &imap_dialect,
                                                .hears = &upstream_hears,
                                                .owner = c};
    *reason = "no server is left to be tried";
    while ((server = mailbox_server_take(session->proxy->mailboxes, backend, PROTOCOL_IMAP,
                                         &session->login->tried)))
        if ((c->upstream = reader_upstream_new(&setup, server, reason)))
            return c;
    free(c);
    return NULL;
}

/* In the middle of a login it would be taken for a part of that. */
void imap_check_close(struct imap_check *c)
{
    if (c->step == CHECK_READY)
        reader_upstream_send(c->upstream, SLICE("gp3 LOGOUT\r\n"));
    free_check(c);
}

const struct imap_login_offer *imap_check_offer(const struct imap_check *c)
{
    return &c->offer;
}
