/* SPDX-License-Identifier: ISC */
#include "filters/documents/rtf_data.h"

struct rtf_data rtf_data_begin(size_t max, void *ctx, bool (*object)(void *, struct slice))
{
    return (struct rtf_data){.max = max, .ctx = ctx, .object = object};
}

static void start(struct rtf_digits *digits, size_t max)
{
    *digits = (struct rtf_digits){.octets = buf_init(max), .high = -1};
}

static void hand_out(struct rtf_data *data, struct rtf_digits *digits)
{
    struct slice octets = buf_slice(&digits->octets);
    data->failed = data->failed || digits->octets.failed;
    if (octets.len && !data->stopped)
        data->stopped = !data->object(data->ctx, octets);
    digits->high = -1;
}

void rtf_data_open(struct rtf_data *data, size_t depth)
{
    if (data->count && data->depths[data->count - 1] == depth) {
        struct rtf_digits *again = &data->strict[data->count - 1];
        data->differs = data->differs || buf_len(&again->octets) > 0 || again->high >= 0;
        hand_out(data, again);
        buf_clear(&again->octets);
        return;
    }
    if (data->count == RTF_DATA_NESTED_MAX) {
        data->failed = true;
        return;
    }
    if (data->count == 0)
        start(&data->all, data->max);
    data->differs = data->count > 0;
    start(&data->strict[data->count], data->max);
    data->depths[data->count++] = depth;
}

static void close_last(struct rtf_data *data)
{
    struct rtf_digits *last = &data->strict[--data->count];
    hand_out(data, last);
    buf_release(&last->octets);
    if (data->count)
        return;
    if (data->differs)
        hand_out(data, &data->all);
    buf_release(&data->all.octets);
}

void rtf_data_close(struct rtf_data *data, size_t depth)
{
    if (data->count && data->depths[data->count - 1] == depth)
        close_last(data);
}

static void add_digits(struct rtf_digits *digits, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0)
            continue;
        if (digits->high >= 0)
            buf_char(&digits->octets, (char)(digits->high << 4 | digit));
        digits->high = digits->high >= 0 ? -1 : digit;
    }
}

static bool has_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_digit(text.ptr[i]) >= 0)
            return true;
    return false;
}

void rtf_data_text(struct rtf_data *data, struct slice text, bool inside)
{
    if (data->count == 0)
        return;
    add_digits(&data->all, text);
    if (inside)
        add_digits(&data->strict[data->count - 1], text);
    else
        data->differs = data->differs || has_digits(text);
}

/* Half an octet before raw ones is dropped, or has its other half behind them. */
void rtf_data_raw(struct rtf_data *data, struct slice octets, bool inside)
{
    if (data->count == 0)
        return;
    struct rtf_digits *strict = &data->strict[data->count - 1];
    data->differs = data->differs || !inside || strict->high >= 0;
    buf_append(&data->all.octets, octets);
    if (inside) {
        strict->high = -1;
        buf_append(&strict->octets, octets);
    }
}

void rtf_data_octet(struct rtf_data *data, char octet)
{
    static const char digits[] = "0123456789abcdef";
    char text[2] = {digits[(unsigned char)octet >> 4], digits[octet & 0xf]};
    rtf_data_text(data, (struct slice){text, 2}, false);
}

void rtf_data_end(struct rtf_data *data)
{
    while (data->count)
        close_last(data);
}
