/* SPDX-License-Identifier: ISC
 * The control socket: who may ask, questions, answers. A client that does not read its answers is
 * hung up on; nobody waits for it. */
#ifndef KEEPER_CONTROL_H
#define KEEPER_CONTROL_H

#include "common/control.h"
#include "keeper/role.h"

#include <event2/event.h>

struct control;
struct client;

/* Answers a question, whose descriptors stay the caller's. */
struct control_owner {
    void (*ask)(void *ctx, struct client *client, const struct ipc_message *question);
};

/* `listening` is taken over. NULL: out of memory. */
struct control *control_new(struct event_base *base, int listening,
                            const struct role_groups *groups, const struct control_owner *owner,
                            void *ctx);
void control_free(struct control **control);

/* Who asks: never ROLE_NONE, since those without a role are told so and sent away. */
enum control_role client_role(const struct client *client);
uid_t client_uid(const struct client *client);
/* As it is written down, "root" or "uid 1000": the keeper knows no names. */
struct slice client_name(const struct client *client, char room[static 32]);

/* The client's question is answered later, with control_answer. */
void client_wait(struct client *client, uint16_t question);
/* To all who wait for that: an answer, and the end, with `reason` (NULL: all is said). What is too
 * large for a packet is several, cut where lines end. */
void control_answer(struct control *control, uint16_t question, struct slice octets,
                    const char *reason);

/* To all who wait for that: an answer, and there is more. Who has no room for it is hung up on. */
void control_tell(struct control *control, uint16_t question, struct slice octets);

/* Queues an answer. False: it has too much unread already. */
bool client_item(struct client *client, struct slice octets);
void client_end(struct client *client, const char *reason); /* NULL: all is said */
/* So far, but what is before that number was not looked at. */
void client_pause(struct client *client, int64_t before);

#endif
