/* SPDX-License-Identifier: ISC
 * gatepost-release and the parent: its descriptors, and what they say on its control socket. What it
 * does, it is asked by the keeper: errand.h. */
#ifndef COMMON_RELEASING_H
#define COMMON_RELEASING_H

enum { RELEASE_CONTROL_FD = 3, RELEASE_OPENER_FD, RELEASE_ERRANDS_FD, RELEASE_KEY_FD };

enum release_message {
    RELEASE_END = 1, /* parent: exit 0 */
    /* it serves: the public key that is to be sealed to (slice), and what marks are made with (slice) */
    RELEASE_READY,
    RELEASE_FAILED, /* why it cannot (slice); it exits */
};

#endif
