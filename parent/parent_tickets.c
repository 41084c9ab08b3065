/* SPDX-License-Identifier: ISC */
#include "parent/parent_tickets.h"

#include <string.h>
#include <sys/random.h>

enum { NOW, BEFORE, NEXT };

static bool fill(unsigned char key[static TICKET_KEY_SIZE])
{
    return getrandom(key, TICKET_KEY_SIZE, 0) == TICKET_KEY_SIZE;
}

bool tickets_init(struct tickets *tickets, int64_t now)
{
    tickets->rotate_at = now + TICKETS_LIFE;
    return fill(tickets->keys[NOW]) && fill(tickets->keys[BEFORE]) && fill(tickets->keys[NEXT]);
}

bool tickets_rotate(struct tickets *tickets, int64_t now)
{
    unsigned char fresh[TICKET_KEY_SIZE];
    if (now < tickets->rotate_at || !fill(fresh))
        return false;
    memcpy(tickets->keys[BEFORE], tickets->keys[NOW], TICKET_KEY_SIZE);
    memcpy(tickets->keys[NOW], tickets->keys[NEXT], TICKET_KEY_SIZE);
    memcpy(tickets->keys[NEXT], fresh, TICKET_KEY_SIZE);
    explicit_bzero(fresh, sizeof fresh);
    tickets->rotate_at = now + TICKETS_LIFE;
    return true;
}
