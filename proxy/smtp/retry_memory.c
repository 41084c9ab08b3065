/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_memory.h"

#include "proxy/smtp/retry_form.h"

#include <string.h>

void retry_remember(const struct retry_store *store, const struct retry_place *place,
                    const struct retry *retry)
{
    struct retry_place now = *place;
    struct buf form = buf_init(RETRY_FORM_MAX);
    now.written = retry_time_after(now.written);
    retry_write(&form, retry, &now);
    if (!form.failed)
        retry_store_write(store, place, buf_slice(&form));
    buf_release(&form);
}

void retry_forget(const struct retry_store *store, const struct retry_place *place)
{
    if (store->state)
        retry_remember(store, place, &(struct retry){.group = 0});
    else
        retry_store_forget(store, place);
}

struct recalling {
    const struct retry_place *place;
    struct arena *arena;
    struct retry latest;
};

/* Its place is whole again by that of the one who asks: both are of one sender and recipient. */
static void take_later(void *ctx, struct slice form)
{
    struct recalling *recalling = ctx;
    const struct retry_place *place = recalling->place;
    struct retry retry;
    if (!retry_read(form, &retry) ||
        !retry_is_later(retry.place.written, recalling->latest.place.written))
        return;
    memcpy(retry.place.where.sender, place->where.sender, sizeof place->where.sender);
    memcpy(retry.place.has_it, place->has_it, sizeof place->has_it);
    memcpy(retry.place.secret, place->secret, sizeof place->secret);
    retry.reply.enhanced = arena_copy(recalling->arena, retry.reply.enhanced);
    retry.reply.text = arena_copy(recalling->arena, retry.reply.text);
    recalling->latest = retry;
}

struct retry retry_recall(const struct retry_store *store, const struct retry_place *place,
                          const struct state_retry_answer *answer, struct arena *arena)
{
    struct recalling recalling = {.place = place, .arena = arena};
    retry_store_read(store, place, answer, take_later, &recalling);
    return recalling.latest.group ? recalling.latest : (struct retry){.group = 0};
}

bool retry_is_of(const struct retry *retry, const struct smtp_mail_params *mail)
{
    return retry->has_size && mail->has_size && mail->size > 0 && retry->size == mail->size;
}

bool retry_is_anothers(const struct retry *retry, const struct smtp_mail_params *mail)
{
    return retry->has_size && retry->size > 0 && mail->has_size && mail->size > 0 &&
           retry->size != mail->size;
}
