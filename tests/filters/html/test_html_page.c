/* SPDX-License-Identifier: ISC */
#include "filters/html/html_words.h"

#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is seen: '|' between paragraphs, '/' between lines, '_' for another gap. */
static struct buf seen;

static void take_text(void *ctx, struct slice text)
{
    (void)ctx;
    buf_append(&seen, text);
}

static void take_gap(void *ctx, enum html_gap gap)
{
    (void)ctx;
    buf_char(&seen, gap == HTML_PARAGRAPH ? '|' : gap == HTML_LINE ? '/' : '_');
}

static void see(struct slice html, bool all)
{
    const struct html_listener listener = {.text = take_text, .gap = take_gap, .all = all};
    buf_release(&seen);
    seen = buf_init(16 << 20);
    assert_true(html_listen(html, &listener));
}

static void free_seen(void)
{
    buf_release(&seen);
}

EACH_TEST(NULL, free_seen);

static void shows(const char *html, const char *expected)
{
    see(slice_of(html), false);
    buf_char(&seen, '\0');
    if (strcmp(buf_slice(&seen).ptr, expected) != 0)
        fprintf(stderr, "for: %s\n", html);
    assert_string_equal(buf_slice(&seen).ptr, expected);
}

TEST(test_text_and_what_stands_between)
{
    shows("a<b>b</b>c", "abc");
    shows("<p>a</p><p>b</p>", "|a||b|");
    shows("a<br>b<br/>c</br>d", "a/b/c/d");
    shows("<table><tr><td>a<td>b<tr><td>c</table>", "||_a_b|_c|");
    shows("<ul><li>a<li>b</ul>c", "||a|b|c");
    shows("a<wbr>b<img>c<span>d</span>", "abcd");
    shows("<div style='display:inline'>a</div><div style='display: inline-block'>b</div>", "ab");
    shows("a<span style='display:block'>b</span>c", "a|b|c");
}

TEST(test_what_is_no_text_is_left_out)
{
    shows("<head><title>t</title><style>s</style></head>a<script>b</script><!-- c -->d", "||ad");
    shows("a<iframe>b</iframe><template>c</template><noframes>d</noframes>e", "ae");
    shows("a<noscript><b>b</b></noscript><textarea>c</textarea>", "abc");
    shows("a<!--[if mso]>b<![endif]-->c<![if !mso]>d<![endif]>e", "acde");
    shows("<rp>(</rp>a<datalist><option>b</datalist>c", "ac");
}

TEST(test_what_a_style_hides_is_left_out)
{
    static const char *const hide[] = {
        "display:none",
        "DISPLAY : None ! important",
        "display/**/:/* */none",
        "color:red;display:none;",
        "display:block;display:none",
        "display:none;display:nonsense",
        "visibility:hidden",
        "visibility:collapse",
        "font-size:0",
        "font-size:0px",
        "font-size: 1px",
        "font-size:.5pt",
        "font-size:0%",
        "font-size:0.01em",
        "font:0/0 a",
        "font: bold 0px Arial",
        "opacity:0",
        "opacity: 0.0",
        "opacity:0%",
        "opacity:.01",
        "max-height:0;overflow:hidden",
        "height:0px; overflow: hidden auto",
        "width:0;overflow:hidden",
        "max-width:0;overflow:clip",
        "position:absolute;left:-9999px",
        "position:fixed;top:-1000px",
        "text-indent:-9999px",
        "text-indent: -100em",
        "color:#fff",
        "color:#fffffe",
        "color:white",
        "color:rgb(255,255,255)",
        "color:rgb(100%, 100%, 100%)",
        "color:rgba(0,0,0,0)",
        "color:#0000",
        "color:transparent",
        "background:#000",
        "background:#123456;color:#123456",
        "background:no-repeat #123456;color:#133457",
    };
    for (size_t i = 0; i < sizeof hide / sizeof *hide; i++) {
        char html[256];
        snprintf(html, sizeof html, "a<span style=\"%s\">b</span>c", hide[i]);
        shows(html, "ac");
    }
}

TEST(test_what_a_style_does_not_hide_is_shown)
{
    static const char *const show[] = {
        "display:none;display:inline",
        "display:none;display:-webkit-inline-box",
        "display:none !important;display:inline !important",
        "display:nonsense",
        "display",
        "x-display:none",
        "content:'; display:none'",
        "background:url(data:x;display:none)",
        "/* display:none */",
        "visibility:visible",
        "font-size:10px",
        "font-size:small",
        "font-size:0nonsense",
        "font-size:1em",
        "font: 12px/0 Arial",
        "font:400 12px Arial",
        "opacity:1",
        "opacity:.5",
        "max-height:0",
        "overflow:hidden",
        "height:10px;overflow:hidden",
        "height:auto;overflow:hidden",
        "left:-9999px",
        "position:absolute;left:-1px",
        "text-indent:-20px",
        "color:#000",
        "color:#eee",
        "color:nonsense",
        "color:hsl(0,0%,100%)",
        "color:white;background:black",
        "color:white;background:url(x.png)",
        "color:white;background-image:linear-gradient(red, blue)",
        "color:#ff",
    };
    for (size_t i = 0; i < sizeof show / sizeof *show; i++) {
        char html[256];
        snprintf(html, sizeof html, "a<i style=\"%s\">b</i>c", show[i]);
        see(slice_of(html), false);
        if (slice_find(buf_slice(&seen), 'b') == buf_len(&seen))
            fprintf(stderr, "for: %s\n", html);
        assert_true(slice_find(buf_slice(&seen), 'b') < buf_len(&seen));
    }
}

TEST(test_attributes_hide_as_styles_do)
{
    shows("a<span hidden>b</span>c", "ac");
    shows("a<span hidden style='display:inline'>b</span>c", "abc");
    shows("a<font color=white>b</font>c", "ac");
    shows("a<font color=\"#FFF\">b</font>c", "ac");
    shows("a<font color=ffffff>b</font>c", "ac");
    shows("<body bgcolor=black><font color=white>a</font>b", "|a");
    shows("<body bgcolor=black text=white>a", "|a");
    shows("<table bgcolor=black><td><font color=white>a</font></table>", "|_a|");
    shows("<table background=x.png><td><font color=white>a</font></table>", "|_a|");
    shows("a<span style='font-size:0'><font size=2>b</font></span>c", "abc");
    shows("a<span style='&#100;isplay:none'>b</span>c", "ac");
    shows("a<i style='color:black' style='display:none'>b</i>c", "abc");
    shows("a<font color=black color=white>b</font>c", "abc");
}

TEST(test_what_is_within_inherits)
{
    shows("a<div style='display:none'>b<p style='display:block'>c</p></div>d", "ad");
    shows("a<i style='visibility:hidden'>b<b style='visibility:visible'>c</b></i>d", "acd");
    shows("a<i style='font-size:0'>b<b style='font-size:12px'>c</b><b "
          "style='font-size:2em'>d</b></i>",
          "ac");
    shows("a<i style='opacity:0'>b<b style='opacity:1'>c</b></i>d", "ad");
    shows("<i style='color:#fff'>a<b style='background:#000'>b</b></i>", "b");
    shows("<i style='color:#fff'>a<a>b</a></i>", "b");
    shows("<div style='background:#000'><p style='background:transparent;color:#fff'>a", "||a");
}

TEST(test_hidden_text_parts_no_word)
{
    shows("ver<span style='display:none'>x</span>ify", "verify");
    shows("ver<div style='display:none'>x</div>ify", "verify");
    shows("ver<p hidden>x<br>y</p>ify", "verify");
    shows("ver<br style='display:none'>ify", "verify");
}

TEST(test_an_element_ends_where_browsers_end_it)
{
    shows("<p style='display:none'>a<p>b", "|b");
    shows("<p style='display:none'>a<div>b", "|b");
    shows("<ul><li hidden>a<li>b</ul>", "||b|");
    shows("<ul><li>x<ul><li hidden>a<li>b</ul>c</ul>", "||x||b|c|");
    shows("<table><td hidden>a<td>b<tr><td>c</table>", "|_b|_c|");
    shows("<div hidden>a</span>b</div>c", "c");
    shows("<span hidden>a<div>b</span>c</div></span>d", "d");
    shows("<font color=white><p>a</font>b", "||b");
    shows("<div hidden><table><td></div>a</table></div>b", "b");
    shows("<div hidden>a", "");
    shows("</div>a</p>b", "|a|b");
}

TEST(test_rules_of_style_elements)
{
    shows("<style>.h{display:none}</style>a<i class=h>b</i>c", "ac");
    shows("<style>.h{display:none}</style>a<i class='x h y'>b</i>c", "ac");
    shows("a<i class=h>b</i>c<style>.x , .h { color : red ; display:none }</style>", "ac");
    shows("<style>#h{font-size:0}</style>a<i id=h>b</i>c", "ac");
    shows("<style>i{opacity:0}</style>a<i>b</i>c", "ac");
    shows("<style>i.h{opacity:0}</style><b class=h>a</b><i class=h>b</i>", "a");
    shows("<style><!-- .h{display:none} --></style>a<i class=h>b</i>", "a");
    shows("<style>@import 'x'; @font-face{src:url(x)} .h{display:none}</style>a<i class=h>b</i>",
          "a");
    shows("<style>@media all{.h{display:none}}</style>a<i class=h>b</i>", "a");
    shows("<style>/* } */ .h{display:none}</style>a<i class=h>b</i>", "a");
    shows("<style>.h{display:none}</style><i class=h style='display:inline'>b</i>", "b");
    shows("<style>.h{display:none!important}</style><i class=h style='display:inline'>b</i>", "");
    shows("<style>.h{display:none}#s{display:inline}</style><i class=h id=s>b</i>", "b");
    shows("<style>.h{display:none}.h{display:inline}</style><i class=h>b</i>", "b");
    shows("<!--[if mso]><style>i{display:none}</style><![endif]--><i>b</i>", "b");
}

TEST(test_rules_that_may_not_count_hide_nothing)
{
    shows("<style>@media print{.h{display:none}}</style><i class=h>b</i>", "b");
    shows("<style media=print>.h{display:none}</style><i class=h>b</i>", "b");
    shows("<style>div .h{display:none}</style><i class=h>b</i>", "b");
    shows("<style>.h:hover{display:none}</style><i class=h>b</i>", "b");
    shows("<style>.a.b{display:none}</style><i class=a>b</i>", "b");
    shows("<style>.h{display:none} @media (max-width:9px){.h{display:inline}}</style><i "
          "class=h>b</i>",
          "b");
    shows("<style>.h{display:none} p .h{display:inline}</style><i class=h>b</i>", "b");
    shows("<style>.h{display:none} [x]{display:inline}</style><i class=h>b</i>", "b");
    shows("<style>@media (x){.h{display:inline!important}}</style><i class=h "
          "style='display:none'>b</i>",
          "b");
    shows("<style>p .h{background:#000}</style><i class=h style='color:#fff'>b</i>", "b");
    shows("<style>@media print{} .h{display:none}</style>a<i class=h>b</i>", "a");
    shows("<style>@supports (x:y){@media all{.h{display:none}}} .k{display:none}</style>"
          "<i class=h>b</i><i class=k>c</i>",
          "b");
}

TEST(test_all_is_told_where_it_is_asked_for)
{
    see(SLICE("<title>t</title>a<i hidden>b</i><style>c</style>"), true);
    assert_true(slice_eq(buf_slice(&seen), SLICE("tab")));
}

/* ---- bounds ---- */

static void repeat(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_cstr(out, text);
}

TEST(test_past_the_deepest_element_all_is_seen)
{
    struct buf html = buf_init(1 << 20);
    buf_cstr(&html, "<div hidden>");
    repeat(&html, "<div>", HTML_NESTED_MAX - 2);
    buf_cstr(&html, "a");
    repeat(&html, "<i>", 2);
    buf_cstr(&html, "b");
    see(buf_slice(&html), false);
    buf_release(&html);
    struct slice text = buf_slice(&seen);
    assert_int_equal(slice_find(text, 'a'), text.len);
    assert_true(slice_find(text, 'b') < text.len);
}

TEST(test_a_sheet_that_is_too_large_hides_nothing)
{
    struct buf html = buf_init(1 << 20);
    buf_cstr(&html, "<style>.h{display:none}");
    for (size_t i = 0; i < 600; i++)
        buf_printf(&html, ".c%zu{display:none}", i);
    buf_cstr(&html, "</style><i class=h>b</i>");
    see(buf_slice(&html), false);
    buf_release(&html);
    assert_true(slice_eq(buf_slice(&seen), SLICE("b")));
}

/* Of the processor: other work on the machine does not count. */
static void look_in_time(const char *name, struct slice html)
{
    enum { SECONDS_MOST = 5 };
    clock_t before = clock();
    see(html, false);
    if (clock() - before > SECONDS_MOST * CLOCKS_PER_SEC)
        fail_msg("%s takes too long", name);
}

TEST(test_time_is_linear)
{
    static const char *const pieces[] = {"<div>",
                                         "<p>",
                                         "<i style='color:#fff;display:none;font:1px x'>",
                                         "</x>",
                                         "<b></p>",
                                         "<style>",
                                         "<style>.a{display:none}</style>",
                                         "<i class='a b c d e f g h i j'>",
                                         "&am",
                                         "<td>",
                                         "<a b='",
                                         "<i style='/*'>",
                                         "/*",
                                         "<li></ul>"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf html = buf_init(8 << 20);
        repeat(&html, pieces[i], (1 << 20) / strlen(pieces[i]));
        look_in_time(pieces[i], buf_slice(&html));
        buf_release(&html);
    }
}

TEST(test_a_style_of_any_form_takes_linear_time)
{
    static const char *const pieces[] = {".a{display:none}",
                                         "@media x{",
                                         "}",
                                         "{",
                                         "/*",
                                         "/**/",
                                         "'",
                                         "(",
                                         ".a,",
                                         ".a.b ",
                                         "a{b:c/**/;",
                                         "\\",
                                         "<!--",
                                         "@x;",
                                         ".c{color:red;background:url(x)}\n"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf html = buf_init(8 << 20);
        buf_cstr(&html, "<style>");
        repeat(&html, pieces[i], 250000 / strlen(pieces[i]));
        buf_cstr(&html, "</style><i class=a>b</i><i style=\"");
        repeat(&html, pieces[i], 250000 / strlen(pieces[i]));
        buf_cstr(&html, "\">b</i>");
        look_in_time(pieces[i], buf_slice(&html));
        buf_release(&html);
    }
}
