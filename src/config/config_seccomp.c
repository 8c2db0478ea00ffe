/* config.json: "linux.seccomp" (config-linux.md, Seccomp). */
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "config/config_table.h"

#include "base/banned.h"

static const struct json_word action_list[] = {
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	{ 0 },
};
const struct json_words config_seccomp_actions = { "a seccomp action", action_list };

/* libseccomp's enum scmp_compare. */
static const struct json_word operator_list[] = {
	{ "SCMP_CMP_NE", 1 },	     { "SCMP_CMP_LT", 2 },
	{ "SCMP_CMP_LE", 3 },	     { "SCMP_CMP_EQ", 4 },
	{ "SCMP_CMP_GE", 5 },	     { "SCMP_CMP_GT", 6 },
	{ "SCMP_CMP_MASKED_EQ", 7 }, { 0 },
};
const struct json_words config_seccomp_operators = { "a seccomp operator", operator_list };

/* X32 is x86-64 to the kernel, with a bit set in the number of the call. */
static const struct json_word architecture_list[] = {
	{ "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
	{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", EM_X86_64 | __AUDIT_ARCH_LE },
	{ "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
	{ "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 },
	{ "SCMP_ARCH_M68K", AUDIT_ARCH_M68K },
	{ "SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", AUDIT_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", AUDIT_ARCH_S390 },
	{ "SCMP_ARCH_S390X", AUDIT_ARCH_S390X },
	{ "SCMP_ARCH_SH", AUDIT_ARCH_SHEL },
	{ "SCMP_ARCH_SHEB", AUDIT_ARCH_SH },
	{ "SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
	{ 0 },
};
const struct json_words config_seccomp_architectures = { "a seccomp architecture",
							 architecture_list };

static const struct json_word flag_list[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ 0 },
};
const struct json_words config_seccomp_flags = { "a seccomp flag", flag_list };

static const struct json_field seccomp_arg_fields[] = {
	REQUIRED(seccomp_arg, "index", index, JSON_UINT32, .max = 5),
	REQUIRED(seccomp_arg, "value", value, JSON_UINT64),
	OPTIONAL(seccomp_arg, "valueTwo", value_two, JSON_UINT64),
	REQUIRED(seccomp_arg, "op", op, JSON_TEXT, .words = &config_seccomp_operators),
	{ 0 },
};
static const struct json_type seccomp_arg_type = TABLE(seccomp_arg);

/* SECCOMP_RET_DATA has 16 bits. */
static const struct json_field seccomp_rule_fields[] = {
	REQUIRED(seccomp_rule, "names", names, JSON_TEXTS, .check = config_check_not_empty),
	REQUIRED(seccomp_rule, "action", action, JSON_TEXT, .words = &config_seccomp_actions),
	OPTIONAL(seccomp_rule, "errnoRet", errno_ret, JSON_UINT32_POINTER, .max = UINT16_MAX),
	LIST(seccomp_rule, "args", args, JSON_STRUCTS, .type = &seccomp_arg_type),
	{ 0 },
};
static const struct json_type seccomp_rule_type = TABLE(seccomp_rule);

static const struct json_field seccomp_fields[] = {
	REQUIRED(seccomp, "defaultAction", default_action, JSON_TEXT,
		 .words = &config_seccomp_actions),
	OPTIONAL(seccomp, "defaultErrnoRet", default_errno_ret, JSON_UINT32_POINTER,
		 .max = UINT16_MAX),
	OPTIONAL(seccomp, "architectures", architectures, JSON_TEXTS,
		 .words = &config_seccomp_architectures),
	OPTIONAL(seccomp, "flags", flags, JSON_TEXTS, .words = &config_seccomp_flags),
	OPTIONAL(seccomp, "listenerPath", listener_path, JSON_TEXT, .check = config_check_absolute),
	OPTIONAL(seccomp, "listenerMetadata", listener_metadata, JSON_TEXT),
	LIST(seccomp, "syscalls", syscalls, JSON_STRUCTS, .type = &seccomp_rule_type),
	{ 0 },
};
const struct json_type config_seccomp_type = TABLE(seccomp);
