/* SPDX-License-Identifier: ISC
 * For scan_ask.c and scan_serve.c only: what goes over a family's queue, and comes back. */
#ifndef FILTERS_SCANNER_SCAN_PACKETS_H
#define FILTERS_SCANNER_SCAN_PACKETS_H

/* A job's packet is its form (a struct job_form), the job, and the message when that is small; beside it go, in this order, the file
 * of a job that is large, the socket for the answer if it has no address, and the file of the message if
 * that is one. Each packet of an answer begins with the job's number. */
enum scan_packet_type {
    SCAN_JOB = 1,
    SCAN_ANSWER,
    SCAN_LARGE_ANSWER,
    SCAN_REFUSAL,
    SCAN_LARGE_JOB,
    SCAN_PIECE,
    SCAN_DIED, /* the head's, or the parent's: whoever took the job is dead */
};

enum job_message { JOB_HAS_NONE, JOB_HAS_IT_HERE, JOB_HAS_IT_IN_A_FILE };

enum {
    JOB_FORM_BYTES =
        8 + 4 + 4 + 1 + 4, /* number, row, serial, enum job_message, octets of the job */
    NUMBER_BYTES = 8,
    PIECE_BYTES = IPC_PAYLOAD_MAX - NUMBER_BYTES,
};

#endif
