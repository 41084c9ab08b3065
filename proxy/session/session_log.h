/* SPDX-License-Identifier: ISC
 * Log lines that a client can cause at will: the first few of a session are written, what is past that
 * is told as numbers when it ends. So nobody fills the disk by being refused. Not for what becomes of
 * a message, which costs its sender one. */
#ifndef PROXY_SESSION_SESSION_LOG_H
#define PROXY_SESSION_SESSION_LOG_H

#include "proxy/session/session.h"

/* One more line of this kind: whether it is to be written. */
bool session_logs(struct session *s, enum session_line line);

/* At the end: how many were not. */
void session_log_rest(const struct session *s);

#endif
