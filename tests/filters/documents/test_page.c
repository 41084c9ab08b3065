/* SPDX-License-Identifier: ISC */
#include "filters/documents/page.h"

#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

#define SVG "<svg xmlns='http://www.w3.org/2000/svg'>"
#define HTML "<html xmlns=\"http://www.w3.org/1999/xhtml\">"

ARENA_TESTS(4 << 20);

static bool is_active(const char *text, unsigned readings)
{
    arena_reset(arena);
    return page_is_active(arena, slice_of(text), readings);
}

static void expect(const char *const *texts, unsigned readings, bool active)
{
    for (; *texts; texts++) {
        if (is_active(*texts, readings) != active)
            fprintf(stderr, "for: %s\n", *texts);
        assert_int_equal(is_active(*texts, readings), active);
    }
}

TEST(test_pages_that_run_or_go_somewhere)
{
    static const char *const pages[] = {
        "<script>a()</script>",
        "<SCRIPT src=//e.example/x.js></SCRIPT>",
        "<script type=module>a()</script>",
        "<script type='text/unknown'>a()</script>",
        "<script type=&#x6a;>a()</script>",
        "<body onload=a()>",
        "<img src=x OnError='a()'>",
        "<img/onerror=a()/>",
        "<a href=javascript:a()>",
        "<a href=' \1jav&Tab;ascri&#x0a;pt&colon;a()'>",
        "<form action=vbscript:a>",
        "<iframe src=https://e.example/>",
        "<frameset><frame src=x></frameset>",
        "<object data=x>",
        "<embed src=x>",
        "<applet code=x>",
        "<meta http-equiv=Refresh content='0;url=https://e.example/'>",
        "<meta content='5, https://e.example/' http-equiv=&#114;efresh>",
        "<a href=data:text/html,x>",
        "<a href='DATA:image/svg+xml;base64,PHN2Zz4='>",
        "<svg><animate attributeName=href values='#;javascript:a()'/></svg>",
        NULL};
    expect(pages, PAGE_HTML, true);
}

TEST(test_pages_that_wait)
{
    static const char *const pages[] = {
        "<!DOCTYPE html><html><head><title>Invoice</title><style>td{color:red}</style>"
        "<link rel=stylesheet href='https://shop.example/a.css'>"
        "<link rel=icon href='data:image/svg+xml,<svg/>'></head>"
        "<body><img src=https://shop.example/logo.png><table><tr><td>1 &lt; 2</table></body>",
        "<img width=1 height=1 src='https://news.example/open?id=1'><a "
        "href='https://news.example/'>on</a>",
        "<img src=\"data:image/svg+xml,%3csvg/%3e\">",
        "<script type='application/ld+json'>{\"a\": 1}</script>",
        "<body ontouchstart=''>",
        "<a href='javascript:void(0);'>up</a>",
        "<meta http-equiv=refresh content=300>",
        "<meta http-equiv='Content-Type' content='text/html; charset=utf-8'>",
        "<noscript><img src=https://news.example/pixel></noscript>",
        "<!-- <script> --><p>",
        "<textarea>&lt;script&gt;</textarea>",
        "<p title='onload=a() <script>'>",
        "<a title='javascript:a' href=https://shop.example/>",
        "<meta name=description content='javascript: a book'>",
        "<svg><title>a</title><style>.a{fill:red}</style><path d='M0'/></svg>",
        "<form action='https://shop.example/'><select><option>1</select><input type=submit></form>",
        "<p>javascript: is a language</p>",
        NULL};
    expect(pages, PAGE_HTML, false);
}

TEST(test_what_some_read_as_tags)
{
    static const char *const pages[] = {
        "<svg><style><img src=x onerror=a()></style></svg>",
        "<svg><style><a b=\"</style><b c='\"><script>a()</script>'>",
        "<select><xmp><a b=\"</xmp><script>a()</script>\">",
        "<title><a b=\"</title><script>a()</script>\">",
        "<svg><![CDATA[><a b=\"]]><script>a()</script>\">",
        "<script type='text/plain'><!--<script></script><a b=\"--></script><script>a()</script>\">",
        "</b c='><a d=\"'><script>a()</script>\">",
        "<!--><script>a()</script>-->",
        "<!-- --!><script>a()</script>-->",
        "<![CDATA[><script>a()</script>]]>",
        NULL};
    expect(pages, PAGE_HTML, true);
}

TEST(test_drawings_that_run)
{
    static const char *const drawings[] = {
        SVG "<script>a()</script></svg>",
        SVG "<script><![CDATA[a()]]></script></svg>",
        SVG "<script href='https://e.example/x.js'/></svg>",
        "<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:script>a()</s:script></s:svg>",
        "<svg xmlns='http://www.w3.org/2000/sv&#103;' onload='a()'/>",
        SVG "<a xlink:href='javascript:a()'><text>x</text></a></svg>",
        SVG "<a><set attributeName='href' to='javascript:a()'/></a></svg>",
        SVG "<use href='data:image/svg+xml;base64,PHN2Zz4='/></svg>",
        SVG "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' "
            "src='x'/></foreignObject></svg>",
        SVG "<foreignObject><meta http-equiv='refresh' content='0;url=x'/></foreignObject></svg>",
        "<!DOCTYPE svg [<!ENTITY a '&#60;script>a()&#60;/script>'>]>" SVG "&a;</svg>",
        "<!DOCTYPE svg [<!ENTITY a 'javascript:a()'>]>" SVG "<a href='&a;'/></svg>",
        "<!DOCTYPE svg [<!ENTITY a 'java'><!ENTITY num 'script'>]>" SVG
        "<a href='&a;&num;:a()'/></svg>",
        "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'a()'>]>" SVG "</svg>",
        "<!DOCTYPE svg [<!ENTITY n 'http://www.w3.org/2000/svg'>]><svg xmlns='&n;' onload='a()'/>",
        "<?xml-stylesheet type='text/xsl' href='#x'?><x/>",
        HTML "<script>a()</script></html>",
        NULL};
    expect(drawings, PAGE_XML, true);
}

TEST(test_drawings_that_wait)
{
    static const char *const drawings[] = {
        "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' "
        "'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd' "
        "[<!ENTITY ns_svg 'http://www.w3.org/2000/svg'><!-- it's only a comment, onwards -->"
        "<!ENTITY ns_ai 'http://ns.adobe.com/AdobeIllustrator/10.0/'>]>"
        "<svg xmlns='&ns_svg;'><switch><foreignObject requiredExtensions='&ns_ai;' width='1'/>"
        "<g><a xlink:href='https://a.example/'><path d='M0'/></a><use "
        "xlink:href='#S_1_'/></g></switch></svg>",
        SVG "<defs><filter id='f'><feImage "
            "href='data:image/svg+xml,x'/></filter><style>a{b:c}</style></defs>"
            "<image href='data:image/png;base64,AA=='/><title>a</title></svg>",
        SVG "<foreignObject><div "
            "xmlns='http://www.w3.org/1999/xhtml'>words</div></foreignObject></svg>",
        SVG "<sodipodi:namedview inkscape:onlayer='1' id='base'/></svg>",
        "<?xml-stylesheet type='text/css' href='a.css'?>" SVG "</svg>",
        "<Invoice xmlns='urn:oasis'><ds:Object "
        "xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></Invoice>",
        "<feed><script>words</script></feed>",
        NULL};
    expect(drawings, PAGE_XML, false);
}

TEST(test_encodings)
{
    assert_true(page_is_active(arena, SLICE("\xff\xfe<\0s\0c\0r\0i\0p\0t\0>\0"), PAGE_HTML));
    assert_true(page_is_active(arena, SLICE("<\0s\0c\0r\0i\0p\0t\0>\0"), PAGE_HTML));
    assert_true(page_is_active(arena, SLICE("\0<\0s\0c\0r\0i\0p\0t\0>"), PAGE_HTML));
    assert_true(
        page_is_active(arena, SLICE("<a b='\x1b$B'\x1b(B'><script>a()</script>"), PAGE_HTML));
    /* UTF-7, which browsers read no more */
    assert_false(page_is_active(arena, SLICE("+ADw-script+AD4-a()"), PAGE_HTML));
}

TEST(test_no_room_is_no_calm)
{
    struct arena *small = arena_new(16);
    assert_true(page_is_active(small, SLICE("<\0p\0>\0<\0p\0>\0<\0p\0>\0<\0p\0>\0"), PAGE_HTML));
    arena_free(&small);
}
