/* Seccomp: which action may stand where (seccomp(2), config-linux.md, runc's rules). */
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"

#include "base/banned.h"

#define PLACE "linux.seccomp"

static bool has_errno(const char *action)
{
	return str_equal(action, "SCMP_ACT_ERRNO") || str_equal(action, "SCMP_ACT_TRACE");
}

static bool notifies(const char *action)
{
	return str_equal(action, "SCMP_ACT_NOTIFY");
}

static struct error *check_rule(const struct config_seccomp *s, size_t i)
{
	const struct config_seccomp_rule *rule = &s->syscalls[i];

	if (!strv_length(rule->names))
		return error_new(ERROR_BAD_INPUT, PLACE ".syscalls[%zu].names: empty", i);
	if (rule->errno_ret && !has_errno(rule->action))
		return error_new(ERROR_BAD_INPUT, PLACE ".syscalls[%zu].errnoRet: %s has none", i,
				 rule->action);
	if (!notifies(rule->action))
		return NULL;
	if (str_is_empty(s->listener_path))
		return error_new(ERROR_BAD_INPUT,
				 PLACE ".listenerPath: missing, syscalls[%zu] notifies", i);
	/* With it the program could not even hand the listener's descriptor over. */
	if (strv_contains(rule->names, "write"))
		return error_new(ERROR_BAD_INPUT,
				 PLACE ".syscalls[%zu].action: \"write\" cannot notify", i);
	return NULL;
}

struct error *config_check_seccomp(const struct config_seccomp *s)
{
	if (notifies(s->default_action))
		return error_new(ERROR_BAD_INPUT, PLACE ".defaultAction: %s is for single calls",
				 s->default_action);
	if (s->default_errno_ret && !has_errno(s->default_action))
		return error_new(ERROR_BAD_INPUT, PLACE ".defaultErrnoRet: %s has none",
				 s->default_action);
	if (!str_is_empty(s->listener_metadata) && str_is_empty(s->listener_path))
		return error_new(ERROR_BAD_INPUT,
				 PLACE ".listenerPath: missing, there is listenerMetadata");
	for (size_t i = 0; i < s->n_syscalls; i++)
		TRY(check_rule(s, i));
	return NULL;
}
