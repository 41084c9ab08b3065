/* SPDX-License-Identifier: ISC
 * Commands of IMAP (RFC 3501 6, 9; RFC 9051 of what servers speak): what of a client's octets is a command,
 * what it asks for, and whether it is one that passes. An allow-list: what is not named here is refused.
 * Pure; all slices lie in the octets that were given. */
#ifndef PROXY_IMAP_IMAP_COMMAND_H
#define PROXY_IMAP_IMAP_COMMAND_H

#include "base/arena.h"

enum {
    IMAP_LINE_MAX = 65536, /* of a piece of a command (RFC 7162 4 wants 8192) */
    IMAP_TAG_MAX = 128,
};

/* ---- pieces ---- */

/* A command comes in pieces: lines, of which each but the last ends with the length of a literal
 * that follows it. */
struct imap_piece {
    struct slice text; /* without CRLF; the literal's announcement is in it */
    size_t used;       /* with CRLF */
    bool literal;      /* "{n}" at its end; of that: */
    bool waits;        /* for "+" (RFC 7888: "{n+}" does not) */
    bool binary;       /* "~{n}" (RFC 3516 4.4, RFC 9755) */
    uint64_t octets;
};

/* 1: *out is the next; 0: more must come; -1: it is too long; -2: it holds NUL, or CR or LF alone;
 * -3: a literal of a size that is none (used is set, at -2 and -3). */
int imap_piece(struct slice bytes, struct imap_piece *out);

/* ---- commands ---- */

enum imap_verb {
#define VERB(id, ...) IMAP_##id,
#include "proxy/imap/imap_verbs.def"
#undef VERB
    IMAP_VERBS
};

/* What one is about: all of it (its pieces with their CRLFs, and the literals between them), or as
 * much as is there: the first piece says what it is. */
struct imap_command {
    struct slice tag;       /* RFC 3501 9; empty: there is none, and no command */
    enum imap_verb verb;    /* IMAP_VERBS: unknown */
    bool uid;               /* "UID FETCH" ... */
    struct slice arguments; /* behind the verb and a blank; without the last CRLF */
};

void imap_command(struct slice text, struct imap_command *out);

/* Why a command that is complete does not pass though its verb does: arguments that ask for what is
 * not relayed, or that cannot be read. NULL: it passes. */
const char *imap_objection(const struct imap_command *command);

/* The next string of arguments: an astring (RFC 3501 9), a quoted one without its escapes (in the
 * arena if it had any), or a literal. False: there is none. *arguments goes on behind it and a
 * blank. */
bool imap_string(struct arena *arena, struct slice *arguments, struct slice *out);

/* ---- FETCH ---- */

enum imap_item {
    IMAP_ITEM_OTHER, /* nothing of what the message says, or its header: FLAGS, ENVELOPE, BODY[HEADER] ... */
    IMAP_ITEM_WHOLE,   /* all of the message: BODY[], RFC822 and their like, without an origin */
    IMAP_ITEM_CONTENT, /* some of it: TEXT, parts, BODY[]<0.1> */
};

struct imap_fetch {
    struct slice set; /* of messages */
    struct slice
        items; /* as they were written, with their parentheses; modifiers (RFC 4466) behind them too */
    bool whole, content; /* some are of that kind, */
    bool marks;          /* and mark the message \Seen */
};

/* Of a command that passes. */
void imap_fetch(const struct imap_command *command, struct imap_fetch *out);

/* What this item of a FETCH is, as it is asked for or as it is answered: "BODY.PEEK[1.2]<0.100>",
 * "RFC822.TEXT". */
enum imap_item imap_item(struct slice name);
/* Whether it is one that a client may ask for, and can be read by whoever reads it. */
bool imap_may_ask_for(struct slice name);
/* Whether it is one of which imap_item() can tell, or what a user has noted (RFC 5257); any other may be anything. */
bool imap_is_known(struct slice name);
/* Whether it is a header, or a part of one. */
bool imap_names_header(struct slice name);

/* A set (RFC 3501 9 sequence-set), one range at a time: *set goes on behind it. `*` is UINT32_MAX.
 * False: there is no more, or it is none. */
bool imap_range(struct slice *set, uint32_t *from, uint32_t *to);

/* ---- APPEND ---- */

/* Whether the literal that ends this piece is a message (RFC 3501 6.3.11, RFC 3502, RFC 9755): `text` is what stands between
 * "APPEND" and the end of the piece, or, with `more`, between the message before and that. */
bool imap_append_continues(struct slice text, bool more);
/* Whether the arguments of an APPEND, without the octets of its messages, hold `count` of them and nothing else. */
bool imap_append_is_whole(struct slice arguments, size_t count);

#endif
