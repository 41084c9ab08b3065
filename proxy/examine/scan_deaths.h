/* SPDX-License-Identifier: ISC
 * Messages that scanners have died of, or given up for what is in them: by their digest, over all
 * proxies, as notes (common/notes.h). It is forgotten after two days, and when other scanners serve:
 * they may know better. */
#ifndef PROXY_EXAMINE_SCAN_DEATHS_H
#define PROXY_EXAMINE_SCAN_DEATHS_H

#include "proxy/examine/scan_memory.h"
#include "proxy/process/proxy.h"

enum { SCAN_DEATHS_MOST = 2 /* then a message is not given to that family any more */ };

/* Which scanners serve: what was noted while others did does not count. */
uint64_t scan_deaths_reign(const struct proxy *proxy, enum scanner_kind kind);

/* Whether any is noted: else no digest is needed. */
bool scan_deaths_any(const struct proxy *proxy, enum scanner_kind kind);

unsigned scan_deaths(const struct proxy *proxy, enum scanner_kind kind,
                     const unsigned char digest[static SCAN_DIGEST]);

/* One more. */
void scan_deaths_note(const struct proxy *proxy, enum scanner_kind kind,
                      const unsigned char digest[static SCAN_DIGEST]);

#endif
