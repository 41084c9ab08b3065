/* SPDX-License-Identifier: ISC
 * TLS versions as people write them. */
#ifndef BASE_TLS_VERSION_H
#define BASE_TLS_VERSION_H

#include "base/slice.h"

/* OpenSSL's number of "1.0", "1.1", "1.2" or "1.3"; of anything else that of 1.2. */
int tls_version(struct slice word);

#endif
