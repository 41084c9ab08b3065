/* SPDX-License-Identifier: ISC */
#include "filters/dns/question_room.h"

enum { SCARCE = 2, NETWORK_PART = 4, WIDER_PART = 2 };

static unsigned place(uint64_t who)
{
    return (unsigned)(who % ROOM_PLACES);
}

bool question_room_is_scarce(const struct question_room *room)
{
    return room->taken > room->limit / SCARCE;
}

static bool has_more(unsigned have, unsigned limit, unsigned parts)
{
    return have > 0 && have >= limit / parts;
}

bool question_room_admits(const struct question_room *room, const struct asker *asker)
{
    if (asker->network == 0 || !question_room_is_scarce(room))
        return true;
    return !has_more(room->networks[place(asker->network)], room->limit, NETWORK_PART) &&
           (asker->wider == 0 ||
            !has_more(room->wider[place(asker->wider)], room->limit, WIDER_PART));
}

void question_room_take(struct question_room *room, const struct asker *asker)
{
    room->taken++;
    if (asker->network)
        room->networks[place(asker->network)]++;
    if (asker->wider)
        room->wider[place(asker->wider)]++;
}

void question_room_give(struct question_room *room, const struct asker *asker)
{
    room->taken--;
    if (asker->network)
        room->networks[place(asker->network)]--;
    if (asker->wider)
        room->wider[place(asker->wider)]--;
}
