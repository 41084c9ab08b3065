/* SPDX-License-Identifier: ISC
 * Whom our users have written to a gateway remembers, and nobody here. But where no mail leaves they have
 * written to nobody, and who names no message answers none. */
#include "console/trial.h"

#include "common/redis_place.h"
#include "filters/mime/headers.h"
#include "filters/mime/letter.h"

#include <sys/mman.h>

static bool answers_something(const struct trial *e)
{
    struct slice ids[LETTER_ANSWERS_MOST];
    void *map = e->size ? mmap(NULL, e->size, PROT_READ, MAP_PRIVATE, e->message, 0) : MAP_FAILED;
    if (map == MAP_FAILED)
        return e->size > 0; /* not known */
    struct slice block = headers_block((struct slice){map, e->size}, NULL);
    bool answers = letter_answers(block, ids) > 0;
    munmap(map, e->size);
    return answers;
}

/* As of an address: absent without one, else false, if nobody can have written to it. */
static void settle(struct value *fact, const struct value *address, bool nobody_writes)
{
    if (address->state == VALUE_ABSENT)
        *fact = value_absent();
    else if (address->state == VALUE_KNOWN && nobody_writes)
        *fact = value_bool(false);
}

void trial_answered(struct trial *e, const struct config *config)
{
    bool nobody_writes = !redis_holds_answered(config);
    struct value *fact = e->facts.fact;
    if (e->envelope.direction == DIRECTION_OUTBOUND)
        return;
    if (policy_wants(config->policy, PRODUCER_ANSWERED))
        settle(&fact[FACT_SENDER_ANSWERED], &fact[FACT_SENDER], nobody_writes);
    if (policy_wants(config->policy, PRODUCER_ANSWERED_AUTHOR))
        settle(&fact[FACT_FROM_ANSWERED], &fact[FACT_MESSAGE_FROM], nobody_writes);
    if (policy_wants(config->policy, PRODUCER_REPLY) && e->message >= 0 &&
        (nobody_writes || !answers_something(e)))
        fact[FACT_MESSAGE_REPLY_KNOWN] = value_bool(false);
}
