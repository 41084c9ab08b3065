/* SPDX-License-Identifier: ISC */
#include "console/learn/mail_queue.h"

#include <stdlib.h>

bool mail_queue_open(struct mail_queue *queue, size_t room)
{
    *queue = (struct mail_queue){.sources = calloc(room + 1, sizeof *queue->sources),
                                 .names = calloc(room + 1, sizeof *queue->names)};
    return queue->sources && queue->names;
}

void mail_queue_close(struct mail_queue *queue)
{
    for (size_t i = queue->at; i < queue->count; i++)
        queue->sources[i]->kind->close(queue->sources[i]);
    free(queue->sources);
    free(queue->names);
    *queue = (struct mail_queue){.count = 0};
}

void mail_queue_add(struct mail_queue *queue, const char *name, struct mail_source *source)
{
    queue->names[queue->count] = name;
    queue->sources[queue->count++] = source;
    queue->total += source->total;
}

bool mail_queue_is_over(const struct mail_queue *queue)
{
    return queue->at == queue->count;
}

static void leave(struct mail_queue *queue)
{
    struct mail_source *source = queue->sources[queue->at++];
    queue->done += source->total;
    source->kind->close(source);
}

enum mail_got mail_queue_next(struct mail_queue *queue, struct mail *out, const char **name)
{
    while (!mail_queue_is_over(queue)) {
        struct mail_source *source = queue->sources[queue->at];
        enum mail_got got = source->kind->next(source, out);
        *name = queue->names[queue->at];
        if (got == MAIL_END || got == MAIL_TROUBLE)
            leave(queue);
        if (got != MAIL_END)
            return got;
    }
    return MAIL_END;
}

uint64_t mail_queue_done(const struct mail_queue *queue)
{
    if (mail_queue_is_over(queue))
        return queue->total;
    const struct mail_source *source = queue->sources[queue->at];
    return queue->done + source->kind->done(source);
}
