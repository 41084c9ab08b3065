/* SPDX-License-Identifier: ISC
 * The pipeline without a daemon: scanners of our own, started as the parent starts them. What is
 * hostile is parsed in their jails, never here. */
#ifndef CONSOLE_OFFLINE_H
#define CONSOLE_OFFLINE_H

#include "console/dns_source.h"
#include "filters/scanner/family_start.h"
#include "filters/scanner/scan_ask.h"

struct offline_family {
    pid_t pid; /* 0: none */
    int control, queue;
    char failure[SCAN_REASON_MAX + 1]; /* why there is none; empty: all well, or not wanted */
};

struct likeness;

struct offline {
    const struct config *config;
    struct dns_source *dns;
    bool antivirus; /* wanted */
    unsigned workers;
    int model;           /* borrowed */
    struct arena *arena; /* owned: holds what follows */
    struct scan_job job;
    const struct likeness *likeness;
    struct offline_family families[SCANNER_KINDS];
    char folder[64]; /* an empty one that the scanners are locked into (root only); "": none */
};

/* Starts the scanners and waits until they are ready. One that fails is told on stderr; its facts
 * will be unknown. `model` (filters/spam/spam_model.h; -1: none) is what spam is known by. False: out
 * of memory. offline_close either way. */
bool offline_open(struct offline *offline, const struct config *config, struct dns_source *dns,
                  unsigned workers, bool antivirus, int model);

/* Hands a message to the scanners, or decides at once when there is nothing to scan. */
void offline_submit(struct offline *offline, struct trial *e);

/* Whether one that was submitted has no verdict yet. */
bool offline_waits(const struct trial *e);

/* Until when it need not be heard when nothing comes; milliseconds of clock_ms. */
int64_t offline_deadline(const struct trial *e);

/* What to poll for; returns how many of `fds` were set (at most SCANNER_KINDS). */
size_t offline_fds(const struct trial *e, struct pollfd *fds);

/* Takes what has come, gives up what is late; after the last answer the verdict is there. */
void offline_hear(struct offline *offline, struct trial *e);

void offline_close(struct offline *offline);

#endif
