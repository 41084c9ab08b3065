/* SPDX-License-Identifier: ISC */
#include "parent/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

bool address_is_any(const struct ip *ip)
{
    const struct ip any = {.family = ip->family};
    return memcmp(ip->bytes, any.bytes, sizeof any.bytes) == 0;
}

bool address_is_loopback(const struct ip *ip)
{
    static const uint8_t one[16] = {[15] = 1};
    return ip->family == 4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, one, sizeof one) == 0;
}

static bool is_that(const struct sockaddr *address, const struct ip *ip)
{
    const void *bytes = NULL;
    if (address && address->sa_family == AF_INET && ip->family == 4)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6 && ip->family == 6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return bytes && memcmp(bytes, ip->bytes, ip->family == 4 ? 4 : 16) == 0;
}

/* By the list of them, as trying to bind one would tell nothing where ip_nonlocal_bind is set. */
bool address_is_ours(const struct ip *ip)
{
    struct ifaddrs *all = NULL;
    if (address_is_loopback(ip) || address_is_any(ip))
        return true;
    if (getifaddrs(&all) != 0)
        return false;
    bool found = false;
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
        found = is_that(one->ifa_addr, ip);
    freeifaddrs(all);
    return found;
}
