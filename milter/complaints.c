/* SPDX-License-Identifier: ISC */
#include "milter/complaints.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>

enum { MINUTE_MS = 60000 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static struct {
    int64_t told; /* clock_ms; 0: never */
    int64_t times;
} past[COMPLAINTS];

static void tell(enum complaint what, int64_t times)
{
    switch (what) {
    case COMPLAINT_NOTHING_GRANTED:
        log_at(LEVEL_ERROR, "",
               "a mail server that asks does not let fields or recipients be changed",
               field_num("times", times));
        break;
    case COMPLAINT_TOO_MANY:
        log_at(LEVEL_WARNING, "", "too many connections of mail servers that ask",
               field_num("times", times));
        break;
    case COMPLAINTS:
        break;
    }
}

void complain(enum complaint what)
{
    pthread_mutex_lock(&one_at_a_time);
    int64_t now = clock_ms();
    past[what].times++;
    if (past[what].told == 0 || now - past[what].told >= MINUTE_MS) {
        tell(what, past[what].times);
        past[what].told = now;
        past[what].times = 0;
    }
    pthread_mutex_unlock(&one_at_a_time);
}
