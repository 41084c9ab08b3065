/* SPDX-License-Identifier: ISC */
#include "filters/pictures/qr.h"

#include "filters/cpu_budget.h"
#include "filters/pictures/zbar_seams.h"

#include <iconv.h>
#include <stdio.h>
#include <zbar.h>

enum { ISO_8859_MAX = 16, LARGE = 1 << 20 };

/* What codes may be written in (ECI), which the jail would not let be loaded. They stay open, or they
 * would be loaded again. */
static void load_charsets(void)
{
    static const char *const names[] = {"UTF-8", "SJIS", "BIG-5", "CP437"};
    char latin[24];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)iconv_open("UTF-8", names[i]);
    for (int i = 1; i <= ISO_8859_MAX; i++) {
        snprintf(latin, sizeof latin, "ISO8859-%d", i);
        (void)iconv_open("UTF-8", latin);
    }
}

static void ignore(void *ctx, struct slice text)
{
    (void)ctx, (void)text;
}

bool qr_warm_up(void)
{
    static uint8_t paper[64 * 64];
    struct grey empty = {64, 64, paper};
    load_charsets();
    return !qr_read(&empty, ignore, NULL);
}

/* Of a large picture every second row and column is enough: what a code is made of is larger there. */
static zbar_image_scanner_t *scanner_new(const struct grey *grey)
{
    int step = (uint64_t)grey->width * grey->height > LARGE ? 2 : 1;
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    if (!scanner)
        return NULL;
    zbar_image_scanner_request_dbus(scanner, 0);
    zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_X_DENSITY, step);
    zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_Y_DENSITY, step);
    return scanner;
}

static zbar_image_t *image_of(const struct grey *grey)
{
    zbar_image_t *image = zbar_image_create();
    if (!image)
        return NULL;
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, grey->width, grey->height);
    zbar_image_set_data(image, grey->pixels, (unsigned long)grey->width * grey->height, NULL);
    return image;
}

struct listener {
    void (*found)(void *ctx, struct slice text);
    void *ctx;
};

/* The number of codes; -1: memory was out. */
static int scan(const struct grey *grey, const struct listener *listener)
{
    zbar_image_scanner_t *scanner = scanner_new(grey);
    zbar_image_t *image = image_of(grey);
    zbar_lines_begin();
    int count = scanner && image ? zbar_scan_image(scanner, image) : -1;
    const zbar_symbol_t *code = count > 0 ? zbar_image_first_symbol(image) : NULL;
    for (; code; code = zbar_symbol_next(code))
        listener->found(listener->ctx, (struct slice){zbar_symbol_get_data(code),
                                                      zbar_symbol_get_data_length(code)});
    if (image)
        zbar_image_destroy(image);
    if (scanner)
        zbar_image_scanner_destroy(scanner);
    return count;
}

static void invert(struct grey *grey)
{
    size_t count = (size_t)grey->width * grey->height;
    for (size_t i = 0; i < count; i++)
        grey->pixels[i] ^= 0xff;
}

const char *qr_read(struct grey *grey, void (*found)(void *ctx, struct slice text), void *ctx)
{
    const struct listener listener = {found, ctx};
    int count = scan(grey, &listener);
    bool cut = zbar_lines_cut();
    if (count == 0 && !cut && !cpu_budget_spent(0)) {
        invert(grey);
        count = scan(grey, &listener);
        cut = zbar_lines_cut();
    }
    if (count < 0)
        return "memory";
    if (cpu_budget_spent(0))
        return CPU_BUDGET_SPENT;
    return cut ? "too intricate" : NULL;
}
