/* SPDX-License-Identifier: ISC
 * An address, with a tag and as if it had one: what is read is within it, and what was tagged is valid and the same again. */
#include "filters/sender/batv.h"
#include "tests/fuzz/target.h"

FUZZ_WITH_ARENA(in, 1 << 20)
{
    static const struct batv batv = {.keys = {SLICE("a secret of a key")}, .count = 1};
    static const int64_t now = 1800000000;
    size_t at = slice_rfind(in, '@');
    struct slice local = slice_sub(in, 0, at), domain = slice_from(in, at + 1), rest = local;
    enum bounce_tag bore = batv_read(&batv, &rest, domain, now);
    require(rest.len <= local.len && slice_eq(slice_from(local, local.len - rest.len), rest));
    require((bore == BOUNCE_TAG_NONE) == (rest.len == local.len));
    struct slice tagged =
        batv_tagged(&batv, arena, in, slice_from(in, slice_rfind(in, '@') + 1), now);
    require(tagged.ptr && tagged.len >= in.len);
    if (tagged.len == in.len)
        return;
    struct slice again = slice_sub(tagged, 0, slice_rfind(tagged, '@'));
    require(again.len <= BATV_LOCAL_MAX);
    require(batv_read(&batv, &again, domain, now) == BOUNCE_TAG_VALID && slice_eq(again, local));
}
