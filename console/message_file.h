/* SPDX-License-Identifier: ISC
 * A message from a file, as an MTA would have sent it. */
#ifndef CONSOLE_MESSAGE_FILE_H
#define CONSOLE_MESSAGE_FILE_H

#include "base/slice.h"

struct message_file {
    int fd;        /* a sealed memfd, the caller's; -1: there is none */
    uint64_t size; /* octets with CRLF line ends */
    bool too_big;  /* larger than allowed: fd is -1, size how far it was read */
};

/* Reads `path` ("-": standard input): every LF alone becomes CRLF, and a first line "From ..." of a
 * mailbox is left out. False: *reason says why it cannot be read. */
bool message_file_read(const char *path, uint64_t max, struct message_file *out,
                       const char **reason);

#endif
