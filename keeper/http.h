/* SPDX-License-Identifier: ISC
 * As much of HTTP as those who scrape metrics speak: one request, one response, the end. */
#ifndef KEEPER_HTTP_H
#define KEEPER_HTTP_H

#include "base/buf.h"

enum { HTTP_REQUEST_MOST = 8192 /* octets of the request line and the fields */ };

enum http_status {
    HTTP_NOT_YET = 0, /* the request is not all there */
    HTTP_OK = 200,    /* it is GET /metrics */
    HTTP_BAD_REQUEST = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_UNAVAILABLE = 503,
};

/* What is to be answered to a request of which these octets have come so far. */
enum http_status http_request(struct slice octets);

/* The whole response; `body` is that of HTTP_OK, others have a line of words. Overflow shows in
 * out.failed. */
void http_response(struct buf *out, enum http_status status, struct slice body);

#endif
