/* SPDX-License-Identifier: ISC
 * Messages between processes: one SOCK_SEQPACKET packet each, {type, payload}, with descriptors
 * beside it (SCM_RIGHTS). The payload is written with pack_* and read with unpack_*; the reader
 * trusts nothing, and bytes left over are an error. */
#ifndef BASE_IPC_H
#define BASE_IPC_H

#include "base/buf.h"
#include "base/slice.h"

enum { IPC_FDS_MAX = 4, IPC_PARTS_MAX = 3, IPC_PAYLOAD_MAX = 160 * 1024 };

struct ipc_message {
    uint16_t type;
    struct slice payload; /* points into the receiver's buffer */
    int fds[IPC_FDS_MAX]; /* owned by the receiver, close-on-exec */
    size_t fd_count;
};

/* A connected pair, close-on-exec, with room for several of the
 * largest messages. 0, or -1 with errno. */
int ipc_pair(int out[static 2]);
/* The same, with room for one message from the second end to the first: made for each question, so
 * it costs no more than it must. */
int ipc_answer_pair(int out[static 2]);
/* Room for so many octets on their way; without privileges no more than the system grants. */
void ipc_widen(int sock, int octets);

/* Sends one message; never blocks when `wait` is false. 1 sent, 0 would block (with `wait`: longer than
 * the socket's SO_SNDTIMEO), -1 the peer is gone or errno. Descriptors stay the caller's. */
int ipc_send(int sock, uint16_t type, struct slice payload, const int *fds, size_t fd_count,
             bool wait);

/* The same of a payload in pieces (at most IPC_PARTS_MAX). */
int ipc_send_parts(int sock, uint16_t type, const struct slice *parts, size_t part_count,
                   const int *fds, size_t fd_count, bool wait);

/* Receives one message into a buffer of at least IPC_PAYLOAD_MAX + 2 bytes.
 * 1 got one, 0 would block (only when !wait), -1 the peer closed,
 * errno, or a malformed message (its descriptors are closed). */
int ipc_recv(int sock, struct ipc_message *message, char *buffer, size_t size, bool wait);

/* Whether the other end is gone, or has said that nothing more comes (shutdown): ipc_recv tells the same
 * of a packet without octets. */
bool ipc_has_ended(int sock);

/* Of a pair whose second end went with a question: the first, on which the answer will come; or, when
 * it did not go because of `error` (errno), -1 with that. What else there is of it is closed. */
int ipc_await(int pair[static 2], int error);

/* Closes the descriptors of a message that nobody took. */
void ipc_close_fds(struct ipc_message *message);

/* Building a payload; overflow shows in buf.failed. */
void pack_u8(struct buf *out, uint8_t n);
void pack_u32(struct buf *out, uint32_t n);
void pack_u64(struct buf *out, uint64_t n);
void pack_slice(struct buf *out, struct slice s);
/* The same with fewer octets for what is small: seven bits an octet, the lowest first (at most ten). */
void pack_var(struct buf *out, uint64_t n);
void pack_tight(struct buf *out, struct slice s);

/* Reading one: the cursor moves on; after the first shortfall all reads give zero or empty and
 * unpack_done is false. */
struct unpack {
    struct slice left;
    bool bad;
};
uint8_t unpack_u8(struct unpack *in);
uint32_t unpack_u32(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);
struct slice unpack_slice(struct unpack *in); /* points into the payload */
uint64_t unpack_var(struct unpack *in);
struct slice unpack_tight(struct unpack *in);
bool unpack_done(const struct unpack *in); /* all well, and nothing left over */

#endif
