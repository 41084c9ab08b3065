/* SPDX-License-Identifier: ISC */
#include "load.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORD_MOST = 64, RESPONSE_ROOM = 256, SERIAL_SIZE = 20 };

#define SERIAL "Serial: %010lu\r\n"

/* The last line of a reply. */
static void expect(struct wire *w, const char *what, char kind)
{
    const char *line;
    while ((line = wire_line(w)) && strlen(line) > 3 && line[3] == '-')
        ;
    if (!line || *line != kind)
        load_fail(what, line);
}

static void log_in(struct wire *w, const char *user, const char *password)
{
    char said[2 * WORD_MOST + 2];
    unsigned char response[RESPONSE_ROOM];
    int size = snprintf(said, sizeof said, "%c%.*s%c%.*s", '\0', WORD_MOST, user, '\0', WORD_MOST,
                        password);
    expect(w, "greeting", '2');
    load_say(w, "EHLO client.gp.example\r\n");
    expect(w, "EHLO", '2');
    EVP_EncodeBlock(response, (unsigned char *)said, size);
    load_say(w, "AUTH PLAIN %s\r\n", response);
    expect(w, "AUTH", '2');
}

static void open_nothing(struct wire *w)
{
    (void)w;
}

static const char end[] = ".\r\n";
enum { END_SIZE = sizeof end - 1 };

/* The file behind a field that makes each another one, and what ends it, for one write. */
static const char *numbered(void)
{
    static atomic_ulong serial;
    static _Thread_local char *message;
    char field[SERIAL_SIZE + 1];
    if (!message && !(message = malloc(SERIAL_SIZE + load_size + END_SIZE)))
        load_fail("memory", "none");
    snprintf(field, sizeof field, SERIAL, ++serial);
    memcpy(message, field, SERIAL_SIZE);
    memcpy(message + SERIAL_SIZE, load_octets, load_size);
    memcpy(message + SERIAL_SIZE + load_size, end, END_SIZE);
    return message;
}

static size_t send_message(struct wire *w, unsigned number)
{
    (void)number;
    load_say(w, "MAIL FROM:<u@gp.example>\r\n");
    expect(w, "MAIL", '2');
    load_say(w, "RCPT TO:<r@far.example>\r\n");
    expect(w, "RCPT", '2');
    load_say(w, "DATA\r\n");
    expect(w, "DATA", '3');
    wire_write(w, numbered(), SERIAL_SIZE + load_size + END_SIZE);
    expect(w, "the message", '2');
    return SERIAL_SIZE + load_size;
}

static void command(struct wire *w, unsigned number)
{
    (void)number;
    load_say(w, "NOOP\r\n");
    expect(w, "NOOP", '2');
}

static void log_out(struct wire *w)
{
    load_say(w, "QUIT\r\n");
    expect(w, "QUIT", '2');
}

const struct load_protocol load_submission = {"submission", log_in,  open_nothing,
                                              send_message, command, log_out};
