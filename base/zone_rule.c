/* SPDX-License-Identifier: ISC */
#include "base/zone_rule.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, HOURS_MOST = 167, YEAR = 1970 };

/* ---- reading ---- */

static bool take(struct slice *text, char c)
{
    bool is = text->len && text->ptr[0] == c;
    *text = slice_from(*text, is);
    return is;
}

static bool take_number(struct slice *text, int low, int high, int *out)
{
    size_t n = 0;
    int number = 0;
    while (n < text->len && n < 3 && ascii_digit(text->ptr[n]))
        number = number * 10 + (text->ptr[n++] - '0');
    *text = slice_from(*text, n);
    *out = number;
    return n > 0 && number >= low && number <= high;
}

/* CET, or <+0530>; nobody asks for it. */
static bool pass_name(struct slice *text)
{
    size_t n = 0;
    if (take(text, '<')) {
        n = slice_find(*text, '>');
        *text = slice_from(*text, n);
        return take(text, '>');
    }
    while (n < text->len && ascii_alpha(text->ptr[n]))
        n++;
    *text = slice_from(*text, n);
    return n >= 3;
}

/* hh, hh:mm, hh:mm:ss, with a sign or without. */
static bool take_time(struct slice *text, int32_t *out)
{
    int hours, minutes = 0, seconds = 0;
    bool negative = take(text, '-');
    if (!negative)
        take(text, '+');
    if (!take_number(text, 0, HOURS_MOST, &hours) ||
        (take(text, ':') && !take_number(text, 0, 59, &minutes)) ||
        (take(text, ':') && !take_number(text, 0, 59, &seconds)))
        return false;
    int32_t time = hours * HOUR + minutes * MINUTE + seconds;
    *out = negative ? -time : time;
    return true;
}

/* TZ counts west of Greenwich. */
static bool take_offset(struct slice *text, int32_t *out)
{
    int32_t west;
    if (!take_time(text, &west) || west <= -DAY - HOUR || west >= DAY + HOUR)
        return false;
    *out = -west;
    return true;
}

static bool take_day(struct slice *text, struct zone_change *out)
{
    if (take(text, 'M')) {
        out->kind = ZONE_DAY_OF_WEEK;
        return take_number(text, 1, 12, &out->month) && take(text, '.') &&
               take_number(text, 1, 5, &out->week) && take(text, '.') &&
               take_number(text, 0, 6, &out->day);
    }
    out->kind = take(text, 'J') ? ZONE_DAY_JULIAN : ZONE_DAY_OF_YEAR;
    return take_number(text, out->kind == ZONE_DAY_JULIAN, 365, &out->day);
}

static bool take_change(struct slice *text, struct zone_change *out)
{
    out->time = 2 * HOUR;
    return take(text, ',') && take_day(text, out) &&
           (!take(text, '/') || take_time(text, &out->time));
}

bool zone_rule_read(struct slice text, struct zone *out)
{
    out->has_rule = pass_name(&text) && take_offset(&text, &out->standard);
    if (!out->has_rule || text.len == 0)
        return out->has_rule;
    out->has_summer = true;
    if (!pass_name(&text))
        return false;
    out->summer = out->standard + HOUR;
    return (slice_starts(text, SLICE(",")) || take_offset(&text, &out->summer)) &&
           take_change(&text, &out->begins) && take_change(&text, &out->ends) && text.len == 0;
}

/* ---- the calendar ---- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t floor_of(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* From the beginning of the year 1 on. */
static int64_t leap_days_before(int64_t year)
{
    return floor_of(year - 1, 4) - floor_of(year - 1, 100) + floor_of(year - 1, 400);
}

/* Days from the first of January 1970 to that of a year. */
static int64_t days_before(int64_t year)
{
    return 365 * (year - YEAR) + leap_days_before(year) - leap_days_before(YEAR);
}

/* Calendars repeat after 400 years. */
static int64_t year_of(int64_t day)
{
    enum { CYCLE = 400 * 365 + 97 };
    int64_t cycles = floor_of(day, CYCLE), year = YEAR + 400 * cycles;
    year += (day - CYCLE * cycles) / 366;
    while (days_before(year + 1) <= day)
        year++;
    return year;
}

/* Of a year, from 0. */
static int day_of_month(bool leap, int month)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return before[month - 1] + (leap && month > 2);
}

/* Week 5 is the last, which may be the fourth. */
static int64_t day_of_week(int64_t year, const struct zone_change *change)
{
    bool leap = is_leap(year);
    int64_t first = days_before(year) + day_of_month(leap, change->month);
    int64_t next = change->month == 12 ? days_before(year + 1)
                                       : days_before(year) + day_of_month(leap, change->month + 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* from Sunday */
    int64_t week = change->week - 1;
    int64_t day = first + (change->day - weekday + 7) % 7 + 7 * week;
    return day < next ? day : day - 7;
}

/* In seconds since 1970, for clocks that are not ahead of Greenwich. */
static int64_t moment_of(int64_t year, const struct zone_change *change)
{
    int64_t day = days_before(year) + change->day;
    if (change->kind == ZONE_DAY_OF_WEEK)
        day = day_of_week(year, change);
    else if (change->kind == ZONE_DAY_JULIAN)
        day += (is_leap(year) && change->day >= 60) - 1;
    return day * DAY + change->time;
}

int32_t zone_rule_offset(const struct zone *zone, int64_t now)
{
    if (!zone->has_summer)
        return zone->standard;
    int64_t there = now + zone->standard;
    int64_t year = year_of(floor_of(there, DAY));
    int64_t begins = moment_of(year, &zone->begins) - zone->standard,
            ends = moment_of(year, &zone->ends) - zone->summer;
    bool summer = begins < ends ? now >= begins && now < ends : now >= begins || now < ends;
    return summer ? zone->summer : zone->standard;
}
