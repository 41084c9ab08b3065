/* SPDX-License-Identifier: ISC
 * Where mail is read from, a message at a time: a file, a folder, a mailbox on a server. What is read is
 * hostile; here it is copied, and nothing is read of it but where a message ends. */
#ifndef CONSOLE_LEARN_MAIL_H
#define CONSOLE_LEARN_MAIL_H

#include "base/slice.h"

enum mail_got {
    MAIL_MESSAGE,
    MAIL_TOO_LARGE, /* one was skipped: more than the source was told to give */
    MAIL_UNREAD,    /* one cannot be read; the next may be */
    MAIL_END,
    MAIL_TROUBLE, /* nothing more can be read: mail.reason */
};

struct mail {
    int fd; /* MAIL_MESSAGE: a sealed memfd, the caller's */
    const char *reason;
};

struct mail_source;

struct mail_kind {
    enum mail_got (*next)(struct mail_source *source, struct mail *out);
    /* Octets of `total` that are behind us. */
    uint64_t (*done)(const struct mail_source *source);
    void (*close)(struct mail_source *source);
};

/* The first member of each of them. */
struct mail_source {
    const struct mail_kind *kind;
    uint64_t total; /* octets that are to be read, about */
};

/* A file: one message, or an mbox. NULL: *reason. */
struct mail_source *mail_open_file(const char *path, uint64_t max, const char **reason);

/* The same of a descriptor, which is the source's from now on. */
struct mail_source *mail_file_take(int fd, uint64_t max, const char **reason);

/* The files of a folder, without those of its own folders; of a maildir those in cur and new. In the
 * order of their names. */
struct mail_source *mail_folder_open(const char *path, uint64_t max, const char **reason);

#endif
