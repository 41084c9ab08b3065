/* SPDX-License-Identifier: ISC */
#include "keeper/http.h"
#include "tests/harness/unit.h"

#include <string.h>

struct sample {
    const char *octets;
    enum http_status status;
};

/* Every beginning that is shorter by what ends it is not all there yet. */
static void check(const struct sample *sample)
{
    struct slice octets = slice_of(sample->octets);
    assert_int_equal(http_request(octets), sample->status);
    for (size_t n = 0; sample->status != HTTP_NOT_YET && n < octets.len; n++)
        assert_int_equal(http_request(slice_sub(octets, 0, n)), HTTP_NOT_YET);
}

static void check_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&samples[i]);
}
#define CHECK(...)                                                                                 \
    check_all((const struct sample[]){__VA_ARGS__},                                                \
              sizeof((struct sample[]){__VA_ARGS__}) / sizeof(struct sample))

TEST(test_requests_for_metrics_whole_and_byte_by_byte)
{
    CHECK({"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", HTTP_OK},
          {"GET /metrics HTTP/1.0\r\n\r\n", HTTP_OK},
          {"GET /metrics?name[]=x HTTP/1.1\r\nAccept: */*\r\n\r\n", HTTP_OK},
          {"GET /metrics HTTP/1.1\n\n", HTTP_OK}, {"GET /metrics HTTP/1.1\r\nA: b\n\n", HTTP_OK});
}

TEST(test_what_is_not_there_yet)
{
    CHECK({"", HTTP_NOT_YET}, {"\r\n", HTTP_NOT_YET}, {"GET /metr", HTTP_NOT_YET},
          {"GET /metrics HTTP/1.1\r\n", HTTP_NOT_YET},
          {"GET /metrics HTTP/1.1\r\nHost: x\r\n", HTTP_NOT_YET},
          {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r", HTTP_NOT_YET});
}

TEST(test_other_places_and_other_methods)
{
    CHECK({"GET / HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND},
          {"GET /metrics/ HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND},
          {"GET /METRICS HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND},
          {"GET /metricsx HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND},
          {"GET ?/metrics HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND},
          {"HEAD /metrics HTTP/1.1\r\n\r\n", HTTP_METHOD_NOT_ALLOWED},
          {"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\n", HTTP_METHOD_NOT_ALLOWED},
          {"DELETE / HTTP/1.0\r\n\r\n", HTTP_METHOD_NOT_ALLOWED});
}

TEST(test_what_is_no_request)
{
    CHECK({"\r\n\r\n", HTTP_BAD_REQUEST}, {"\n\n", HTTP_BAD_REQUEST},
          {"GET\r\n\r\n", HTTP_BAD_REQUEST}, {"GET /metrics\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET  HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET  /metrics HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET /metrics  HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET /metrics HTTP/1.1 \r\n\r\n", HTTP_BAD_REQUEST},
          {" GET /metrics HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"get /metrics HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET /metrics HTTP/2.0\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET /metrics http/1.1\r\n\r\n", HTTP_BAD_REQUEST},
          {"GET /metrics HTTP/1.1\r\r\n\r\n", HTTP_BAD_REQUEST},
          {"EHLO client.example\r\n\r\n", HTTP_BAD_REQUEST},
          {"\x16\x03\x01\x02\n\n", HTTP_BAD_REQUEST});
}

TEST(test_a_request_is_bounded)
{
    static char octets[2 * HTTP_REQUEST_MOST];
    static const char line[] = "GET /metrics HTTP/1.1\r\nX: ";
    memset(octets, 'x', sizeof octets);
    memcpy(octets, line, sizeof line - 1);
    memcpy(octets + HTTP_REQUEST_MOST - 4, "\r\n\r\n", 4);
    assert_int_equal(http_request((struct slice){octets, HTTP_REQUEST_MOST}), HTTP_OK);
    assert_int_equal(http_request((struct slice){octets, HTTP_REQUEST_MOST - 1}), HTTP_NOT_YET);
    memcpy(octets + HTTP_REQUEST_MOST - 4, "x\r\n\r\n", 5);
    assert_int_equal(http_request((struct slice){octets, HTTP_REQUEST_MOST - 1}), HTTP_NOT_YET);
    assert_int_equal(http_request((struct slice){octets, HTTP_REQUEST_MOST}), HTTP_BAD_REQUEST);
    assert_int_equal(http_request((struct slice){octets, sizeof octets}), HTTP_BAD_REQUEST);
}

static void check_response(enum http_status status, struct slice body, const char *expected)
{
    struct buf out = buf_init(4096);
    http_response(&out, status, body);
    assert_true(slice_eq(buf_slice(&out), slice_of(expected)));
    buf_release(&out);
}

TEST(test_responses)
{
    check_response(HTTP_OK, SLICE("a 1\n"),
                   "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                   "Content-Length: 4\r\nConnection: close\r\n\r\na 1\n");
    check_response(HTTP_NOT_FOUND, SLICE("a 1\n"),
                   "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 24\r\nConnection: close\r\n\r\nmetrics are at /metrics\n");
    check_response(HTTP_METHOD_NOT_ALLOWED, SLICE("a 1\n"),
                   "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(test_a_response_without_room_is_none)
{
    struct buf out = buf_init(64);
    http_response(&out, HTTP_OK, SLICE("a 1\n"));
    assert_true(out.failed);
    buf_release(&out);
}
