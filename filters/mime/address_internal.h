/* SPDX-License-Identifier: ISC
 * What the two halves of the address parser share: address.c reads the pieces, address_mailbox.c
 * makes mailboxes of them. */
#ifndef FILTERS_MIME_ADDRESS_INTERNAL_H
#define FILTERS_MIME_ADDRESS_INTERNAL_H

#include "filters/mime/address.h"
#include "filters/mime/address_text.h"

struct address_reader {
    struct arena *arena;
    struct addresses *out;
    size_t max;
    struct slice s;
    size_t at;
    bool no_more_quotes, no_more_comments;
    /* the mailbox being read */
    struct address_text name, word, angle;
    struct address_text bare;   /* a word with an '@' outside brackets */
    struct address_text joined; /* the words behind it */
    size_t piece;               /* of the name: what follows its last comma */
    struct slice comment;
    bool in_angle, has_angle;
    bool bare_is_late; /* it stands behind the brackets */
};

void reader_flag(struct address_reader *r, unsigned flags); /* enum address_flag */

/* A domain, roughly, that others could read: see addresses.others. */
void reader_add_other(struct address_reader *r, struct slice domain);

/* A quote or parenthesis within an encoded word, whose other one stands outside: others see no pair
 * there, and addresses in what is a string or a comment to us. */
void reader_look_across_words(struct address_reader *r);

void reader_end_word(struct address_reader *r);
void reader_end_mailbox(struct address_reader *r);

/* What stands in the brackets so far is an address that has no business there. */
void reader_add_angle(struct address_reader *r);

/* At a comma. True when what precedes it is a piece of a name,
 * "Example, Inc. <a@b>", and no mailbox ends. */
bool reader_comma_of_name(struct address_reader *r);

#endif
