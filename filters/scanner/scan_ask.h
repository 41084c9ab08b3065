/* SPDX-License-Identifier: ISC
 * Asking scanners: a job goes on its family's queue, and the answer comes on a socket that was made
 * for it, or, for who asks all the time, on a lasting channel under the job's number. */
#ifndef FILTERS_SCANNER_SCAN_ASK_H
#define FILTERS_SCANNER_SCAN_ASK_H

#include "filters/scanner/scan_channels.h"
#include "filters/scanner/scan_job.h"

/* Octets of a message that goes along in the packet. */
enum { SCAN_SMALL_MESSAGE = 12 * 1024 };

/* The message of a job: a sealed memfd, or its octets, of which there are at most
 * SCAN_SMALL_MESSAGE. */
struct scan_content {
    int file;            /* -1: none */
    struct slice octets; /* ptr NULL: none */
};

/* Puts a job on the queue. `message` (sealed memfd; -1: none) stays the caller's. Returns the
 * socket on which the answer will come (the caller's to close), -1 with errno: EAGAIN: the queue is
 * full, or there are too many descriptors now; EMSGSIZE: the DNS answers do not fit SCAN_JOB_MAX;
 * EINVAL: it needs a message. */
int scan_submit(int queue, int message, const struct scan_job *job);

/* The same, whose answer comes on a channel. 0, or -1 as above. */
int scan_post(int queue, const struct scan_content *message, const struct scan_job *job,
              const struct scan_address *address);

/* A packet of somebody's answer. */
struct scan_packet {
    uint64_t number; /* of the job */
    uint16_t type;
    struct slice payload; /* until the next is received */
};

/* Receives one without blocking. 1: there is one; 0: none now; -1 with errno: EBADMSG: nonsense;
 * else nobody answers here any more. */
int scan_receive(int sock, struct scan_packet *packet);

/* What has come so far of an answer in pieces; all zero before the first. In an arena. */
struct scan_pieces {
    char *bytes; /* NULL: it is in one */
    size_t size, got;
    uint32_t cpu; /* of the answer */
};

/* Takes in one packet of an answer. 1: *answer is filled (texts in arena); 0: more is to come;
 * -1: the scanner failed, died or talked nonsense: *failure says which; its facts are unknown. The
 * arena and *pieces are the same in all calls for one answer. */
int scan_read(const struct scan_packet *packet, struct arena *arena, size_t header_count,
              struct scan_pieces *pieces, struct scan_answer *answer, struct scan_failure *failure);

/* The same of the next packet on a socket that is of this answer alone. 0: not yet. */
int scan_collect(int sock, struct arena *arena, size_t header_count, struct scan_pieces *pieces,
                 struct scan_answer *answer, struct scan_failure *failure);

/* For whom the answer comes too late: what it took, which its first packet says. False: that one does
 * not say it. */
bool scan_packet_cpu(const struct scan_packet *packet, uint32_t *cpu);

#endif
