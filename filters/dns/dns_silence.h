/* SPDX-License-Identifier: ISC
 * Questions in a row that nobody answers: is it those who were named, or is the DNS away? Whoever sends a message
 * can name servers that say nothing, as many as he likes. So what counts is that several inquiries (sessions,
 * messages) had no answer, about several registered domains. */
#ifndef FILTERS_DNS_DNS_SILENCE_H
#define FILTERS_DNS_DNS_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SILENT_QUESTIONS = 8,
    SILENT_FOR = 3000,    /* milliseconds */
    SILENT_DOMAINS = 3,   /* a sender's, his client's, and another */
    SILENT_INQUIRIES = 3, /* one of a session, one of its message, and another */
};

/* All zero: the last question was answered. */
struct dns_silence {
    unsigned questions;
    int64_t since;                        /* of the first of them */
    unsigned domain_count, inquiry_count; /* of which so many are known */
    uint64_t domains[SILENT_DOMAINS], inquiries[SILENT_INQUIRIES];
};

/* Nobody answered the question for this name (as libunbound is asked), which that inquiry had asked first. `now`:
 * clock_ms. */
void dns_silence_note(struct dns_silence *silence, const char *name, uint64_t inquiry, int64_t now);

/* Whether that many, for that long, must be the DNS itself. */
bool dns_silence_is_its_own(const struct dns_silence *silence, int64_t now);

#endif
