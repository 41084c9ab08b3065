/* SPDX-License-Identifier: ISC */
#include "proxy/session/own_received.h"
#include "tests/harness/unit.h"

#define OURS                                                                                       \
    "Received: from a.example ([192.0.2.1])\r\n\tby mx.example.com (Gatepost) with ESMTP id "
#define OTHER                                                                                      \
    "Received: from mx.example.com by store.example.com (Postfix) with LMTP id 0123456789ab\r\n"

static void found(const char *header, const char *expected)
{
    struct slice reference = received_reference(slice_of(header), SLICE("mx.example.com"));
    assert_true(slice_eq(reference, slice_of(expected)));
}

TEST(test_the_topmost_of_ours_names_the_delivery)
{
    found(OTHER OURS "d7fa930e1000.2\r\n\tfor <a@example.com>;\r\n\tSun, 29 Nov 2026\r\n" OURS
                     "aaaaaaaaaaaa.9;\r\n\tSat, 28 Nov 2026\r\n",
          "d7fa930e1000.2");
}

TEST(test_where_there_is_none_nothing_is_named)
{
    found("", "");
    found(OTHER "Subject: id d7fa930e1000.2\r\n", "");
    found("Received: from x by mx.example.com.evil.example (Gatepost) with ESMTP id 1.2;\r\n", "");
    found("Received: from x by mx.example.com (Gatepost) with ESMTP;\r\n", "");
    found(OURS "\r\n", "");
    found(OURS "<script>;\r\n", "");
}
