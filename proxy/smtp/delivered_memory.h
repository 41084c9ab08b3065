/* SPDX-License-Identifier: ISC
 * Who has a message already whose sender was told to come again with it: an LMTP server took it for
 * some of its recipients and not for others (RFC 2033 4.2), and the one reply that an SMTP client
 * hears is 451. By the message's octets, so that no other message is taken for it. Kept (retry_store.h)
 * for a day; what is lost of it is a duplicate, never a loss. */
#ifndef PROXY_SMTP_DELIVERED_MEMORY_H
#define PROXY_SMTP_DELIVERED_MEMORY_H

#include "proxy/smtp/retry_store.h"

enum {
    DELIVERED_MOST = 8, /* messages of one sender to one recipient; the oldest gives way */
    DELIVERED_DIGEST = 16,
};

struct delivered_message {
    uint8_t digest[DELIVERED_DIGEST]; /* delivered_digest of the message */
    uint64_t size;                    /* that MAIL declared; 0: none */
};

/* What one recipient has of one sender. */
struct delivered {
    struct retry_place place;
    unsigned count;
    struct delivered_message messages[DELIVERED_MOST];
};

/* `place` is the recipient's, `answer` Redis' to all of retry_places. */
struct delivered delivered_recall(const struct retry_store *store, const struct retry_place *place,
                                  const struct state_retry_answer *answer);

/* Nobody can make a message that has another's. False: it could not be made. */
bool delivered_digest(struct slice message, uint8_t out[static DELIVERED_DIGEST]);

bool delivered_holds(const struct delivered *delivered,
                     const uint8_t digest[static DELIVERED_DIGEST]);
/* Whether a message of that size is among them. */
bool delivered_holds_size(const struct delivered *delivered, uint64_t size);

/* Both write down what is changed, also in *delivered. */
void delivered_add(const struct retry_store *store, struct delivered *delivered,
                   const struct delivered_message *message);
void delivered_forget(const struct retry_store *store, struct delivered *delivered,
                      const uint8_t digest[static DELIVERED_DIGEST]);

/* As octets, at most RETRY_FORM_MAX. What is read is not to be trusted; false: it is none. */
void delivered_write(struct buf *out, const struct delivered *delivered);
bool delivered_read(struct slice bytes, struct delivered *delivered);

#endif
