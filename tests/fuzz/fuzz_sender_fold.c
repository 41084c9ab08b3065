/* SPDX-License-Identifier: ISC
 * What stays of a sender: bounded, in lower case, its domain untouched. */
#include "proxy/state/sender_fold.h"
#include "tests/fuzz/target.h"

FUZZ(sender)
{
    struct buf out = buf_init(sender.len + SENDER_FOLD_GROWTH);
    if (!sender_fold(&out, sender))
        abort();
    struct slice folded = buf_slice(&out);
    for (size_t i = 0; i < folded.len; i++)
        if (folded.ptr[i] >= 'A' && folded.ptr[i] <= 'Z')
            abort();
    if (!slice_iends(folded, slice_from(sender, slice_rfind(sender, '@'))))
        abort();
    buf_release(&out);
}
