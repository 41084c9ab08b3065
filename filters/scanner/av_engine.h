/* SPDX-License-Identifier: ISC
 * libclamav, held so that it does not fail open. Left alone it calls a file clean when its
 * temporary folder is missing or full, when a limit was hit and when memory ran out; here each of
 * these is a failure. One engine a process: loaded in the head, inherited by workers. */
#ifndef FILTERS_SCANNER_AV_ENGINE_H
#define FILTERS_SCANNER_AV_ENGINE_H

#include "base/slice.h"

enum av_verdict {
    AV_CLEAN,
    AV_INFECTED,
    AV_FAILED,       /* for want of something that passes */
    AV_FAILED_BY_IT, /* most likely it is the message's doing */
    AV_FAILED_LIMIT, /* it is beyond a bound, and will be so each time */
};

static inline bool av_failed(enum av_verdict verdict)
{
    return verdict >= AV_FAILED;
}

enum {
    /* Bytes unpacked, one scan, and the room that the temporary
     * folder must have: past it a failure. */
    AV_SCAN_MIB = 384,
    AV_FILE_MIB = 192, /* one file */
    AV_NAME_MAX = 256,
};

/* Loads every signature below `database`, and a canary of our own, and compiles them. `scratch` is
 * a folder that may be written. `scan_ms` bounds one scan. False with *reason: also when there is
 * no signature at all. */
bool av_engine_load(const char *database, const char *scratch, unsigned scan_ms,
                    const char **reason);
void av_engine_free(void);

/* In a worker: its own temporary folder and random numbers. */
bool av_engine_enter(const char *scratch, const char **reason);

/* Whether what libclamav takes for a message is parsed as one, or only looked at as it stands. */
enum av_reading { AV_PARSES_MAIL, AV_LEAVES_MAIL };

/* Scans one file's bytes.
 * `text` is the signature's name, or why it failed; valid until the next call. */
enum av_verdict av_engine_scan(struct slice bytes, enum av_reading reading, const char **text);

/* Proves that the engine still finds: scans a mail with the canary encoded in it. */
bool av_engine_canary(const char **reason);

#endif
