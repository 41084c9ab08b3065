/* SPDX-License-Identifier: ISC
 * Room for questions to the DNS, and who takes it. While more than half is taken, no network of
 * clients has more than a quarter, and no wider one more than a half. */
#ifndef FILTERS_DNS_QUESTION_ROOM_H
#define FILTERS_DNS_QUESTION_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/* Who is the cause of a question: hashes of his network and of a wider one around it, which nobody
 * outside can aim at a place; 0: his share is not looked at. */
struct asker {
    uint64_t network, wider;
};

enum { ROOM_PLACES = 4096 /* by hash: who falls together with another has his share with him */ };

struct question_room {
    unsigned limit, taken;
    unsigned networks[ROOM_PLACES], wider[ROOM_PLACES];
};

/* More than half is taken. */
bool question_room_is_scarce(const struct question_room *room);

/* Whether one question more keeps him within his share. */
bool question_room_admits(const struct question_room *room, const struct asker *asker);

/* One question more, and one less. */
void question_room_take(struct question_room *room, const struct asker *asker);
void question_room_give(struct question_room *room, const struct asker *asker);

#endif
