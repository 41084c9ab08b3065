/* SPDX-License-Identifier: ISC
 * STLS and STARTTLS that the server ends which the client wanted to reach (foreign_tls pass): it is asked for TLS on a
 * connection for that alone, and once it has agreed nobody looks at what passes. */
#ifndef PROXY_READER_READER_FOREIGN_H
#define PROXY_READER_READER_FOREIGN_H

#include "proxy/reader/reader.h"

/* Whether TLS is offered that another ends. */
bool reader_offers_foreign_tls(const struct session *base);

/* The client asks for TLS. True: that is another's to end, or refused as such, and answered now or later; the session may
 * be gone. False: it is ours, or nobody's. */
bool reader_takes_foreign_tls(struct session *base);

/* Gives up what is under way. */
void reader_foreign_free(struct reader *r);

#endif
