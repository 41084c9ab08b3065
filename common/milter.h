/* SPDX-License-Identifier: ISC
 * gatepost-milter, one for each listener of that protocol: libmilter's end. It judges nothing. For each
 * connection of a mail server's client it sends a packet on its queue, a SOCK_SEQPACKET pair that the parent
 * holds, and with it one end of a fresh stream; the proxy that takes it has an SMTP session there as with that
 * client, but for what is told below. So a client meets the same commands, limits, facts, rules and records
 * as at a listener of SMTP, and a proxy that dies shows as the end of that stream.
 *
 * What is other than SMTP on the stream:
 *  - "XTLS version cipher" says that the client's connection is encrypted, or not any more ("XTLS").
 *  - The text of 250 to RCPT is a tag that stands for the recipient.
 *  - The last 250 to a message has lines of these words before it (milter_word); what "body" announces stands behind that
 *    line as it is. */
#ifndef COMMON_MILTER_H
#define COMMON_MILTER_H

#include "base/ipc.h"
#include "policy/value.h"

/* gatepost-milter's descriptors. */
enum { MILTER_CONTROL_FD = 3, MILTER_QUEUE_FD = 4 };

/* On the control socket. */
enum milter_control {
    MILTER_END = 1, /* to it */
    MILTER_READY,   /* from it */
    MILTER_FAILED,  /* from it: why (slice); it ends */
    MILTER_DEAF,    /* from it: some proxy has closed the queue, and it exits */
};

/* On the queue. */
enum milter_queue { MILTER_CLIENT = 1 };

/* What a mail server lets a milter do beside changing fields and taking recipients out. */
enum milter_grant {
    MILTER_MAY_BODY = 1 << 0,   /* put another body in its place */
    MILTER_MAY_ADD = 1 << 1,    /* add recipients */
    MILTER_MAY_SENDER = 1 << 2, /* change the envelope sender */
};

struct milter_client {
    struct ip ip;
    uint16_t port;
    uint8_t granted; /* milter_grant */
};

void milter_pack_client(struct buf *out, const struct milter_client *client);
/* False: it is none. */
bool milter_unpack_client(struct slice payload, struct milter_client *client);

/* What the mail server is to do with a message, a line each. */
enum milter_word {
    MILTER_PASS,  /* "250-pass": go on with it */
    MILTER_TAKEN, /* "250-taken": throw it away, as we have it, or nobody is to have it */
    MILTER_DROP,  /* "250-drop TAG": take that recipient out */
    MILTER_ADD, /* "250-add TAG PATH": deliver to that path for the recipient of that tag, with his parameters */
    MILTER_SENDER, /* "250-sender PATH": it becomes the envelope sender */
    MILTER_SET,    /* "250-set N NAME:VALUE": the Nth field (from 1) of that name becomes this */
    MILTER_ERASE,  /* "250-erase N NAME": that one goes */
    MILTER_FRONT, /* "250-front NAME:VALUE": a field before all, in front of those that were told before */
    MILTER_BODY, /* "250-body N": the N octets behind this line become the body; at most one, and the last word */
    MILTER_WORDS
};

/* "pass" */
const char *milter_word(enum milter_word word);

/* In a value LF is "\n", and "\" is "\\"; CR is left out, as libmilter has it. */
void milter_write_value(struct buf *out, struct slice value);
/* The same back, in place, with a NUL behind it: `text` has room for one. False: it is none. */
bool milter_read_value(char *text);

enum { MILTER_CHANGES_MAX = 48 * 1024 /* octets of all those lines */ };

#endif
