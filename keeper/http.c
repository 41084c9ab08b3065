/* SPDX-License-Identifier: ISC */
#include "keeper/http.h"

/* Lines may end in LF alone (RFC 9112 2.2). */
static bool has_end(struct slice octets)
{
    return slice_search(octets, SLICE("\n\r\n")) < octets.len ||
           slice_search(octets, SLICE("\n\n")) < octets.len;
}

static struct slice first_line(struct slice octets)
{
    struct slice line = slice_sub(octets, 0, slice_find(octets, '\n'));
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool is_method(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
            return false;
    return word.len > 0;
}

static bool is_metrics(struct slice target)
{
    return slice_eq(slice_sub(target, 0, slice_find(target, '?')), SLICE("/metrics"));
}

static enum http_status judge(struct slice line)
{
    struct slice method, rest, target, version;
    if (!slice_cut(line, ' ', &method, &rest) || !slice_cut(rest, ' ', &target, &version) ||
        !is_method(method) || target.len == 0 ||
        (!slice_eq(version, SLICE("HTTP/1.0")) && !slice_eq(version, SLICE("HTTP/1.1"))))
        return HTTP_BAD_REQUEST;
    if (!slice_eq(method, SLICE("GET")))
        return HTTP_METHOD_NOT_ALLOWED;
    return is_metrics(target) ? HTTP_OK : HTTP_NOT_FOUND;
}

enum http_status http_request(struct slice octets)
{
    struct slice allowed = slice_sub(octets, 0, HTTP_REQUEST_MOST);
    if (has_end(allowed))
        return judge(first_line(allowed));
    return octets.len < HTTP_REQUEST_MOST ? HTTP_NOT_YET : HTTP_BAD_REQUEST;
}

static const char *reason(enum http_status status)
{
    switch (status) {
    case HTTP_OK:
        return "OK";
    case HTTP_FORBIDDEN:
        return "Forbidden";
    case HTTP_NOT_FOUND:
        return "Not Found";
    case HTTP_METHOD_NOT_ALLOWED:
        return "Method Not Allowed";
    case HTTP_UNAVAILABLE:
        return "Service Unavailable";
    case HTTP_NOT_YET:
    case HTTP_BAD_REQUEST:
        break;
    }
    return "Bad Request";
}

static struct slice words(enum http_status status)
{
    switch (status) {
    case HTTP_FORBIDDEN:
        return SLICE("you are in none of the groups that may ask (keeper in gatepost.conf)\n");
    case HTTP_NOT_FOUND:
        return SLICE("metrics are at /metrics\n");
    case HTTP_UNAVAILABLE:
        return SLICE("too many ask at once\n");
    case HTTP_METHOD_NOT_ALLOWED: /* of HEAD, for which a body would be a mistake */
    case HTTP_OK:
    case HTTP_NOT_YET:
    case HTTP_BAD_REQUEST:
        break;
    }
    return SLICE("");
}

void http_response(struct buf *out, enum http_status status, struct slice body)
{
    if (status != HTTP_OK)
        body = words(status);
    buf_printf(out, "HTTP/1.1 %d %s\r\n", (int)status, reason(status));
    if (status == HTTP_METHOD_NOT_ALLOWED)
        buf_cstr(out, "Allow: GET\r\n");
    buf_printf(out,
               "Content-Type: text/plain; %scharset=utf-8\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n",
               status == HTTP_OK ? "version=0.0.4; " : "", body.len);
    buf_append(out, body);
}
