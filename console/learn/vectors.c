/* SPDX-License-Identifier: ISC */
#include "console/learn/vectors.h"

#include "base/clock.h"
#include "console/interrupt.h"
#include "console/learn/message_digest.h"
#include "console/learn/unmarked_copy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    AHEAD = 2, /* messages for each worker, so that a slow one holds up no other */
    ARENA_MAX = 8 * 1024 * 1024,
};

struct vector_place {
    struct arena *arena; /* owned; holds the answer */
    int socket;          /* -1: there is nothing to wait for */
    int64_t deadline;
    struct scan_pieces pieces;
    unsigned char message[LABEL_MESSAGE];
    enum label_class class;
    struct slice vector; /* empty: none was made */
};

static struct vector_place *at(const struct vectors *vectors, size_t i)
{
    return &vectors->places[(vectors->first + i) % vectors->size];
}

/* ---- room ---- */

bool vectors_open(struct vectors *vectors, const struct offline *offline)
{
    size_t size = (size_t)offline->workers * AHEAD;
    *vectors = (struct vectors){.offline = offline};
    vectors->places = calloc(size, sizeof *vectors->places);
    for (; vectors->places && vectors->size < size; vectors->size++) {
        struct vector_place *place = &vectors->places[vectors->size];
        place->socket = -1;
        place->arena = arena_new(ARENA_MAX);
        if (!place->arena)
            return false;
    }
    return vectors->places != NULL;
}

static void hang_up(struct vector_place *place)
{
    if (place->socket >= 0)
        close(place->socket);
    place->socket = -1;
}

void vectors_close(struct vectors *vectors)
{
    for (size_t i = 0; i < vectors->size; i++) {
        hang_up(&vectors->places[i]);
        arena_free(&vectors->places[i].arena);
    }
    free(vectors->places);
    *vectors = (struct vectors){.size = 0};
}

bool vectors_has_room(const struct vectors *vectors)
{
    return vectors->count < vectors->size;
}

bool vectors_is_empty(const struct vectors *vectors)
{
    return vectors->count == 0;
}

/* ---- asked ---- */

void vectors_submit(struct vectors *vectors, int message, enum label_class class)
{
    const struct offline *offline = vectors->offline;
    struct vector_place *place = at(vectors, vectors->count++);
    struct scan_job job = {.vector = true, .limits = offline->job.limits};
    arena_reset(place->arena);
    place->class = class;
    place->vector = SLICE("");
    place->pieces = (struct scan_pieces){0};
    place->deadline = clock_ms() + offline->config->settings.timeouts_scan;
    place->socket = -1;
    if (message_digest(message, place->message) &&
        (message = unmarked_copy(message, offline->config->policy)) >= 0)
        place->socket = scan_submit(offline->families[SCANNER_SCAN].queue, message, &job);
    if (message >= 0)
        close(message);
}

/* ---- answered ---- */

static void hear(struct vector_place *place)
{
    struct scan_answer answer;
    struct scan_failure failure;
    int got = scan_collect(place->socket, place->arena, 0, &place->pieces, &answer, &failure);
    if (got > 0 && answer.vector.len <= LABEL_VECTOR_MOST)
        place->vector = answer.vector;
    if (got != 0 || clock_ms() >= place->deadline)
        hang_up(place);
}

enum vector_got vectors_next(struct vectors *vectors, struct label *label)
{
    struct vector_place *place = at(vectors, 0);
    if (vectors->count == 0)
        return VECTOR_LATER;
    if (place->socket >= 0)
        hear(place);
    if (place->socket >= 0)
        return VECTOR_LATER;
    vectors->first = (vectors->first + 1) % vectors->size;
    vectors->count--;
    *label = (struct label){.class = place->class, .vector = place->vector};
    memcpy(label->message, place->message, LABEL_MESSAGE);
    return place->vector.len ? VECTOR_MADE : VECTOR_FAILED;
}

/* For the first one: only that can be taken. */
bool vectors_wait(struct vectors *vectors)
{
    const struct vector_place *place = at(vectors, 0);
    if (vectors->count == 0 || place->socket < 0)
        return !interrupt_came();
    struct pollfd fd = {.fd = place->socket, .events = POLLIN};
    int64_t left = place->deadline - clock_ms();
    return interrupt_poll(&fd, 1, left > 0 ? (int)left : 0) >= 0;
}
