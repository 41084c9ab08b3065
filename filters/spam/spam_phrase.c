/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_walk.h"

#include <string.h>

static void say(struct spam_phrase *phrase, char c)
{
    if (phrase->len < sizeof phrase->room)
        phrase->room[phrase->len++] = c;
}

void spam_say(struct spam_phrase *phrase, struct slice text)
{
    size_t room = sizeof phrase->room - phrase->len, len = text.len < room ? text.len : room;
    if (len)
        memcpy(phrase->room + phrase->len, text.ptr, len);
    phrase->len += len;
}

void spam_say_number(struct spam_phrase *phrase, size_t number)
{
    if (number >= 10)
        spam_say_number(phrase, number / 10);
    say(phrase, (char)('0' + number % 10));
}

void spam_say_size(struct spam_phrase *phrase, size_t number)
{
    size_t bits = 0;
    for (; number; number >>= 1)
        bits++;
    spam_say_number(phrase, bits);
}

static char class_of(char c)
{
    if (ascii_digit(c))
        return '0';
    if (ascii_alpha(c))
        return c >= 'a' ? 'a' : 'A';
    return (unsigned char)c >= 0x80 ? '\xff' : c;
}

void spam_say_form(struct spam_phrase *phrase, struct slice text)
{
    char before = 0;
    for (size_t i = 0; i < text.len && phrase->len < sizeof phrase->room; i++) {
        char now = class_of(text.ptr[i]);
        if (now != before || now == '.')
            say(phrase, now);
        before = now;
    }
}

void spam_take_phrase(struct spam_walk *walk, enum spam_token token, struct spam_phrase *phrase)
{
    spam_take(walk, token, (struct slice){phrase->room, phrase->len});
    phrase->len = 0;
}
