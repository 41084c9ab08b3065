/* SPDX-License-Identifier: ISC */
#include "filters/archive/passwords.h"

#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct passwords read_words;
static struct slice list[PASSWORDS_MAX];
static size_t count;

static void read_text(const char *text, const char *name)
{
    read_words = passwords_none();
    passwords_read(&read_words, slice_of(text));
    count = passwords_list(&read_words, slice_of(name), list);
}

static size_t place_of(const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(list[i], slice_of(word)))
            return i;
    return PASSWORDS_MAX;
}

static void expect(const char *text, const char *password)
{
    read_text(text, "a.zip");
    if (place_of(password) == PASSWORDS_MAX)
        fprintf(stderr, "for: %s\n", text);
    assert_true(place_of(password) < PASSWORDS_MAX);
}

TEST(test_what_stands_behind_the_word)
{
    expect("The password is: Secret!", "Secret");
    expect("The password is: Secret!", "Secret!");
    expect("Password: abc", "abc");
    expect("pass=abc-x", "abc-x");
    expect("Das Passwort f\xc3\xbcr die Datei lautet Sommer.", "Sommer");
    expect("mot de passe : soleil", "soleil");
    expect("Contrase\xc3\xb1"
           "a: sol",
           "sol");
    expect("\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c: abc", "abc");
    expect("\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a"
           "abcd",
           "abcd");
    expect("code\r\n\r\n  qwe", "qwe");
}

TEST(test_words_with_digits_or_in_quotes)
{
    expect("open it with X7-y please", "X7-y");
    expect("open it with 'hello'.", "hello");
    expect("open it with \xe2\x80\x9ehello\xe2\x80\x9d.", "hello");
    expect("open it with \"two words\".", "two words");
}

TEST(test_what_many_use_and_the_name)
{
    read_text("", "C:\\a\\invoice77.zip");
    assert_int_equal(count, 4);
    assert_true(place_of("infected") < place_of("invoice77"));
}

TEST(test_likely_ones_come_first_and_each_once)
{
    read_text("number 4711 or 4712, password 4711", "a.zip");
    assert_int_equal(place_of("4711"), 0);
    assert_true(place_of("4712") > place_of("infected"));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(slice_eq(list[i], list[k]));
}

TEST(test_others_are_left_out)
{
    read_text("plain words, passable codes 12 " /* too short, and too long: */
              "1234567890123456789012345678901234567890",
              "a.zip");
    assert_int_equal(count, 3);
}

TEST(test_there_are_never_more_than_are_tried)
{
    char text[65536];
    size_t n = 0;
    for (int i = 0; n + 40 < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "password p%d \"q%d\" ", i, i);
    read_text(text, "name1.zip");
    assert_true(count <= PASSWORDS_MAX);
    assert_true(place_of("infected") < count);
}

TEST(test_every_beginning_is_read)
{
    static const char text[] = "pass\"word: 'a1\xc3\xab' \"\xe2\x80\x9c\xd0\x9f\xef\xbc\x9a=\"\n\"";
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, text, len);
        read_words = passwords_none();
        passwords_read(&read_words, (struct slice){copy, len});
        passwords_list(&read_words, (struct slice){copy, len}, list);
        free(copy);
    }
}
