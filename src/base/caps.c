#include "base/caps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "base/str.h"

#include "base/banned.h"

#define BIT(name) (UINT64_C(1) << CAP_##name)

/* In the order of linux/capability.h; the index is the number. */
static const char *const names[CAPS_LAST + 1] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

const char *caps_name(unsigned int bit)
{
	return bit <= CAPS_LAST ? names[bit] : NULL;
}

struct error *caps_parse(const char *name, unsigned int *ret_bit)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
	char *quoted autofree = NULL;

	for (unsigned int bit = 0; bit <= CAPS_LAST; bit++) {
		if (strcasecmp(names[bit] + strlen("CAP_"), bare) == 0) {
			*ret_bit = bit;
			return NULL;
		}
	}
	quoted = str_quote(name);
	return error_new(ERROR_BAD_INPUT, "%s is not a capability", quoted);
}

uint64_t caps_default(void)
{
	return BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FOWNER) | BIT(FSETID) | BIT(KILL) |
	       BIT(NET_BIND_SERVICE) | BIT(SETFCAP) | BIT(SETGID) | BIT(SETPCAP) | BIT(SETUID) |
	       BIT(SYS_CHROOT);
}

uint64_t caps_of_host_only(void)
{
	return BIT(AUDIT_CONTROL) | BIT(AUDIT_READ) | BIT(AUDIT_WRITE) | BIT(BLOCK_SUSPEND) |
	       BIT(BPF) | BIT(LINUX_IMMUTABLE) | BIT(MAC_ADMIN) | BIT(MAC_OVERRIDE) | BIT(MKNOD) |
	       BIT(PERFMON) | BIT(SYSLOG) | BIT(SYS_MODULE) | BIT(SYS_PACCT) | BIT(SYS_RAWIO) |
	       BIT(SYS_TIME) | BIT(SYS_TTY_CONFIG) | BIT(WAKE_ALARM);
}

struct error *caps_of_kernel(uint64_t *ret_mask)
{
	char *text autofree = NULL;
	uint64_t last;

	TRY(path_read_text(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 16, &text));
	text[strcspn(text, "\n")] = '\0';
	TRY(error_wrap(str_parse_u64(text, 0, 63, &last), "/proc/sys/kernel/cap_last_cap"));
	if (last > CAPS_LAST)
		last = CAPS_LAST;
	*ret_mask = UINT64_MAX >> (63 - last);
	return NULL;
}

/* The names of @list as a mask; *@ret_all says whether "ALL" is among them. */
static struct error *parse_list(char *const *list, uint64_t *ret_mask, bool *ret_all)
{
	uint64_t mask = 0;
	bool all = false;

	for (size_t i = 0; list && list[i]; i++) {
		unsigned int bit;

		if (strcasecmp(list[i], "ALL") == 0) {
			all = true;
			continue;
		}
		TRY(caps_parse(list[i], &bit));
		mask |= UINT64_C(1) << bit;
	}
	*ret_mask = mask;
	*ret_all = all;
	return NULL;
}

struct error *caps_from_options(char *const *add, char *const *drop, uint64_t host_mask,
				uint64_t *ret_mask, uint64_t *ret_missing)
{
	uint64_t added = 0, dropped = 0, mask;
	bool add_all = false, drop_all = false;

	TRY(error_wrap(parse_list(add, &added, &add_all), "add a capability"));
	TRY(error_wrap(parse_list(drop, &dropped, &drop_all), "drop a capability"));
	if (add_all)
		mask = host_mask & ~dropped;
	else if (drop_all)
		mask = added;
	else
		mask = (caps_default() & ~dropped) | added;
	*ret_mask = mask & host_mask;
	*ret_missing = added & ~host_mask;
	return NULL;
}
