/* SPDX-License-Identifier: ISC
 * Header fields that a sender has signed with the message (RFC 9788), and how those that are seen
 * differ from them.
 *
 * What is read is the Cryptographic Payload: what is left when all layers are taken off that the
 * message begins with, multipart/signed and signed CMS. A signature within something else is none
 * of the message (RFC 9787 4). Protected is what its root says to be so:
 *   hp="clear" or hp="cipher" in its Content-Type (RFC 9788 4.1), for the fields beside that
 *   a message/rfc822 or message/global, for those of the message in it (RFC 8551 3.1, RFC 9788
 *     4.10.1), unless it says to be forwarded, or that message is itself signed or bears hp
 *   protected-headers="v1" (draft-autocrypt-lamps-protected-headers), as older programs write
 *
 * No signature is verified: nobody told us whom to trust. Who makes a message can make it look
 * protected; who changes one on its way cannot without being seen by those who verify it. */
#ifndef FILTERS_PROTECTED_HEADER_H
#define FILTERS_PROTECTED_HEADER_H

#include "filters/mime/mime.h"

enum header_protection {
    HEADER_OPEN,      /* not signed, or its fields are not */
    HEADER_PROTECTED, /* those that the sender had */
    HEADER_SOME,      /* those that are in the payload; what is not may have been there as well */
    HEADER_CIPHER,    /* made to be encrypted: HP-Outer tells what was to be seen outside */
    HEADER_SEALED,    /* encrypted: nobody here can know */
    HEADER_UNREAD,    /* too many layers, or a layer breaks off */
};

struct protected_header {
    enum header_protection protection;
    struct slice block; /* with the fields, and others; in the message or the arena */
};

/* False when the arena is full. */
bool protected_header_find(struct arena *arena, const struct mime_message *message,
                           struct protected_header *out);

/* Fields that are shown to people (RFC 9788 1.1), and what a message is known by. Those of Resent
 * and of traces are of whoever passed it on. */
enum shown_field {
    SHOWN_FROM,
    SHOWN_SENDER,
    SHOWN_REPLY_TO,
    SHOWN_TO,
    SHOWN_CC,
    SHOWN_FOLLOWUP_TO,
    SHOWN_SUBJECT,
    SHOWN_DATE,
    SHOWN_MESSAGE_ID,
    SHOWN_COUNT
};

const char *shown_field_name(enum shown_field field); /* "reply-to" */

/* Bits of enum shown_field: which fields of the `outer` header block say something else than the
 * protected ones. Compared as people read them: unfolded, decoded, blanks as one; addresses in
 * their one spelling, in any order. The name beside an address in From, Sender and Reply-To counts
 * when the outer one shows one, beside others never, as servers fill in what their directory says.
 * What was to be hidden (HP-Outer, 2.2, and the subject "[...]", 3.2.1) does not differ. A field
 * that only the outer header has was added, and differs, where all fields were protected.
 * False when the arena is full. */
bool protected_header_differs(struct arena *arena, struct slice outer,
                              const struct protected_header *inner, unsigned *differs);

#endif
