/* SPDX-License-Identifier: ISC
 * What is said in the log of mail servers that ask, from any thread: each once a minute, with how often it was meanwhile. */
#ifndef MILTER_COMPLAINTS_H
#define MILTER_COMPLAINTS_H

enum complaint {
    COMPLAINT_NOTHING_GRANTED, /* a mail server that lets nothing be changed */
    COMPLAINT_TOO_MANY,        /* connections */
    COMPLAINTS
};

void complain(enum complaint what);

#endif
