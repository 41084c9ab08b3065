/* SPDX-License-Identifier: ISC
 * The line before the scanners. What a family's queue holds is bounded by its octets and by the age
 * of its oldest job; whoever finds no room waits, in the order of arrival, also across proxies. */
#ifndef PROXY_EXAMINE_SCAN_LINE_H
#define PROXY_EXAMINE_SCAN_LINE_H

#include "proxy/examine/examination.h"

/* Gives the job to a scanner at once, if that is possible, or stands in line for one. What cannot
 * be done fails now: its facts are unknown. */
void scan_line_join(struct examination *e, enum scan_slot slot);

/* Forgets the job, wherever it is. */
void scan_line_leave(struct scan_wait *wait);

/* There may be room now: gives to scanners what can be given. Examinations may end in it. */
void scan_line_move(struct proxy *proxy);

/* proxy->down[kind] is another: when the family is down, all that is asked of it fails now. */
void scan_line_down(struct proxy *proxy, enum scanner_kind kind);

/* How long one may wait until a scanner has answered, milliseconds. */
int64_t scan_line_patience(const struct settings *settings);

/* ---- examination_scan.c ---- */

enum submission { SUBMITTED, SUBMIT_FULL, SUBMIT_FAILED };

enum scanner_kind examination_scan_kind(enum scan_slot slot);

/* Puts the job on its family's queue; an answer is waited for so many milliseconds. *why: it failed
 * for this reason. */
enum submission examination_scan_submit(struct examination *e, enum scan_slot slot, int64_t ms,
                                        const char **why);

/* Its facts are unknown; for good, if it always fails. */
void examination_scan_failed(struct examination *e, enum scan_slot slot,
                             const struct scan_failure *failure);

/* Whether it has cost the family too many scanners: then it has failed, for good. */
bool examination_is_deadly(struct examination *e, enum scan_slot slot);

/* It is answered, or has failed: the examination goes on; it may be gone afterwards. */
void examination_scan_over(struct examination *e, enum scan_slot slot);

#endif
