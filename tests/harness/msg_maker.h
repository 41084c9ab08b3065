/* SPDX-License-Identifier: ISC
 * The storages and streams of Outlook's messages, for make_ole_tree(). */
#ifndef TESTS_HARNESS_MSG_MAKER_H
#define TESTS_HARNESS_MSG_MAKER_H

#include "tests/harness/makers.h"

enum { MADE_MAX = 40 };

struct made_msg {
    struct made_stream streams[MADE_MAX];
    size_t within[MADE_MAX];
    size_t count;
};

static inline size_t msg_add(struct made_msg *m, size_t within, int kind, const char *name,
                             struct slice data)
{
    assert_true(m->count < MADE_MAX);
    m->streams[m->count] = (struct made_stream){.name = name, .data = data, .kind = kind};
    m->within[m->count] = within;
    return ++m->count;
}

#define NO_PROPERTIES SLICE("\0\0\0\0\0\0\0\0")

static inline struct made_msg msg_begin(void)
{
    struct made_msg m = {0};
    msg_add(&m, 0, 2, "__properties_version1.0", NO_PROPERTIES);
    return m;
}

/* An attachment without content; its storage. The name is UTF-16. */
static inline size_t msg_attach(struct made_msg *m, size_t within, struct slice long_name)
{
    size_t storage = msg_add(m, within, 1, "__attach_version1.0_#00000000", SLICE(""));
    msg_add(m, storage, 2, "__properties_version1.0", NO_PROPERTIES);
    if (long_name.len)
        msg_add(m, storage, 2, "__substg1.0_3707001F", long_name);
    return storage;
}

static inline void msg_attach_data(struct made_msg *m, size_t within, struct slice long_name,
                                   struct slice data)
{
    size_t storage = msg_attach(m, within, long_name);
    msg_add(m, storage, 2, "__substg1.0_37010102", data);
}

/* A message as an attachment; the storage that holds what is in it. */
static inline size_t msg_attach_message(struct made_msg *m, size_t within, struct slice name)
{
    size_t storage = msg_attach(m, within, name);
    size_t message = msg_add(m, storage, 1, "__substg1.0_3701000D", SLICE(""));
    msg_add(m, message, 2, "__properties_version1.0", NO_PROPERTIES);
    return message;
}

static inline struct buf msg_make(const struct made_msg *m)
{
    return make_ole_tree(m->streams, m->within, m->count);
}

#endif
