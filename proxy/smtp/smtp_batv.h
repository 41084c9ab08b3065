/* SPDX-License-Identifier: ISC
 * Tags of envelope senders (batv.h): given to what leaves, taken off what comes back. */
#ifndef PROXY_SMTP_SMTP_BATV_H
#define PROXY_SMTP_SMTP_BATV_H

#include "proxy/smtp/smtp_session.h"

/* The sender of the message that goes on now: as below if it leaves, else as he is. ptr NULL: the arena is full. */
struct slice smtp_batv_sender_of(struct smtp_session *s);

/* The sender by whom a message leaves: with a tag, if he is in a domain of ours, and the message is no
 * list's (List-Id), as lists know their members by the sender. ptr NULL: the arena is full. */
struct slice smtp_batv_sender(const struct proxy *proxy, struct arena *arena, struct slice sender,
                              struct slice message);

/* A recipient who has been kept (smtp_path_keep), in a domain of ours: without his tag, whoever
 * writes to him; the fact bounce.tag tells what it was, and *bore_tag whether he had any. False: the arena is full. */
bool smtp_batv_recipient(struct smtp_session *s, struct smtp_path *path, bool *bore_tag);

#endif
