/* SPDX-License-Identifier: ISC */
#include "filters/pictures/zbar_seams.h"

#include <stdlib.h>

/* ---- lines: the linker puts this between the scanner and the reader of QR codes (--wrap) */

enum { ACROSS, DOWN };

static unsigned lines[2];

int __real__zbar_qr_found_line(void *reader, int direction, const void *line);
int __wrap__zbar_qr_found_line(void *reader, int direction, const void *line);

void zbar_lines_begin(void)
{
    lines[ACROSS] = lines[DOWN] = 0;
}

bool zbar_lines_cut(void)
{
    return lines[ACROSS] > ZBAR_LINES_MAX || lines[DOWN] > ZBAR_LINES_MAX;
}

int __wrap__zbar_qr_found_line(void *reader, int direction, const void *line)
{
    unsigned *count = &lines[direction ? DOWN : ACROSS];
    if (*count <= ZBAR_LINES_MAX)
        ++*count;
    return *count <= ZBAR_LINES_MAX ? __real__zbar_qr_found_line(reader, direction, line) : 0;
}

/* ---- D-Bus: zbar_image_scanner_request_dbus is off */

#define NEVER_CALLED(function)                                                                     \
    void function(void);                                                                           \
    void function(void)                                                                            \
    {                                                                                              \
        abort();                                                                                   \
    }

NEVER_CALLED(dbus_bus_get)
NEVER_CALLED(dbus_bus_release_name)
NEVER_CALLED(dbus_bus_request_name)
NEVER_CALLED(dbus_connection_flush)
NEVER_CALLED(dbus_connection_send)
NEVER_CALLED(dbus_error_free)
NEVER_CALLED(dbus_error_init)
NEVER_CALLED(dbus_error_is_set)
NEVER_CALLED(dbus_message_iter_append_basic)
NEVER_CALLED(dbus_message_iter_append_fixed_array)
NEVER_CALLED(dbus_message_iter_close_container)
NEVER_CALLED(dbus_message_iter_init_append)
NEVER_CALLED(dbus_message_iter_open_container)
NEVER_CALLED(dbus_message_new_signal)
NEVER_CALLED(dbus_message_unref)
