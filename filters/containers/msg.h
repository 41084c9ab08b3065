/* SPDX-License-Identifier: ISC
 * Outlook's messages and templates in files (.msg, .oft: [MS-OXMSG]): the attachments in them. Where
 * streams lie is told; who reads one says how much of it. */
#ifndef FILTERS_CONTAINERS_MSG_H
#define FILTERS_CONTAINERS_MSG_H

#include "filters/documents/ole_tree.h"

enum { MSG_NAMES_MAX = 6 };

enum msg_kind {
    MSG_DATA,    /* `entry` is a stream: the file's content */
    MSG_MESSAGE, /* `entry` is a storage: a message within */
    MSG_OBJECT,  /* `entry` is a storage: an OLE object, made of streams */
    MSG_LINK,    /* no content: only where it lies is told */
    MSG_NOTHING, /* no content, and there should be one */
};

struct msg_attachment {
    struct slice names[MSG_NAMES_MAX]; /* distinct: long, short and shown name; clean UTF-8 */
    size_t n_names;
    enum msg_kind kind;
    uint32_t entry; /* index in ole.entries */
};

struct msg {
    struct ole ole;
    struct ole_tree tree;
    struct slice charset; /* of what is no Unicode */
};

struct msg_attachments {
    struct msg_attachment *items; /* one for each content */
    size_t count;
    bool cut; /* there are more than the caller wanted */
};

/* Is a compound file a message: has its root what only messages have? False when the arena is full. */
bool msg_is(struct arena *arena, const struct ole *ole);

/* Does it hold attachments of a message, whatever it is by its root? */
bool msg_has_attachments(const struct ole *ole);

/* Reads the directory of what is a compound file. False when it is none or the arena is full. */
bool msg_open(struct arena *arena, struct slice content, struct msg *out);

/* Lists at most `max` attachments of the message in the storage `within` (.entry of MSG_MESSAGE);
 * OLE_NOWHERE: of the whole file's. Each entry is looked at once for each call with OLE_NOWHERE and
 * once for its own message. False when the arena is full. */
bool msg_list(struct arena *arena, const struct msg *msg, uint32_t within, size_t max,
              struct msg_attachments *out);

/* The stream with the compressed RTF of a message's words (lzfu.h); NULL without one. */
const struct ole_entry *msg_rtf(const struct msg *msg, uint32_t within);

#endif
