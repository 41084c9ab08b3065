/* SPDX-License-Identifier: ISC
 * Responses of IMAP servers (RFC 3501 7), as they are and not as they should be: what cannot be read is said to be so, and
 * nothing is guessed. Pure; all slices lie in the octets that were given. */
#ifndef PROXY_IMAP_IMAP_RESPONSE_H
#define PROXY_IMAP_IMAP_RESPONSE_H

#include "base/slice.h"

/* ---- lines ---- */

#define IMAP_LITERAL_MAX ((uint64_t)1 << 40)

/* A line of a response, which may end with the length of a literal; then the response goes on behind
 * that. */
struct imap_text {
    struct slice text; /* with its end: CRLF, or LF alone */
    bool literal;
    uint64_t octets; /* of it */
};

/* 1: *out is the next line; 0: its end has not come; -1: it ends as if a literal followed, but its size
 * is none, or nobody can tell whether one does: what is behind it cannot be placed.
 * `first`: a response begins here; else one goes on behind a literal. The text of a status or of "+" is
 * free, no literal follows it; nor does one follow "{5+}", which is a client's. */
int imap_text(struct slice bytes, bool first, struct imap_text *out);

/* ---- what it is ---- */

enum imap_response_kind {
    IMAP_RESPONSE_UNTAGGED,
    IMAP_RESPONSE_TAGGED,
    IMAP_RESPONSE_CONTINUE, /* "+" */
};

enum imap_status {
    IMAP_OK,
    IMAP_NO,
    IMAP_BAD,
    IMAP_BYE,
    IMAP_PREAUTH,
    IMAP_STATUSES /* it is none */
};

struct imap_response {
    enum imap_response_kind kind;
    struct slice tag; /* of a tagged one, also when it cannot be read */
    bool numbered;    /* "* 12 EXISTS" */
    uint32_t number;
    /* "FETCH", "OK", "CAPABILITY", "+"; empty: it cannot be read. A tagged one is OK, NO or BAD. */
    struct slice name;
    enum imap_status status; /* when the name is one */
    /* "[UNSEEN 3]" with its brackets, or empty: of a status, of "+", and of "* [UNSEEN 3] ..." too,
     * which has no name. */
    struct slice code;
    /* behind the name and blanks, without the line's end; with the code */
    struct slice rest;
};

/* By its first line; what follows that is not looked at. What has no name passes as it is, unless it
 * may hold content or its code is not relayed. */
void imap_response(struct slice line, struct imap_response *out);

/* Whether strings in a response of this name may be literals: FETCH, and those with names and values
 * that are none of a message. A literal in any other cannot be placed. */
bool imap_may_have_literals(const struct imap_response *response);

/* ---- response codes ---- */

/* Whether a response code may reach the client as it is: not those that lead past us, nor CAPABILITY.
 * `code` with brackets. */
bool imap_is_relayed_code(struct slice code);
/* Whether it is "[CAPABILITY ...]", and then what it lists, for common/imap_capabilities.h. */
bool imap_code_lists_capabilities(struct slice code, struct slice *list);

/* ---- FETCH ---- */

struct imap_fetched_item {
    struct slice name; /* "BODY[1]<0>", as imap_item (imap_command.h) takes it */
    /* with quotes, or with the literal's announcement; "(...)" whole; empty: the server left it out */
    struct slice value;
    struct slice
        content; /* of a string: what it holds, without quotes (escapes are as they came) or announcement */
    bool is_string; /* quoted or literal; NIL is none */
};

/* The items of a whole FETCH response with its literals: `response` as it came, *at 0 at first.
 * 1: *out is the next; 0: there is no more; -1: from *at on it cannot be read; *out has the name there, if that can.
 * Parentheses around items are no matter. What stands in the parentheses of a value and looks like an
 * item with content is one that a string with quotes in it has hidden: it cannot be read. */
int imap_fetched_item(struct slice response, size_t *at, struct imap_fetched_item *out);

/* The strings of an item, *at 0 at first: its value, or those in its parentheses. False: there is no more. */
bool imap_fetched_string(const struct imap_fetched_item *item, size_t *at, struct slice *out);

/* Whether octets that cannot be read may hold content: something in them looks like an item that
 * does. */
bool imap_may_hold_content(struct slice octets);

/* Whether a string is what the header of a message or of a part is made of, or the beginning of one: fields,
 * and at most one empty line, at its end. What is called a header by a server and is none is content; so
 * is what begins in the middle of a line, or with a line that is folded. */
bool imap_is_header(struct slice octets);

#endif
