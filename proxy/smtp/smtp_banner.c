/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_banner.h"

bool smtp_banner_wanted(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t->recipient_count; i++)
        if (banner_is_given(&s->t->recipients[i].verdict))
            return true;
    return false;
}

bool smtp_banner(struct smtp_session *s, const struct verdict *v, struct edit_input *input)
{
    struct transaction *t = s->t;
    if (!banner_is_given(v))
        return true;
    struct banner_input banner = {.message = input->message,
                                  .eight_bit = t->data.high,
                                  .sites = &t->message.banners,
                                  .edits = v->edits,
                                  .edit_count = v->edit_count,
                                  .differ = t->banners_differ,
                                  .parts = t->message.parts,
                                  .part_count = t->message.part_count};
    struct banner_result *result = arena_alloc(s->mail, sizeof *result);
    if (!result || !banner_edits(s->mail, &banner, result))
        return false;
    t->banner = result;
    input->banners = result->changes;
    input->banner_count = result->count;
    return true;
}
