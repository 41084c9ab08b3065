/* SPDX-License-Identifier: ISC
 * Which messages have their sketches in common. */
#include "filters/spam/campaign_sketch.h"
#include "tests/filters/spam/spam_message.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(64 << 20);

static const uint8_t key[SPAM_KEY_SIZE] = "sixteen octets!",
                     other_key[SPAM_KEY_SIZE] = "sixteen others!";

#define PLAIN "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
#define HTML "From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"

#define OFFER                                                                                      \
    "we are pleased to tell you that the account committee has chosen your address among many "    \
    "thousands for the yearly payment of our foundation. To receive the amount in question you "   \
    "have to confirm your name and the number of your bank within three days, or the claim goes "  \
    "to somebody else. Our officer will guide you through each of the steps and answer whatever "  \
    "you may want to know about the transfer. "
#define ENDING "With kind regards from all of us in the office of the foundation."
#define MEETING                                                                                    \
    "the minutes of the meeting on Tuesday are attached. Please read the second page before the "  \
    "next one, since the builders asked whether the roof should be repaired this autumn or in "    \
    "spring, and the treasurer needs an answer for the insurance. Coffee and cake are on me this " \
    "time, and the projector has been mended. See you there, and bring the plans along."

static struct campaign_sketch sketch_with(const char *message,
                                          const uint8_t of[static SPAM_KEY_SIZE])
{
    struct examined examined;
    struct campaign_sketch sketch;
    struct spam_key words = spam_key_of(of);
    examine_for_spam(arena, slice_of(message), &examined);
    assert_true(campaign_sketch(arena, &examined.message, &examined.text, &words, &sketch));
    assert_true(sketch.made);
    return sketch;
}

static struct campaign_sketch sketch_of(const char *message)
{
    return sketch_with(message, key);
}

static size_t shared(const struct campaign_sketch *one, const struct campaign_sketch *other,
                     size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += one->digests[i] == other->digests[i];
    return count;
}

static size_t texts_shared(const char *one, const char *other)
{
    struct campaign_sketch a = sketch_of(one), b = sketch_of(other);
    assert_true(a.text && b.text);
    return shared(&a, &b, 0, CAMPAIGN_TEXT);
}

static size_t structures_shared(const char *one, const char *other)
{
    struct campaign_sketch a = sketch_of(one), b = sketch_of(other);
    assert_true(a.structure && b.structure);
    return shared(&a, &b, CAMPAIGN_TEXT, CAMPAIGN_DIGESTS);
}

TEST(test_a_sketch_is_a_function_of_message_and_key)
{
    struct campaign_sketch one = sketch_of(PLAIN OFFER), again = sketch_of(PLAIN OFFER),
                           elsewhere = sketch_with(PLAIN OFFER, other_key);
    assert_int_equal(shared(&one, &again, 0, CAMPAIGN_TEXT), CAMPAIGN_TEXT);
    assert_int_equal(shared(&one, &elsewhere, 0, CAMPAIGN_TEXT), 0);
}

TEST(test_names_greetings_numbers_and_marks_make_no_other_campaign)
{
    const char *first = PLAIN "Dear Anna Example, " OFFER
                              "Reference AB-12345, https://a.example/x?id=1 " ENDING,
               *second = PLAIN "Hello Bernhard, " OFFER
                               "Reference QX-99881, https://b.example/y/z?id=q81 " ENDING;
    assert_true(texts_shared(first, second) >= CAMPAIGN_TEXT_LEAST);
    assert_int_equal(texts_shared(PLAIN OFFER "47 11 ann@a.example http://a.example/long/path",
                                  PLAIN OFFER "12345678 joe@b.example http://b.example/"),
                     CAMPAIGN_TEXT);
}

TEST(test_a_sentence_more_or_another_one_makes_none)
{
    assert_true(texts_shared(PLAIN OFFER ENDING, PLAIN OFFER
                             "Hurry, the office closes early this week!") >= CAMPAIGN_TEXT_LEAST);
    assert_true(texts_shared(PLAIN OFFER, PLAIN "Good morning and good luck. " OFFER ENDING) >=
                CAMPAIGN_TEXT_LEAST);
}

TEST(test_case_blanks_and_whether_it_is_html_make_none)
{
    assert_int_equal(texts_shared(PLAIN "One two three four five six seven eight nine ten eleven "
                                        "twelve again thirteen fourteen fifteen sixteen seventeen "
                                        "eighteen nineteen twenty more",
                                  HTML "<p>ONE two  three four five\r\nsix seven <b>eight</b> nine "
                                       "ten eleven twelve again thirteen fourteen fifteen sixteen "
                                       "seventeen eighteen nineteen twenty more</p>"),
                     CAMPAIGN_TEXT);
}

TEST(test_what_has_nothing_to_do_with_each_other_shares_nothing)
{
    assert_int_equal(texts_shared(PLAIN OFFER ENDING, PLAIN MEETING), 0);
}

TEST(test_good_words_beside_it_take_less_than_half)
{
    assert_true(texts_shared(PLAIN OFFER ENDING, PLAIN OFFER ENDING MEETING) >= CAMPAIGN_TEXT_SOME);
}

TEST(test_of_few_words_or_of_few_different_ones_there_is_none)
{
    assert_false(sketch_of(PLAIN).text);
    assert_false(sketch_of(PLAIN "Hi, see you at eight. Bye, Ann").text);
    assert_false(sketch_of(PLAIN "https://a.example/ 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
                                 "19 20 21 22 23 24 a@b.example c@d.example")
                     .text);
    struct buf out = buf_init(1 << 20);
    buf_cstr(&out, PLAIN);
    for (size_t i = 0; i < 1000; i++)
        buf_cstr(&out, "buy it now ");
    assert_false(sketch_of(arena_cstr(arena, buf_slice(&out))).text);
    buf_release(&out);
}

TEST(test_letters_of_a_script_without_blanks_are_words)
{
    static const char letters[] = "\xe6\x82\xa8\xe5\xa5\xbd\xe8\xaf\xb7\xe7\x9c\x8b\xe8\xbf\x99\xe4"
                                  "\xb8\xaa\xe6\x96\xb0\xe7\x9a\x84\xe4\xba\xa7\xe5\x93\x81\xe5\xbe"
                                  "\x88\xe4\xbe\xbf\xe5\xae\x9c\xe9\x9d\x9e\xe5\xb8\xb8\xe5\xa5\xbd"
                                  "\xe7\x8e\xb0\xe5\x9c\xa8\xe5\xb0\xb1\xe4\xb9\xb0\xe6\x88\x91\xe4"
                                  "\xbb\xac\xe7\xad\x89\xe4\xbd\xa0\xe6\x9d\xa5\xe7\x94\xb5\xe8\xaf"
                                  "\x9d";
    const char *plain = arena_printf(arena, "%s%s", PLAIN, letters).ptr,
               *within = arena_printf(arena, "%s\xe4\xb8\x80%s", PLAIN, letters).ptr;
    assert_true(texts_shared(plain, within) >= CAMPAIGN_TEXT_LEAST);
}

/* ---- structure ---- */

static const char *page(const char *greeting, const char *text, const char *mark, unsigned rows)
{
    struct buf out = buf_init(1 << 20);
    buf_printf(&out, "%s<html><body bgcolor=\"#fff\"><h1 class=\"x\">%s</h1>", HTML, greeting);
    buf_printf(&out, "<p style=\"a\">%s</p><table width=\"600\">", text);
    for (unsigned i = 0; i < rows; i++)
        buf_printf(&out,
                   "<tr><td align=\"left\"><a href=\"https://t%u.example/go/%s%u?u=%s\"><img "
                   "src=\"http://i.example/%s.gif\" alt=\"\"></a></td>%s</tr>",
                   i, mark, i, mark, mark, i % 2 ? "<td colspan=\"2\"><br></td>" : "<td></td>");
    buf_cstr(&out, "</table><div id=\"f\"><span><font color=\"red\"><i><u>x</u></i></font></span>"
                   "<hr><ul><li><b></b></li><li></li></ul><form><input type=\"text\"></form></div>"
                   "<center><small><em></em></small></center></body></html>");
    const char *message = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    return message;
}

TEST(test_a_page_is_built_alike_whatever_it_says_and_however_long_its_marks_are)
{
    assert_int_equal(structures_shared(page("Hello", OFFER, "a1", 3),
                                       page("Goodbye", MEETING, "Zz9-longer_mark", 3)),
                     CAMPAIGN_STRUCTURE);
    assert_int_equal(texts_shared(page("Hello", OFFER, "a1", 3), page("Goodbye", MEETING, "a1", 3)),
                     0);
}

TEST(test_what_is_built_otherwise_is_not_alike)
{
    const char *other = HTML "<div><div class=a><p id=q>" OFFER
                             "<p><a name=x title=y href=/q/r/s>a</a><sub>b</sub><sup>c</sup><code>d"
                             "</code><pre>e</pre><blockquote>f</blockquote><dl><dt>g<dd>h<dt>i<dd>j"
                             "</dl><kbd>k</kbd><samp>l</samp><var>m</var><q>n</q><s>o</s><big>p"
                             "</big></div></div>";
    assert_true(structures_shared(page("Hello", OFFER, "a1", 3), other) < 2);
}

TEST(test_without_text_or_html_enough_there_is_no_structure)
{
    assert_false(sketch_of(page("Hello", "short", "a1", 9)).text);
    assert_false(sketch_of(page("Hello", "short", "a1", 9)).structure);
    assert_false(sketch_of(HTML "<p>" OFFER "</p>").structure);
    assert_false(sketch_of(PLAIN OFFER).structure);
}

/* ---- bounds ---- */

static const char *much(const char *head, const char *tag, size_t times)
{
    struct buf out = buf_init(64 << 20);
    buf_cstr(&out, head);
    for (size_t i = 0; i < times; i++)
        buf_printf(&out, "<%s a%zx><%s b%zx>", tag, i * 7919 % 65536, tag, i);
    const char *message = arena_cstr(arena, buf_slice(&out));
    assert_non_null(message);
    buf_release(&out);
    return message;
}

TEST(test_of_a_huge_page_the_beginning_counts)
{
    const char *one = much(page("Hello", OFFER, "a", 3), "p", MANY(200000, 20000)),
               *other = much(page("Hello", OFFER, "a", 3), "i", 8);
    assert_true(sketch_of(one).structure);
    assert_true(structures_shared(one, one) == CAMPAIGN_STRUCTURE);
    assert_true(structures_shared(one, other) < CAMPAIGN_STRUCTURE);
}

TEST(test_what_stands_behind_as_many_words_as_are_read_changes_nothing)
{
    static char words[1 << 20];
    size_t len = 0;
    memset(words, 0, sizeof words);
    len += (size_t)snprintf(words, sizeof words, "%s", PLAIN);
    for (unsigned i = 0; i < CAMPAIGN_WORDS_MAX + 10; i++) {
        unsigned at = i * 31337 % 17576;
        len += (size_t)snprintf(words + len, sizeof words - len, "%c%c%c\r\n", 'a' + at % 26,
                                'a' + at / 26 % 26, 'a' + at / 676);
    }
    const char *shorter = arena_cstr(arena, (struct slice){words, len});
    snprintf(words + len, sizeof words - len, "%s", MEETING);
    assert_int_equal(texts_shared(shorter, words), CAMPAIGN_TEXT);
}

TEST(test_where_the_arena_is_full_there_is_none)
{
    struct examined examined;
    struct campaign_sketch sketch;
    struct spam_key words = spam_key_of(key);
    struct arena *small = arena_new(16);
    examine_for_spam(arena, slice_of(page("Hello", OFFER, "a", 3)), &examined);
    assert_false(campaign_sketch(small, &examined.message, &examined.text, &words, &sketch));
    arena_free(&small);
}
