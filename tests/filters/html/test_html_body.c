/* SPDX-License-Identifier: ISC */
#include "filters/html/html_body.h"
#include "tests/harness/unit.h"

#include <string.h>

/* The page has a '|' where its body begins. */
static void begins(const char *marked)
{
    char page[512];
    size_t at = strcspn(marked, "|");
    memcpy(page, marked, at);
    strcpy(page + at, marked + at + 1);
    if (html_body_place(slice_of(page)) != at)
        fail_msg("%s: %zu", marked, html_body_place(slice_of(page)));
}

TEST(test_a_body_begins_behind_its_tag)
{
    begins("<html><head><title>t</title></head><BODY class=\"a>b\" >|<p>");
    begins("<!DOCTYPE html>\r\n<html lang=de>\r\n<body>|");
    begins("\xef\xbb\xbf<!-- --><body/>|x");
    begins("<style>a</style><meta charset=utf-8><body>|");
}

TEST(test_a_body_that_is_nothing_but_text_is_none)
{
    begins("<!-- <body> --><title><body></title><script><body></script><body>|x");
    begins("<style><body></style>|<div><body>");
}

TEST(test_without_a_tag_it_begins_with_what_no_head_can_hold)
{
    begins("|");
    begins("|words");
    begins("|<p>words<body>");
    begins("<!DOCTYPE html><html><head></head>|<p><body>");
    begins("<html>| \t\r\n\fwords<body>");
    begins("<html><head>|<noscript><p></noscript><body>");
    begins("<html><head>|<template><body>");
    begins("<html>|</html><body>");
    begins("<html>|</p><body>");
}

TEST(test_a_head_without_an_end_has_it_before)
{
    begins("<!DOCTYPE html>|<html><head><style>never <body>");
    begins("<!DOCTYPE html>|<html lang='never <body>");
    begins("<html>|<body class='never >");
    begins("|<!-- never <body>");
    begins("|<html><head><title>t</title></head>");
}

TEST(test_what_outlook_alone_shows_does_not_come_before_it)
{
    begins("<html><!--[if gte mso 9]><xml><o:A>96</o:A></xml><style>p</style><![endif]--><body>|x");
    begins("<html><!--[if mso]><body class=x><![endif]--><body>|x");
    begins("<html>|<!--[if mso]>words<![endif]--><body>x");
    begins("<html>|<!--[if mso]><table><tr><![endif]--><body>x");
    begins("<html>|<!--[if mso]></p><![endif]--><body>x");
    begins("<html>|<!--[if mso]><!-- never <![endif]--><body>x");
    begins("<html>|<!--[if mso]><style>never<![endif]--><body>x");
}

TEST(test_it_does_not_begin_where_outlook_reads_nothing)
{
    begins("<html>|<!--[if !mso]><!--><body><!--<![endif]-->x");
    begins("<html>|<![if !mso]><body><![endif]>x");
    begins("<html><!--[if !mso]><!--><style>p</style><!--<![endif]--><body>|x");
    begins("<html><![if !mso]><style>p</style><![endif]><body>|x");
}

/* ---- its end ---- */

/* The page has a '|' where its body ends. */
static void ends(const char *marked)
{
    char page[512];
    size_t at = strcspn(marked, "|"), found = SIZE_MAX;
    memcpy(page, marked, at);
    strcpy(page + at, marked + at + 1);
    if (!html_body_end(slice_of(page), &found) || found != at)
        fail_msg("%s: %zu", marked, found);
}

TEST(test_a_body_ends_before_the_tags_behind_which_nothing_is_shown)
{
    ends("<body>x|</body></html>");
    ends("<body>x|</body> \r\n<!-- c --></html>\r\n");
    ends("<body>x</body>more|</html>");
    ends("<body>x</body><p>more|");
    ends("x|</html></body>");
    ends("x|");
    ends("|");
    ends("<body><!-- </body> --><textarea></body></textarea>|</body >");
    ends("<body a='</body>'>|");
    ends("<body>x</body><!--[if mso]>y<![endif]-->|");
    ends("<body>x</body><![if !mso]>|</body>");
}

TEST(test_a_page_that_ends_within_something_has_no_end)
{
    static const char *const pages[] = {"x<!--", "x<script>y", "x<p a='", "x</body", "<title>x"};
    size_t place;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (html_body_end(slice_of(pages[i]), &place))
            fail_msg("%s", pages[i]);
}
