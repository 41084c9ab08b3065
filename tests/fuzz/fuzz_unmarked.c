/* SPDX-License-Identifier: ISC
 * A message of any octets without what rules have put on it: nothing comes but pieces of it in their order, and the body whole. */
#include "filters/unmarked.h"

#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "tests/fuzz/target.h"
#include "tests/harness/memory_loader.h"

static struct config *config;

FUZZ_WARM_UP()
{
    struct buf report = buf_init(1 << 16);
    words_warm_up();
    config = load_text(
        "rule \"a\" when message.size > 1MiB then header add \"X-A\" \"yes\","
        " subject prefix \"[spam] \", subject prefix \"[{message.size} of {message.from}]\","
        " subject prefix \"[\xd1\x84] \"\n",
        &report);
    buf_release(&report);
    return config;
}

struct given {
    struct slice message;
    const char *at;
    size_t len;
};

static bool take(void *ctx, struct slice octets)
{
    struct given *given = ctx;
    require(octets.len == 0 ||
            (octets.ptr >= given->at &&
             octets.ptr + octets.len <= given->message.ptr + given->message.len));
    given->at = octets.len ? octets.ptr + octets.len : given->at;
    given->len += octets.len;
    return true;
}

FUZZ(in)
{
    struct given given = {.message = in, .at = in.ptr};
    size_t body;
    struct slice header = headers_block(in, &body);
    require(unmarked(in, policy_marks(config->policy), take, &given));
    require(given.len <= in.len && given.len >= in.len - header.len);
    require(is_marked(in, policy_marks(config->policy)) == (given.len < in.len));
}
