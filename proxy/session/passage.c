/* SPDX-License-Identifier: ISC */
#include "proxy/session/passage.h"

#include <stdlib.h>

/* One way. */
struct way {
    struct passage *of;
    struct stream *from, *to;
    uint64_t octets;
    bool ended; /* nothing more comes, */
    bool said;  /* and the other side has been told */
};

struct passage {
    struct way ways[PASSAGE_WAYS];
    int64_t silence;
    const struct passage_owner *hears;
    void *owner;
};

/* One clock for both: the client's. */
static void moved(struct passage *p)
{
    stream_deadline(p->ways[PASSAGE_FROM_CLIENT].from, p->silence);
    p->hears->moved(p->owner);
}

static struct way *way_to(struct way *way)
{
    return &way->of->ways[way == way->of->ways ? PASSAGE_FROM_SERVER : PASSAGE_FROM_CLIENT];
}

static void wait_for_room(struct way *way)
{
    stream_pause(way->from);
    stream_notify_drained(way->to);
}

static size_t on_input(void *ctx, struct slice octets)
{
    struct way *way = ctx;
    if (stream_output_pending(way->to)) {
        wait_for_room(way);
        return 0;
    }
    stream_write(way->to, octets);
    stream_flush_whole(way->to);
    way->octets += octets.len;
    if (stream_output_pending(way->to))
        wait_for_room(way);
    moved(way->of);
    return octets.len;
}

/* True: both ways are over, and so is the passage. */
static bool pass_the_end_on(struct way *way)
{
    if (!way->ended || way->said || stream_output_pending(way->to))
        return false;
    way->said = true;
    struct passage *p = way->of;
    bool all = way_to(way)->said;
    stream_half_close(way->to, way->to == p->ways[PASSAGE_FROM_CLIENT].from ? p->silence : 0);
    if (all)
        p->hears->over(p->owner, "");
    return all;
}

static void on_end(struct way *way)
{
    way->ended = true;
    if (!pass_the_end_on(way) && !way->said)
        stream_notify_drained(way->to);
}

static void on_drained(struct way *blocked)
{
    if (blocked->ended)
        pass_the_end_on(blocked);
    else
        stream_resume(blocked->from);
}

static void on_event(void *ctx, enum stream_event event)
{
    struct way *way = ctx;
    switch (event) {
    case STREAM_CLOSED:
        on_end(way);
        break;
    case STREAM_DRAINED:
        on_drained(way_to(way));
        break;
    case STREAM_FAILED:
        way->of->hears->over(way->of->owner, stream_error(way->from));
        break;
    case STREAM_TIMEOUT:
        way->of->hears->over(way->of->owner, "nothing has moved for too long");
        break;
    case STREAM_CONNECTED:
    case STREAM_SECURED:
        break;
    }
}

static const struct stream_owner callbacks = {on_input, on_event};

static void begin(struct way *way)
{
    stream_set_owner(way->from, &callbacks, way);
    stream_outlives_peer(way->from);
    stream_bulk(way->from, true);
    stream_pause(way->from); /* so that what was read before is offered, from the loop */
    stream_resume(way->from);
    stream_flush(way->from);
}

struct passage *passage_new(struct stream *client, struct stream *server, int64_t silence,
                            const struct passage_owner *hears, void *owner)
{
    struct passage *p = calloc(1, sizeof *p);
    if (!p) {
        stream_free(&server);
        return NULL;
    }
    *p = (struct passage){.ways = {[PASSAGE_FROM_CLIENT] = {.of = p, .from = client, .to = server},
                                   [PASSAGE_FROM_SERVER] = {.of = p, .from = server, .to = client}},
                          .silence = silence,
                          .hears = hears,
                          .owner = owner};
    for (int i = 0; i < PASSAGE_WAYS; i++)
        begin(&p->ways[i]);
    stream_deadline(server, 0);
    stream_deadline(client, silence);
    return p;
}

static size_t ignore_input(void *ctx, struct slice octets)
{
    (void)ctx;
    return octets.len;
}

static void ignore_event(void *ctx, enum stream_event event)
{
    (void)ctx, (void)event;
}

void passage_free(struct passage **passage)
{
    static const struct stream_owner nobody = {ignore_input, ignore_event};
    struct passage *p = *passage;
    if (!p)
        return;
    *passage = NULL;
    stream_set_owner(p->ways[PASSAGE_FROM_CLIENT].from, &nobody, NULL);
    stream_free(&p->ways[PASSAGE_FROM_SERVER].from);
    free(p);
}

void passage_hurry(struct passage *p, int64_t silence)
{
    p->silence = silence;
    stream_deadline(p->ways[PASSAGE_FROM_CLIENT].from, silence);
}

uint64_t passage_octets(const struct passage *p, enum passage_way way)
{
    return p->ways[way].octets;
}
