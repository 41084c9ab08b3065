/* SPDX-License-Identifier: ISC
 * Records on their way to the keeper. It never waits: what the queue has no room for is lost, and
 * counted. */
#ifndef PROXY_PROCESS_RECORDER_H
#define PROXY_PROCESS_RECORDER_H

#include "common/answerable.h"
#include "common/left.h"
#include "common/record.h"
#include "proxy/process/proxy.h"

/* Whether anybody keeps records: else none need be made. */
static inline bool recorder_wants(const struct proxy *proxy)
{
    return proxy->keeper >= 0;
}

/* Sends a record, with others of this round of the loop; its time and gateway are set here. */
void recorder_send(struct proxy *proxy, struct record *record);

/* What may be learnt of a message (KEEPING_LABELS): at once. */
void recorder_send_label(struct proxy *proxy, const struct label *label);
/* What a user has read (KEEPING_READ), and what he has not left there (KEEPING_GONE): the same. */
void recorder_send_read(struct proxy *proxy, const struct left_read *read);
void recorder_send_gone(struct proxy *proxy, const struct left_gone *gone);
/* What he may answer (KEEPING_ANSWERABLE), and what he has (KEEPING_ANSWER): the same. */
void recorder_send_answerable(struct proxy *proxy, const struct answerable *answerable);
void recorder_send_answer(struct proxy *proxy, const struct answer_sent *answer);
/* What a user thinks of `count` messages (KEEPING_OPINIONS): at once. */
void recorder_send_opinions(struct proxy *proxy, struct slice packet, size_t count);

/* Those that wait for the end of the round are sent now. */
void recorder_flush(struct proxy *proxy);

#endif
