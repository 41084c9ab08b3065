/* SPDX-License-Identifier: ISC */
#include "parent/parent_scrape.h"

#include "base/log.h"
#include "common/control.h"
#include "parent/parent_folder.h"
#include "parent/parent_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 16 };

bool scrape_wanted(const struct settings *settings)
{
    return settings->metrics_socket.len > 0 || settings->metrics_port > 0;
}

bool scrape_places_of(const struct settings *settings, struct scrape_places *out)
{
    out->port = settings->metrics_port;
    return slice_to_text(settings->metrics_socket, out->socket, sizeof out->socket);
}

bool scrape_places_same(const struct scrape_places *a, const struct scrape_places *b)
{
    return a->port == b->port && strcmp(a->socket, b->socket) == 0;
}

static int open_port(const struct ip *ip, uint16_t port)
{
    int fd = sockets_bind(ip, port, false);
    if (fd < 0 || listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static size_t open_ports(unsigned port, int *out)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    size_t count = 0;
    for (size_t i = 0; port && i < 2; i++) {
        struct ip ip = {0};
        int fd = ip_parse(slice_of(loopback[i]), &ip) ? open_port(&ip, (uint16_t)port) : -1;
        bool no_such = ip.family == 6 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
        if (fd >= 0)
            out[count++] = fd;
        else if (!no_such)
            log_at(LEVEL_ERROR, "", "no metrics on this port", field_str("address", loopback[i]),
                   field_num("port", port), field_str("reason", strerror(errno)));
    }
    return count;
}

size_t scrape_open(const struct scrape_places *places, int out[static SCRAPE_SOCKETS])
{
    size_t count = open_ports(places->port, out);
    if (!places->socket[0])
        return count;
    folders_above(places->socket);
    int fd = control_listen(places->socket, SOCK_STREAM);
    if (fd >= 0)
        out[count++] = fd;
    else
        log_at(LEVEL_ERROR, "", "no metrics on this socket", field_str("path", places->socket),
               field_str("reason", strerror(errno)));
    return count;
}

void scrape_close(const struct scrape_places *places)
{
    if (places->socket[0])
        control_remove(places->socket);
}
