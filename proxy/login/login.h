/* SPDX-License-Identifier: ISC
 * Somebody logs in, whatever is spoken: what he says, whether the rules let him try, and how a try
 * ends. The server behind, who alone knows whether he is right, is its protocol's matter.
 *
 *   login_dialogue.c  what the client says
 *   login.c           may he try, and what becomes of it */
#ifndef PROXY_LOGIN_LOGIN_H
#define PROXY_LOGIN_LOGIN_H

#include "proxy/login/login_guard.h"
#include "proxy/login/sasl_mechanism.h"
#include "proxy/session/session.h"

enum login_refusal {
    LOGIN_NOT_THIS, /* this user, password or mechanism */
    LOGIN_NOT_NOW,
};

/* Of the client's; too many end the session. */
enum login_mistake {
    LOGIN_NEEDS_TLS,
    LOGIN_NO_CLIENT, /* a load balancer that speaks for itself */
    LOGIN_NO_MECHANISM,
    LOGIN_MALFORMED,
    LOGIN_CANCELLED, /* he has broken it off himself */
};

/* What differs between protocols. */
struct login_protocol {
    const char *needs_tls; /* what is said to passwords in the clear */
    const char *challenge; /* in front of one: "+ " */

    /* Another try begins: the arena is emptied behind it. */
    void (*begins)(struct session *base);
    /* What rules are told of the session; not of the client, nor of who logs in. */
    void (*facts)(struct session *base, struct facts *facts);
    /* Says no to what is under way; the same of a mistake. */
    void (*refuse)(struct session *base, enum login_refusal why, struct slice text);
    void (*mistake)(struct session *base, enum login_mistake what, const char *text);
    /* Writes down that he is refused. */
    void (*record)(struct session *base, struct slice reply, const struct verdict *rules);

    /* Whether a server has been told something; if not, what he has said goes on to one once he may
     * try, */
    bool (*connected)(const struct session *base);
    void (*proceed)(struct session *base);
    /* or it cannot, for that reason. */
    void (*cannot)(struct session *base, const char *reason);
    /* Goes on with what the client has said; breaks it off. */
    void (*respond)(struct session *base, struct slice response);
    void (*cancel)(struct session *base);
    /* Nothing that was said to the server counts any more: its connection is given up. */
    void (*give_up)(struct session *base);
};

/* What the client's next line is, where it is no command. */
enum login_dialogue { LOGIN_COMMANDS, LOGIN_RESPONSE, LOGIN_PASSWORD };

/* Of a user who is not logged in yet. */
struct login {
    struct session *base;
    const struct login_protocol *protocol;
    struct arena *arena; /* the session's, for what is under way */
    const struct sasl_mechanism *mechanism;
    enum login_dialogue dialogue;
    struct credentials who;
    struct login_guard guard;
    struct facts *facts; /* while it is judged; in the arena */
    unsigned responses;  /* of the exchange that is under way */
    int64_t served;      /* of the delays of this login, milliseconds */
    bool password_out;   /* the server has been told it, and has not answered */
    bool counted;        /* among the logins that servers are asked about, */
    int64_t in_line;     /* or it has waited for that since (clock_ms) */
    void (*turn)(struct session *base);
    uint64_t tried; /* servers */
};

/* Makes base->login; all that is given must outlive it. False: out of memory. */
bool login_begin(struct session *base, const struct login_protocol *protocol, struct arena *arena);
/* Frees it, if there is one, with what became of the last try; secrets are wiped. */
void login_close(struct session *base, enum login_end end);

/* Why a load balancer that speaks for itself may not log in. */
extern const char login_no_client[];

/* Whether one may log in here and now, and with this; login_denies says so if not. */
bool login_is_allowed(const struct session *base);
bool login_offers(const struct session *base, enum login_mechanism mechanism);
bool login_denies(struct login *login, enum login_mechanism mechanism);

/* What login->who holds is to be tried. */
void login_try(struct login *login, enum login_mechanism mechanism);
/* AUTH: by its name, and with a first response, or an empty text (RFC 4422 3). */
void login_authenticate(struct login *login, struct slice name, struct slice initial);
/* The client's line in a dialogue. */
void login_answer(struct login *login, struct slice line);
/* What the client has said so far does not count. */
void login_forget(struct login *login);

/* Calls `then` once servers may be asked about one more login, or `cannot`. */
void login_take_turn(struct login *login, void (*then)(struct session *base));
/* The response that is under way goes to the server: whether the secret is out with it is noted. */
void login_responds(struct login *login);
/* The server has not let him in, and the connection is given up. */
void login_give_up(struct login *login, enum login_end end);
/* What it counts as when the server's answer does not come; when it says no. */
enum login_end login_unanswered(const struct login *login);
enum login_end login_refused(const struct login *login);

/* As whom he logs in: as he said it, and as an address where the listener has a domain for those who
 * give none. In the login's arena, where not among its credentials; ptr NULL: out of memory. */
struct slice login_user(const struct login *login);
struct slice login_address(const struct login *login);

/* What rules are told of who logs in or is logged in. */
void login_facts(struct arena *arena, struct slice user, const struct sasl_mechanism *mechanism,
                 struct facts *facts);

#endif
