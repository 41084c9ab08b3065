/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_way.h"

#include "proxy/session/session_facts.h"

struct upstream_client session_upstream_client(const struct session *s)
{
    bool led = s->local_port != 0;
    return (struct upstream_client){.destination = led ? s->local : (struct ip){.family = 0},
                                    .destination_port = s->local_port,
                                    .connection = led ? stream_fd(s->stream) : -1,
                                    .family = s->client.family,
                                    .queue = s->proxy->source};
}

const struct backend *session_destination(const struct session *s)
{
    return s->local_port ? listener_destination(s->listener, &s->local) : NULL;
}

struct mailbox_way session_mailbox_way(const struct session *s, struct slice user)
{
    return (struct mailbox_way){
        .user = user, .server_name = session_server_name(s), .led_to = session_destination(s)};
}

struct slice session_destination_text(const struct session *s, struct arena *arena)
{
    char place[UPSTREAM_PLACE_MAX];
    if (!s->local_port)
        return SLICE("");
    upstream_place(&s->local, s->local_port, place);
    return arena_copy(arena, slice_of(place));
}
