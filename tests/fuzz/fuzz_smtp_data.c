/* SPDX-License-Identifier: ISC
 * A body: the fast decoder against the simple one, in any steps. First byte: mode and step. */
#include "tests/unit/data_reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decoded want, got;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 30000)
        return 0;
    struct slice in = {(const char *)data + 1, size - 1};
    bool chunked = data[0] & 1, normalise = data[0] & 2;
    size_t step = data[0] >> 2 ? data[0] >> 2 : size;
    struct smtp_data decoder;
    reference_decode(in, chunked, normalise, &want);
    data_decode(in, chunked, normalise, step, &got, &decoder);
    if (!decoded_equal(&want, &got) || (content_has_dots(&want) && !decoder.dots))
        abort();
    return 0;
}
