/* SPDX-License-Identifier: ISC
 * Who has a message already whose sender was told to come again with it: an LMTP server took it for
 * some of its recipients and not for others (RFC 2033 4.2), and the one reply that an SMTP client
 * hears is 451. By the message's octets, so that no other message is taken for it. Stands in the
 * shared table, for a day; what is lost of it is a duplicate, never a loss. */
#ifndef PROXY_SMTP_DELIVERED_MEMORY_H
#define PROXY_SMTP_DELIVERED_MEMORY_H

#include "common/shared.h"

enum { DELIVERED_MOST = 8 /* messages of one sender to one recipient; the oldest gives way */ };

struct delivered_message {
    uint64_t digest; /* delivered_digest of the message */
    uint64_t size;   /* that MAIL declared; 0: none */
};

/* What one recipient has of one sender. */
struct delivered {
    uint64_t place;
    unsigned count;
    struct delivered_message messages[DELIVERED_MOST];
};

/* Addresses with their domains in one spelling. */
struct delivered delivered_recall(struct shared *shared, struct slice sender,
                                  struct slice recipient);

/* Keyed: nobody outside can make a message that has another's. */
uint64_t delivered_digest(const struct shared *shared, struct slice message);

bool delivered_holds(const struct delivered *delivered, uint64_t digest);
/* Whether a message of that size is among them. */
bool delivered_holds_size(const struct delivered *delivered, uint64_t size);

/* Both write down what is changed, also in *delivered. */
void delivered_add(struct shared *shared, struct delivered *delivered,
                   struct delivered_message message);
void delivered_forget(struct shared *shared, struct delivered *delivered, uint64_t digest);

#endif
