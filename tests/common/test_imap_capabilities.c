/* SPDX-License-Identifier: ISC */
#include "common/imap_capabilities.h"
#include "tests/harness/unit.h"

TEST(test_capabilities_are_listed)
{
    struct slice list = SLICE("  IMAP4rev1 \t AUTH=PLAIN IDLE \r\n"), one;
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("IMAP4rev1")));
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("AUTH=PLAIN")));
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("IDLE")));
    assert_false(imap_capability(&list, &one));
    assert_false(imap_capability(&list, &one));
}

TEST(test_capabilities_that_are_relayed)
{
    static const char *const yes[] = {
        "IMAP4rev1",   "imap4rev1",    "LITERAL+",    "IDLE",        "THREAD=REFS",
        "QUOTA",       "QUOTA=X-NUM",  "RIGHTS=kxte", "APPENDLIMIT", "APPENDLIMIT=35651584",
        "I18NLEVEL=1", "SORT=DISPLAY", "X-GM-EXT-1",  "UTF8=ACCEPT", "ID",
        "STATUS=SIZE"};
    static const char *const no[] = {"IMAP4rev2",
                                     "BINARY",
                                     "UIDONLY",
                                     "PARTIAL",
                                     "COMPRESS=DEFLATE",
                                     "NOTIFY",
                                     "URLAUTH",
                                     "CATENATE",
                                     "REPLACE",
                                     "CONVERT",
                                     "PREVIEW",
                                     "PREVIEW=FUZZY",
                                     "SNIPPET=FUZZY",
                                     "CONTEXT=SEARCH",
                                     "LOGIN-REFERRALS",
                                     "MAILBOX-REFERRALS",
                                     "AUTH=PLAIN",
                                     "UNAUTHENTICATE",
                                     "JMAPACCESS",
                                     "MULTISEARCH",
                                     "FILTERS",
                                     "ANNOTATE-EXPERIMENT-1",
                                     "STARTTLS",
                                     "LOGINDISABLED",
                                     "SASL-IR",
                                     "INPROGRESS",
                                     "XYZZY",
                                     "",
                                     "IDLE2",
                                     "IDL",
                                     "THREAD=",
                                     "THREAD",
                                     "THREAD=a]b",
                                     "QUOTA=\xff",
                                     "IDLE]",
                                     "SORT=X"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!imap_is_relayed_capability(slice_of(yes[i])))
            fail_msg("hidden: %s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (imap_is_relayed_capability(slice_of(no[i])))
            fail_msg("relayed: %s", no[i]);
}
