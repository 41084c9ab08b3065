/* SPDX-License-Identifier: ISC */
#include "filters/dns/question_line.h"

#include "filters/dns/question.h"

/* Beside `pending`, for what is reserved once that is scarce. libunbound has sockets for all that is
 * on its way: else it would have a line of its own, in which nobody has a place. */
enum { RESERVE_PART = 8, RESERVE_LEAST = 16, RESERVE_MOST = 256, SOCKETS_MOST = 4096 };

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void open_line(struct question_line *line, unsigned limit, unsigned sockets)
{
    TAILQ_INIT(&line->queue);
    line->room.limit = limit;
    line->sockets = smaller(2 * limit, sockets);
}

void question_lines_open(struct question_lines *lines, unsigned pending)
{
    unsigned reserve = smaller(pending / RESERVE_PART + RESERVE_LEAST, RESERVE_MOST);
    open_line(&lines->reserved, reserve, SOCKETS_MOST);
    open_line(&lines->usual, pending, SOCKETS_MOST - lines->reserved.sockets);
}

unsigned question_lines_sockets(const struct question_lines *lines)
{
    return lines->usual.sockets + lines->reserved.sockets;
}

unsigned question_lines_pending(const struct question_lines *lines)
{
    const struct question_line *usual = &lines->usual, *reserved = &lines->reserved;
    return usual->running + usual->queued + reserved->running + reserved->queued;
}

bool question_lines_are_empty(const struct question_lines *lines)
{
    return TAILQ_EMPTY(&lines->usual.queue) && TAILQ_EMPTY(&lines->reserved.queue);
}

static bool has_place(const struct question_line *line, const struct asker *asker)
{
    return line->queued < line->room.limit && question_room_admits(&line->room, asker);
}

struct question_line *question_lines_place(struct question_lines *lines, const struct asker *asker,
                                           bool reserved)
{
    bool scarce = question_room_is_scarce(&lines->usual.room);
    if (reserved && scarce && has_place(&lines->reserved, asker))
        return &lines->reserved;
    return has_place(&lines->usual, asker) ? &lines->usual : NULL;
}

void question_line_join(struct question_line *line, struct question *q, const struct asker *asker)
{
    q->in = line;
    q->asker = *asker;
    question_room_take(&line->room, asker);
    TAILQ_INSERT_TAIL(&line->queue, q, line);
    q->queued = true;
    line->queued++;
}

void question_line_leave(struct question *q)
{
    TAILQ_REMOVE(&q->in->queue, q, line);
    q->queued = false;
    q->in->queued--;
}

void question_line_forget(const struct question *q)
{
    question_room_give(&q->in->room, &q->asker);
}

struct question *question_line_next(const struct question_line *line)
{
    bool may = line->running < line->room.limit && line->running + line->abandoned < line->sockets;
    return may ? TAILQ_FIRST(&line->queue) : NULL;
}
