/* SPDX-License-Identifier: ISC
 * A FETCH response that may hold content: taken in whole, and then what becomes of it.
 *
 *   imap_held.c        as it comes
 *   imap_held_look.c   what it holds
 *   imap_held_judge.c  the message in it is judged
 *   imap_held_show.c   what of it may be shown
 *   imap_held_give.c   it is given, or is not
 *   imap_unheld.c      it passes as it comes */
#ifndef PROXY_IMAP_IMAP_HELD_H
#define PROXY_IMAP_IMAP_HELD_H

#include "proxy/imap/imap_session.h"

/* A response, and what it takes of the room that all messages share: as long as it is given, and as what
 * was read of its message is kept. */
struct imap_octets {
    unsigned holders;
    char *text; /* owned */
    size_t len;
    uint64_t taken;
};

/* With one holder. `text` becomes its own. NULL: out of memory, and `text` is freed. */
struct imap_octets *imap_octets_new(char *text, size_t len);
struct imap_octets *imap_octets_hold(struct imap_octets *octets);
/* The last holder frees them. */
void imap_octets_leave(struct imap_session *s, struct imap_octets **octets);
/* Room for so many in all. False: there is none now. */
bool imap_octets_take_room(struct imap_session *s, uint64_t *taken, uint64_t need);

enum { IMAP_HELD_SMALL = 16 * 1024 /* octets that are given at once */ };

struct imap_held {
    /* as it comes, if it is larger than what is looked at at once */
    bool in_pieces;
    struct buf text;  /* owned */
    uint64_t came;    /* octets of it */
    uint64_t literal; /* octets that are still to come of one */
    bool first;       /* nothing has come of it */
    bool too_big;     /* or there was no room: it is taken to its end, and not given */
    uint64_t taken;   /* of the shared budget */
    /* as it is given */
    struct imap_octets *octets; /* NULL: it still comes; else one of its holders */
    bool has_whole;             /* the message itself is in it: */
    size_t whole, whole_len;
    struct slice instead; /* given in place of the message; ptr NULL: that itself */
    uint32_t number, uid;
    bool tells_more; /* than its UID */
    bool is_ours;    /* the client has not asked for it */
    bool is_clear;   /* that message was judged here, and may be shown as it is */
    struct giving giving;
};

/* The whole of s->held is there. It may be gone afterwards, as behind each of these. */
void imap_held_whole(struct imap_session *s, struct slice response);

/* The strings of an item that are to be judged, *at 0 at first. What is called a header is looked at: not every
 * server gives what it says. */
bool imap_held_content(const struct imap_fetched_item *item, size_t *at, struct slice *out);

/* 0: it is none. */
uint32_t imap_number(struct slice digits);

/* A message in a response, of which maybe only the beginning has come. */
struct imap_unheld {
    uint32_t number, uid;
    struct slice begins;
    uint64_t size;
};

/* Whether it may pass as it comes, since no rule looks at messages; then it has its record. */
bool imap_passes_unheld(struct imap_session *s, const struct imap_unheld *message);
/* The same of the message in a response of which not all has come; *more: more of it must come. */
bool imap_is_unheld(struct imap_session *s, uint32_t number, struct slice bytes, bool *more);

/* Judges the message in it, then shows what of it may be shown. */
void imap_held_judge(struct imap_session *s);

/* Gives what of its content may be shown. `rendering`: of the message that it belongs to; NULL: nobody knows that. */
void imap_held_show(struct imap_session *s, const struct imap_rendering *rendering);

/* Gives it as it is in its copy; the server may go on behind that. */
void imap_held_give(struct imap_session *s);
/* It is over, and the server may go on. */
void imap_held_given(struct imap_session *s);
/* The same of one that is not given: the command is told so at its end, if it has asked for it. */
void imap_held_withhold(struct imap_session *s);

#endif
