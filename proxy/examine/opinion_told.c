/* SPDX-License-Identifier: ISC */
#include "proxy/examine/opinion_told.h"

#include "filters/scanner/scan_job.h"
#include "policy/spelling.h"
#include "proxy/state/state.h"

bool opinion_is_asked(const struct proxy *proxy)
{
    return proxy->state && (proxy->wants[PRODUCER_CAMPAIGN] || proxy->wants[PRODUCER_REPORTED]);
}

struct slice opinion_author(const struct scan_answer *answer)
{
    const struct value *from = &answer->facts.fact[FACT_MESSAGE_FROM];
    return from->state == VALUE_KNOWN ? from->text : SLICE("");
}

/* Whose it is. Who is no user is one all the same, whom no address names: all that an admin releases is
 * said once, as is what comes to addresses that nobody has. */
static struct slice account_of(struct arena *arena, const struct label *label, bool personal)
{
    return personal ? value_address(arena, label->account).text
                    : arena_printf(arena, "@%s", label_how_word(label->how));
}

void opinion_tell(const struct proxy *proxy, struct arena *arena, const struct label *label,
                  const struct campaign_sketch *sketch, struct slice author)
{
    bool personal = label->account.len > 0 && label->how != LABEL_TRAP;
    if (!opinion_is_asked(proxy) || !sketch->made)
        return;
    struct slice account = account_of(arena, label, personal);
    if (account.len)
        state_opine(proxy->state, &(struct state_opinion){.sketch = sketch,
                                                          .account = account,
                                                          .author = author,
                                                          .personal = personal,
                                                          .spam = label->class == LABEL_SPAM});
}
