/* SPDX-License-Identifier: ISC
 * What of a session is recorded. */
#ifndef PROXY_SESSION_SESSION_RECORD_H
#define PROXY_SESSION_SESSION_RECORD_H

#include "proxy/process/recorder.h"
#include "proxy/session/session.h"

/* Sends a record, with all that the session itself knows. */
void session_record(struct session *s, struct record *record);

/* One more that was refused: whether it is to be recorded by itself. */
bool session_records_refusal(struct session *s);

/* Its TLS handshake failed. */
void session_record_failure(struct session *s, struct slice reason);

/* It was told to go before it had begun. Of many a second some are recorded one by one, and the
 * others as a number of their own, once the next session ends or is turned away. */
void session_record_turned_away(struct session *s, struct slice said);

/* At the end: how many more there were. */
void session_record_rest(struct session *s);

#endif
