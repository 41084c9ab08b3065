/* SPDX-License-Identifier: ISC
 * What somebody asks where metrics are read: whole and in pieces the same, and answered once. */
#include "keeper/http.h"
#include "tests/fuzz/target.h"

FUZZ(in)
{
    if (in.len > 2048)
        return;
    enum http_status whole = http_request(in), status = HTTP_NOT_YET;
    for (size_t n = 0; n <= in.len && status == HTTP_NOT_YET; n++)
        status = http_request(slice_sub(in, 0, n));
    require(status == whole);
}
