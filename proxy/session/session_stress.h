/* SPDX-License-Identifier: ISC
 * While nearly all sessions are taken, or nearly all memory for bodies, who is silent, brings
 * nothing or sends slowly is sent away, the worst first, until there is room again. Never who has
 * logged in, and never one whose message is whole: of that only the server behind may say what
 * becomes. */
#ifndef PROXY_SESSION_SESSION_STRESS_H
#define PROXY_SESSION_SESSION_STRESS_H

#include "proxy/session/session.h"

/* Something more was taken: looks, and goes on looking each second while there is little room. */
void session_stress_look(struct proxy *proxy);

#endif
