/* SPDX-License-Identifier: ISC
 * What a session finds out beside what its client says. DNS and Redis are asked as soon as their
 * inputs are known, and only for facts that the rules name; a decision waits for those that it
 * needs. */
#ifndef PROXY_SMTP_STUDY_H
#define PROXY_SMTP_STUDY_H

#include "proxy/smtp_session.h"

/* ---- waiting (smtp_wait.c) ---- */

/* Calls `then` once everything is known that rules ask for at `phase`, or has taken too long and is
 * unknown: at once, or later, while nothing is read. */
void session_await(struct session *s, enum phase phase, void (*then)(struct session *s));

/* Something has come: goes on if it was the last. The session may be gone afterwards. */
void session_settle(struct session *s);

/* Calls `then` after that time, while nothing is read. */
void session_delay(struct session *s, int64_t ms, void (*then)(struct session *s));

/* The same for a rule's `delay`: what it made the session wait for already is not waited for again.
 * The greatest so far is kept in *served. */
void session_tarpit(struct session *s, int64_t ms, int64_t *served,
                    void (*then)(struct session *s));

/* The deadline of a busy session has passed. */
void session_overdue(struct session *s);

/* ---- the client (smtp_client_study.c) ---- */

/* Begins to find out about the client, or about what it says in HELO. */
void client_study_begin(struct session *s);
void client_study_helo(struct session *s);

bool client_study_waits(const struct session *s); /* for the DNS or Redis */
bool client_study_done(const struct session *s, enum phase phase);
bool client_study_knows_names(const struct session *s);
void client_study_hurry(struct session *s); /* waits no longer: it is done */
void client_study_free(struct session *s);

/* What is known so far, into the transaction's facts. */
void client_study_facts(struct session *s);

/* ---- the sender (smtp_sender_study.c, smtp_sender_state.c) ---- */

/* After MAIL was accepted. */
void sender_study_begin(struct session *s);

/* The header block is in: the DNS is asked ahead. After the dot: all the rest. */
void sender_study_header(struct session *s, struct slice block);
void sender_study_message(struct session *s);

/* Goes on as far as that is possible without waiting. */
void sender_study_go_on(struct session *s);

/* All that the DNS was asked so far is answered: a scanner may be asked about the sender. */
bool sender_study_ready(const struct session *s);

bool sender_study_waits(const struct session *s); /* for the DNS or Redis */
bool sender_study_done(const struct session *s, enum phase phase);

/* Waits no longer for the DNS and Redis: what has not been answered counts as timed out, with which
 * a scanner may still have to be asked; until it is called without `hurry`. */
void sender_study_hurry(struct session *s, bool hurry);
/* Nor for scanners: what is not known now is unknown, and it is done. */
void sender_study_give_up(struct session *s);
void sender_study_free(struct session *s); /* before the transaction is forgotten */

/* ---- what Redis remembers (smtp_sender_state.c) ---- */

void sender_state_begin(struct session *s);
/* Its facts that should be known at that phase, and are not, are unknown. */
void sender_state_failed(struct session *s, enum phase phase);

/* About a recipient; its facts kept with it when they are there, and put back when the rules look
 * at it again. */
void recipient_state_begin(struct session *s, const struct recipient *r);
void recipient_state_keep(struct session *s, struct recipient *r);
void recipient_state_recall(struct session *s, const struct recipient *r);
/* The domain that SPF has passed for; empty: none. */
struct slice sender_authenticated(const struct session *s);

/* The backend does not know it. */
void recipient_state_unknown(struct session *s);

/* What became of a message: `verdict` as in its decision record. */
void sender_state_end(struct session *s, const char *verdict);

#endif
