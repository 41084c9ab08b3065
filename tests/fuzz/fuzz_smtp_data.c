/* SPDX-License-Identifier: ISC
 * A body: the fast decoder against the simple one, in any steps. First byte: mode and step. */
#include "tests/fuzz/target.h"
#include "tests/proxy/smtp/data_reference.h"

static struct decoded want, got;

FUZZ(in)
{
    if (in.len < 2 || in.len > 30000)
        return;
    uint8_t how = fuzz_octet(&in);
    bool chunked = how & 1, normalise = how & 2;
    size_t step = how >> 2 ? how >> 2 : in.len;
    struct smtp_data decoder;
    reference_decode(in, chunked, normalise, &want);
    data_decode(in, chunked, normalise, step, &got, &decoder);
    if (!decoded_equal(&want, &got) || (content_has_dots(&want) && !decoder.dots))
        abort();
}
