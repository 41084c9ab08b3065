/* SPDX-License-Identifier: ISC
 * What is said to have been left for a retry. What reads is written as it was read; and sealed, it is opened by nobody else. */
#include "proxy/smtp/delivered_memory.h"
#include "proxy/smtp/retry_form.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void delivered(struct slice bytes)
{
    struct delivered has, again;
    struct buf form = buf_init(RETRY_FORM_MAX);
    if (delivered_read(bytes, &has)) {
        delivered_write(&form, &has);
        require(!form.failed && delivered_read(buf_slice(&form), &again));
        require(again.count == has.count &&
                memcmp(again.messages, has.messages, sizeof has.messages) == 0);
    }
    buf_release(&form);
}

FUZZ(bytes)
{
    static const uint8_t secret[RETRY_SECRET] = {1}, other[RETRY_SECRET] = {2};
    struct retry retry, again;
    delivered(bytes);
    struct buf form = buf_init(RETRY_FORM_MAX), sealed = buf_init(STATE_RETRY_MAX), opened = form;
    require(!retry_unseal(&opened, secret, bytes));
    if (retry_read(bytes, &retry)) {
        retry_write(&form, &retry, &retry.place);
        require(!form.failed && retry_read(buf_slice(&form), &again));
        require(again.group == retry.group && again.size == retry.size &&
                again.waits == retry.waits && again.reply.code == retry.reply.code &&
                slice_eq(again.reply.text, retry.reply.text));
        require(retry_seal(&sealed, secret, buf_slice(&form)));
        require(!retry_unseal(&opened, other, buf_slice(&sealed)));
        require(retry_unseal(&opened, secret, buf_slice(&sealed)));
        require(slice_eq(buf_slice(&opened), buf_slice(&form)));
    }
    buf_release(&form);
    buf_release(&sealed);
    buf_release(&opened);
}
