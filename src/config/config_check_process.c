/* The process: what its members say together (setrlimit(2), sched_setattr(2), runc's rules). */
#include <sys/resource.h>

#include "base/caps.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"

#include "base/banned.h"

static bool is_known(const char *capability)
{
	const char *known;

	for (int n = 0; (known = caps_name((unsigned int)n)); n++)
		if (str_equal(known, capability))
			return true;
	return false;
}

/* What no kernel we know has is left out and told (config.md, Linux Process). */
static void note_unknown(const char *where, const char *set, char *const *names, char ***warnings)
{
	for (size_t i = 0; names && names[i]; i++) {
		char *quoted autofree = NULL;

		if (is_known(names[i]))
			continue;
		quoted = str_quote(names[i]);
		strv_addf(warnings, "%scapabilities.%s[%zu]: %s is not a capability", where, set, i,
			  quoted);
	}
}

/* capabilities(7): what is ambient has to be permitted and inheritable. */
static void note_ambient(const char *where, const struct config_capabilities *caps,
			 char ***warnings)
{
	for (size_t i = 0; caps->ambient && caps->ambient[i]; i++) {
		const char *name = caps->ambient[i];
		bool permitted = strv_contains(caps->permitted, name);

		if (is_known(name) && (!permitted || !strv_contains(caps->inheritable, name)))
			strv_addf(warnings,
				  "%scapabilities.ambient[%zu]: can't raise ambient capability %s: "
				  "it is not %s",
				  where, i, name, permitted ? "inheritable" : "permitted");
	}
}

static void check_capabilities(const char *where, const struct config_capabilities *caps,
			       char ***warnings)
{
	note_unknown(where, "bounding", caps->bounding, warnings);
	note_unknown(where, "effective", caps->effective, warnings);
	note_unknown(where, "inheritable", caps->inheritable, warnings);
	note_unknown(where, "permitted", caps->permitted, warnings);
	note_unknown(where, "ambient", caps->ambient, warnings);
	note_ambient(where, caps, warnings);
}

static struct error *check_rlimits(const char *where, const struct config_process *p)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct config_rlimit *r = &p->rlimits[i];
		uint64_t bit = UINT64_C(1) << config_word(&config_rlimits, r->type);

		if (seen & bit)
			return error_new(ERROR_BAD_INPUT, "%srlimits[%zu]: a second %s", where, i,
					 r->type);
		if (r->soft > r->hard)
			return error_new(ERROR_BAD_INPUT, "%srlimits[%zu].soft: %ju is above hard",
					 where, i, (uintmax_t)r->soft);
		seen |= bit;
	}
	return NULL;
}

static struct error *check_scheduler(const char *where, const struct config_scheduler *s)
{
	bool realtime = str_equal(s->policy, "SCHED_FIFO") || str_equal(s->policy, "SCHED_RR");
	const char *deadline = s->runtime_ns	? "runtime"
			       : s->deadline_ns ? "deadline"
			       : s->period_ns	? "period"
						: NULL;

	if (s->priority && !realtime)
		return error_new(ERROR_BAD_INPUT, "%sscheduler.priority: %s has none", where,
				 s->policy);
	if (deadline && !str_equal(s->policy, "SCHED_DEADLINE"))
		return error_new(ERROR_BAD_INPUT, "%sscheduler.%s: %s has none", where, deadline,
				 s->policy);
	return NULL;
}

struct error *config_check_process(const char *where, const struct config_process *p,
				   char ***warnings)
{
	if (!strv_length(p->args))
		return error_new(ERROR_BAD_INPUT, "%sargs: missing", where);
	if (!*p->args[0])
		return error_new(ERROR_BAD_INPUT, "%sargs[0]: empty", where);
	TRY(check_rlimits(where, p));
	if (p->scheduler)
		TRY(check_scheduler(where, p->scheduler));
	if (p->capabilities)
		check_capabilities(where, p->capabilities, warnings);
	return NULL;
}
