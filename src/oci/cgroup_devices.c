/*
 * Which device nodes a container may use: the list for both versions, and for version 2 the program
 * that enforces it (kernel: bpf/prog_cgroup_sysctl's sibling BPF_PROG_TYPE_CGROUP_DEVICE, struct
 * bpf_cgroup_dev_ctx).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "config/config.h"
#include "oci/cgroup.h"

#include "base/banned.h"

/*
 * Making any node is allowed here: it is Landlock's, the capabilities' and nodev's to refuse that.
 */
static const struct cgroup_device default_devices[] = {
	{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" },    { 'c', 1, 3, "rwm" }, { 'c', 1, 5, "rwm" },
	{ 'c', 1, 7, "rwm" }, { 'c', 1, 8, "rwm" },    { 'c', 1, 9, "rwm" }, { 'c', 5, 0, "rwm" },
	{ 'c', 5, 2, "rwm" }, { 'c', 136, -1, "rwm" },
};
#define N_DEFAULT (sizeof(default_devices) / sizeof(*default_devices))

void cgroup_devices_done(struct cgroup_devices *d)
{
	free(d->list);
	*d = (struct cgroup_devices){ 0 };
}

static int access_bits(const char *access)
{
	int bits = 0;

	for (; *access; access++)
		bits |= *access == 'r'	 ? BPF_DEVCG_ACC_READ
			: *access == 'w' ? BPF_DEVCG_ACC_WRITE
					 : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

static const char *access_text(int bits)
{
	static const char *const texts[] = { "", "m", "r", "rm", "w", "wm", "rw", "rwm" };

	return texts[bits & 7];
}

static struct cgroup_device *find_device(const struct cgroup_devices *d, char type, int64_t major,
					 int64_t minor)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].type == type && d->list[i].major == major &&
		    d->list[i].minor == minor)
			return &d->list[i];
	return NULL;
}

static void add_exception(struct cgroup_devices *d, const struct cgroup_device *rule)
{
	struct cgroup_device *same = find_device(d, rule->type, rule->major, rule->minor);

	if (same) {
		same->access = access_text(access_bits(same->access) | access_bits(rule->access));
		return;
	}
	d->list = alloc_resize(d->list, d->n + 1, sizeof(*d->list));
	d->list[d->n++] = *rule;
}

/* No hole can be cut into an exception with wildcards: version 1 would pass it over in silence. */
static struct error *check_hole(const struct cgroup_devices *d, const struct cgroup_device *rule)
{
	const int64_t wider[][2] = { { -1, rule->minor }, { rule->major, -1 }, { -1, -1 } };

	for (size_t i = 0; i < sizeof(wider) / sizeof(*wider); i++) {
		const struct cgroup_device *w =
			find_device(d, rule->type, wider[i][0], wider[i][1]);

		if (!w || (w->major == rule->major && w->minor == rule->minor))
			continue;
		if (access_bits(w->access) & access_bits(rule->access))
			return error_new(ERROR_BAD_INPUT,
					 "it takes a part of an earlier rule with wildcards back,"
					 " which no device cgroup can do");
	}
	return NULL;
}

static struct error *remove_exception(struct cgroup_devices *d, const struct cgroup_device *rule)
{
	struct cgroup_device *same = find_device(d, rule->type, rule->major, rule->minor);
	int left;

	TRY(check_hole(d, rule));
	if (!same)
		return NULL;
	left = access_bits(same->access) & ~access_bits(rule->access);
	if (left)
		same->access = access_text(left);
	else
		*same = d->list[--d->n];
	return NULL;
}

/* The semantics of the kernel's version 1 (security/device_cgroup.c). */
static struct error *apply_rule(struct cgroup_devices *d, bool allow,
				const struct cgroup_device *rule)
{
	if (rule->type == 'a') {
		d->allow_all = allow;
		d->n = 0;
		return NULL;
	}
	if (allow == d->allow_all)
		return remove_exception(d, rule);
	add_exception(d, rule);
	return NULL;
}

struct error *cgroup_devices_from_rules(const struct config_device_rule *rules, size_t n,
					struct cgroup_devices *ret)
{
	struct cgroup_devices d autodevices = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct config_device_rule *r = &rules[i];
		struct cgroup_device rule = {
			.type = r->type ? r->type[0] : 'a',
			.major = r->major ? *r->major : -1,
			.minor = r->minor ? *r->minor : -1,
			.access = r->access ? access_text(access_bits(r->access)) : "rwm",
		};

		TRY(error_wrap(apply_rule(&d, r->allow, &rule), "linux.resources.devices[%zu]", i));
	}
	for (size_t i = 0; i < N_DEFAULT; i++)
		TRY(error_wrap(apply_rule(&d, true, &default_devices[i]),
			       "linux.resources.devices: a default device"));
	*ret = d;
	d = (struct cgroup_devices){ 0 };
	return NULL;
}

struct error *cgroup_devices_of(const struct oci_spec *spec, struct cgroup_devices *ret)
{
	struct cgroup_devices d autodevices = { 0 };

	for (size_t i = 0; i < N_DEFAULT; i++)
		add_exception(&d, &default_devices[i]);
	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct oci_device *own = &spec->devices[i];
		struct cgroup_device one;
		struct stat st;

		if (stat(own->host_path, &st) < 0)
			return error_sys("device %s", own->host_path);
		one = (struct cgroup_device){
			.type = S_ISBLK(st.st_mode) ? 'b' : 'c',
			.major = major(st.st_rdev),
			.minor = minor(st.st_rdev),
			.access = own->access,
		};
		add_exception(&d, &one);
	}
	*ret = d;
	d = (struct cgroup_devices){ 0 };
	for (size_t i = 0; i < ret->n; i++) /* not of the specification, which may go first */
		ret->list[i].access = access_text(access_bits(ret->list[i].access));
	return NULL;
}

/* Everything is denied, then each device allowed, or the reverse: one rule a write. */
static struct error *write_rules(const struct cgroup_place *place, const struct cgroup_devices *d)
{
	const char *all = d->allow_all ? "devices.allow" : "devices.deny";
	const char *file = d->allow_all ? "devices.deny" : "devices.allow";
	int fd autoclose = openat(place->dir, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys("open %s", file);
	TRY(path_write_existing(place->dir, all, "a"));
	for (size_t i = 0; i < d->n; i++) {
		char major[24] = "*", minor[24] = "*", rule[64];

		if (d->list[i].major >= 0)
			snprintf(major, sizeof(major), "%jd", (intmax_t)d->list[i].major);
		if (d->list[i].minor >= 0)
			snprintf(minor, sizeof(minor), "%jd", (intmax_t)d->list[i].minor);
		snprintf(rule, sizeof(rule), "%c %s:%s %s", d->list[i].type, major, minor,
			 d->list[i].access);
		TRY(error_wrap(fd_write_all(fd, rule, strlen(rule)), "%s \"%s\"", file, rule));
	}
	return NULL;
}

#define INSN(code_, dst, src, off_, imm_)                                                          \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		.code = (code_), .dst_reg = (dst), .src_reg = (src), .off = (off_), .imm = (imm_)  \
	}

struct program {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->insns[p->n++] = insn;
}

/*
 * r2: type, r3: access, r4: major, r5: minor. Each rule that does not match jumps over its own end.
 * What is allowed must be allowed in full; of what is denied any part is enough, as in version 1.
 */
static void emit_rule(struct program *p, const struct cgroup_device *d, bool allow)
{
	size_t jumps[4], n = 0;
	int bits = access_bits(d->access);

	jumps[n++] = p->n;
	emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
		     d->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
	if (bits != 7) {
		emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0));
		emit(p, INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, bits));
		jumps[n++] = p->n;
		emit(p, allow ? INSN(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0)
			      : INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 0, 0));
	}
	if (d->major >= 0) {
		jumps[n++] = p->n;
		emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int)d->major));
	}
	if (d->minor >= 0) {
		jumps[n++] = p->n;
		emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int)d->minor));
	}
	emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow));
	emit(p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	for (size_t i = 0; i < n; i++)
		p->insns[jumps[i]].off = (short)(p->n - jumps[i] - 1);
}

struct bpf_insn *cgroup_devices_program(const struct cgroup_devices *d, size_t *ret_n)
{
	struct program p = { .insns = alloc_zeroed(8 + 8 * d->n, sizeof(*p.insns)) };

	emit(&p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, 0,
		      0)); /* access_type: type below, access above */
	emit(&p, INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0));
	emit(&p, INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff));
	emit(&p, INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16));
	emit(&p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, 4, 0));
	emit(&p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, 8, 0));
	for (size_t i = 0; i < d->n; i++)
		emit_rule(&p, &d->list[i], !d->allow_all);
	emit(&p, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, d->allow_all));
	emit(&p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	*ret_n = p.n;
	return p.insns;
}

static struct error *attach_program(int dir, const struct cgroup_devices *d)
{
	size_t n;
	struct bpf_insn *insns autofree = cgroup_devices_program(d, &n);
	static const char license[] = "Apache-2.0";
	union bpf_attr attr = { 0 };
	int program autoclose = -1;

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uint64_t)(uintptr_t)license;
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		return error_sys("load the device program");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return error_sys("attach the device program");
	return NULL;
}

struct error *cgroup_devices_set(const struct cgroup_place *place, const struct cgroup_devices *d)
{
	return *place->controllers ? write_rules(place, d) : attach_program(place->dir, d);
}
