/* SPDX-License-Identifier: ISC
 * What the kernel was told, as it stands in /proc/sys. */
#include "console/transparent/host_missing.h"
#include "console/transparent/switches.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The value of a switch; -1: there is none, as of IPv6 in a kernel without it. */
static int value_of(const char *path)
{
    char name[PATH_MAX], digit = '\0';
    int length = snprintf(name, sizeof name, "/proc/sys/%s", path);
    if (length < 0 || (size_t)length >= sizeof name)
        return -1;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, &digit, 1);
    close(fd);
    return n == 1 && ascii_digit(digit) ? digit - '0' : -1;
}

static void check_switch(struct host_check *check, const struct kernel_switch *wanted)
{
    int value = value_of(wanted->path);
    if (value == wanted->value || (value < 0 && wanted->optional))
        return;
    struct buf what = buf_init(PATH_MAX + 200), mend = buf_init(PATH_MAX + 200);
    if (value < 0)
        buf_printf(&what, "/proc/sys/%s is not there", wanted->path);
    else
        buf_printf(&what, "/proc/sys/%s is %d (%s)", wanted->path, value, wanted->why);
    buf_printf(&mend, "sysctl -w %s=%d", wanted->path, wanted->value);
    host_lacks(check, buf_slice(&what), buf_slice(&mend));
    buf_release(&what);
    buf_release(&mend);
}

/* Of an interface counts what it says itself, or what `all` says, whichever is more. */
static void check_interfaces(struct host_check *check)
{
    char path[PATH_MAX];
    DIR *folder = opendir("/proc/sys/net/ipv4/conf");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        bool is_interface = entry->d_name[0] != '.' && strcmp(entry->d_name, "all") != 0 &&
                            strcmp(entry->d_name, "default") != 0;
        int length = snprintf(path, sizeof path, "net/ipv4/conf/%s/src_valid_mark", entry->d_name);
        struct kernel_switch wanted = {.path = path, .optional = true, .why = SWITCH_VALID_MARK};
        if (is_interface && length > 0 && (size_t)length < sizeof path)
            check_switch(check, &wanted);
    }
    if (folder)
        closedir(folder);
}

void host_check_sysctls(struct host_check *check)
{
    struct kernel_switch wanted[SWITCHES_MAX];
    size_t count = kernel_switches(check->plan, check->options, wanted);
    for (size_t i = 0; i < count; i++)
        check_switch(check, &wanted[i]);
    if (capture_plan_has(check->plan, 4))
        check_interfaces(check);
}
