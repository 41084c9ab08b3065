/* SPDX-License-Identifier: ISC */
#include "policy/dates.h"

enum { DAY = 86400, YEAR_MIN = 1970, YEAR_MAX = 9999 };

/* Neither a lie of more than a quarter nor "0 days". */
static bool fits(int64_t seconds, int64_t unit)
{
    return seconds >= 4 * unit || (seconds >= unit && seconds % unit == 0);
}

void duration_write(struct buf *out, int64_t milliseconds)
{
    static const struct {
        int64_t seconds;
        const char *word;
    } units[] = {{DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t seconds =
        milliseconds <= 0 ? 0 : milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0);
    size_t unit = 0;
    while (unit < 3 && !fits(seconds, units[unit].seconds))
        unit++;
    int64_t count = seconds / units[unit].seconds + (seconds % units[unit].seconds > 0 ? 1 : 0);
    buf_printf(out, "%lld %s%s", (long long)count, units[unit].word, count == 1 ? "" : "s");
}

struct date {
    int64_t year, month, day;
};

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

/* Days from 1970 to the first of January. */
static int64_t days_before(int64_t year)
{
    int64_t before = year - 1;
    return (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static struct date date_of(int64_t days)
{
    struct date date = {YEAR_MIN + days / 366, 1, 1};
    while (date.year < YEAR_MAX && days_before(date.year + 1) <= days)
        date.year++;
    for (days -= days_before(date.year); days >= days_of_month(date.year, date.month); date.month++)
        days -= days_of_month(date.year, date.month);
    date.day += days;
    return date;
}

void date_write(struct buf *out, int64_t seconds)
{
    int64_t last = days_before(YEAR_MAX + 1) * DAY - 1;
    seconds = seconds < 0 ? 0 : seconds > last ? last : seconds;
    struct date date = date_of(seconds / DAY);
    buf_printf(out, "%04lld-%02lld-%02lld %02lld:%02lld UTC", (long long)date.year,
               (long long)date.month, (long long)date.day, (long long)(seconds % DAY / 3600),
               (long long)(seconds % 3600 / 60));
}

/* A number of that many digits, from low to high. */
static bool take_number(struct slice *text, size_t digits, int64_t low, int64_t high, int64_t *out)
{
    *out = 0;
    if (text->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_digit(text->ptr[i]))
            return false;
        *out = *out * 10 + (text->ptr[i] - '0');
    }
    *text = slice_from(*text, digits);
    return *out >= low && *out <= high;
}

static bool take(struct slice *text, struct slice expected)
{
    bool there = slice_starts(*text, expected);
    if (there)
        *text = slice_from(*text, expected.len);
    return there;
}

bool date_parse(struct slice text, int64_t *seconds)
{
    struct date date;
    int64_t hour = 0, minute = 0;
    if (!take_number(&text, 4, YEAR_MIN, YEAR_MAX, &date.year) || !take(&text, SLICE("-")) ||
        !take_number(&text, 2, 1, 12, &date.month) || !take(&text, SLICE("-")) ||
        !take_number(&text, 2, 1, days_of_month(date.year, date.month), &date.day))
        return false;
    if (text.len > 0 && (!take(&text, SLICE(" ")) || !take_number(&text, 2, 0, 23, &hour) ||
                         !take(&text, SLICE(":")) || !take_number(&text, 2, 0, 59, &minute)))
        return false;
    take(&text, SLICE(" UTC"));
    int64_t days = days_before(date.year) + date.day - 1;
    for (int64_t month = 1; month < date.month; month++)
        days += days_of_month(date.year, month);
    *seconds = days * DAY + hour * 3600 + minute * 60;
    return text.len == 0;
}
