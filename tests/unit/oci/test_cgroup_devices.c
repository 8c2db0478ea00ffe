/* oci/cgroup_devices.c: rules as exceptions, and the program that they become. */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/config.h"
#include "oci/cgroup.h"
#include "unit/test.h"

static struct error *from_text(const char *text, struct cgroup_devices *ret)
{
	struct config_resources r = { 0 };
	char **warnings = NULL;
	struct error *err;

	assert_null(config_resources_parse(text, strlen(text), &r, &warnings));
	err = cgroup_devices_from_rules(r.devices, r.n_devices, ret);
	config_resources_done(&r);
	return err;
}

/* What the kernel would let the program decide: these few instructions are all it has. */
static bool run(const struct bpf_insn *insns, size_t n, const uint32_t context[3])
{
	uint64_t r[11] = { 0 };

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *i = &insns[at];
		uint64_t operand =
			BPF_SRC(i->code) == BPF_X ? r[i->src_reg] : (uint64_t)(int64_t)i->imm;
		bool jump = false;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			r[i->dst_reg] = context[i->off / 4];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = operand;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			r[i->dst_reg] &= operand;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= operand;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
		case BPF_JMP | BPF_JNE | BPF_X:
			jump = r[i->dst_reg] != operand;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = r[i->dst_reg] == operand;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0];
		default:
			fail_msg("instruction %x", i->code);
		}
		if (jump)
			at += (size_t)i->off;
	}
	fail_msg("the program has no end");
	return false;
}

static bool allows(const struct cgroup_devices *d, char type, unsigned int major,
		   unsigned int minor, const char *access)
{
	uint32_t bits = (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
			(strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
			(strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
	const uint32_t context[3] = {
		bits << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor
	};
	size_t n;
	struct bpf_insn *insns autofree = cgroup_devices_program(d, &n);

	return run(insns, n, context);
}

static void without_rules_only_the_defaults(void **state)
{
	struct cgroup_devices d autodevices = { 0 };

	(void)state;
	assert_null(from_text("{}", &d));
	assert_false(d.allow_all);
	assert_true(allows(&d, 'c', 1, 3, "rw"));
	assert_true(allows(&d, 'c', 136, 77, "rwm"));
	assert_true(allows(&d, 'c', 5, 1, "m"));
	assert_true(allows(&d, 'b', 8, 0, "m"));
	assert_false(allows(&d, 'c', 5, 1, "r"));
	assert_false(allows(&d, 'b', 8, 0, "r"));
	assert_false(allows(&d, 'b', 1, 3, "r"));
}

static void in_their_order(void **state)
{
	struct cgroup_devices d autodevices = { 0 };

	(void)state;
	assert_null(from_text(
		"{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"access\":"
		"\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":200,\"access\":"
		"\"rw\"},{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"},{\"allow\":"
		"false,\"type\":\"c\",\"major\":10,\"minor\":200,\"access\":\"w\"}]}",
		&d));
	assert_false(d.allow_all);
	assert_true(allows(&d, 'c', 10, 200, "r"));
	assert_false(allows(&d, 'c', 10, 200, "w"));
	assert_false(allows(&d, 'c', 10, 200, "rw"));
	assert_false(allows(&d, 'c', 10, 201, "r"));
	assert_true(allows(&d, 'b', 8, 16, "r"));
	assert_false(allows(&d, 'b', 8, 16, "rw"));
	assert_false(allows(&d, 'b', 9, 16, "r"));
}

static void all_but_some(void **state)
{
	struct cgroup_devices d autodevices = { 0 };

	(void)state;
	assert_null(from_text("{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,"
			      "\"type\":\"b\",\"major\":8,\"minor\":0,\"access\":\"w\"},{\"allow\":"
			      "false,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rwm\"}]}",
			      &d));
	assert_true(d.allow_all);
	assert_true(allows(&d, 'b', 8, 0, "r"));
	assert_false(allows(&d, 'b', 8, 0, "rw")); /* a part is enough */
	assert_true(allows(&d, 'c', 10, 200, "rwm"));
	assert_true(allows(&d, 'c', 1, 3, "rw")); /* a default device */
}

static void no_hole_in_a_wildcard(void **state)
{
	struct cgroup_devices d autodevices = { 0 };
	struct error *err autoerror = NULL;

	(void)state;
	err = from_text("{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":"
			"\"rw\"},{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":1,"
			"\"access\":\"r\"}]}",
			&d);
	assert_true(error_is(err, ERROR_BAD_INPUT));
	assert_true(str_has_prefix(error_message(err), "linux.resources.devices[1]: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_only_the_defaults),
		cmocka_unit_test(in_their_order),
		cmocka_unit_test(all_but_some),
		cmocka_unit_test(no_hole_in_a_wildcard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
