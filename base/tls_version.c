/* SPDX-License-Identifier: ISC */
#include "base/tls_version.h"

#include <openssl/prov_ssl.h>

int tls_version(struct slice word)
{
    static const struct {
        const char *word;
        int version;
    } versions[] = {{"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.3", TLS1_3_VERSION}};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (slice_eq(word, slice_of(versions[i].word)))
            return versions[i].version;
    return TLS1_2_VERSION;
}
