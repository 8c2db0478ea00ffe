#include "oci/systemd_property.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/cgroup_limit.h"

#include "base/banned.h"

#define ANNOTATION "org.systemd.property."
#define US_PER_S UINT64_C(1000000)
#define DEFAULT_PERIOD_US 100000
#define PERCENT_US 10000 /* systemd keeps CPU quotas in whole percents */
#define CPUS_MAX 8192

void systemd_properties_done(struct systemd_properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].name);
		free(p->list[i].text);
		free(p->list[i].bytes);
		strv_free(p->list[i].list);
	}
	free(p->list);
	*p = (struct systemd_properties){ 0 };
}

static struct systemd_property *add(struct systemd_properties *p, const char *name,
				    const char *type)
{
	p->list = alloc_resize(p->list, p->n + 1, sizeof(*p->list));
	p->list[p->n] = (struct systemd_property){ .name = alloc_string(name), .type = type };
	return &p->list[p->n++];
}

void systemd_add_text(struct systemd_properties *p, const char *name, const char *text)
{
	add(p, name, "s")->text = alloc_string(text);
}

void systemd_add_number(struct systemd_properties *p, const char *name, const char *type,
			uint64_t number)
{
	add(p, name, type)->number = number;
}

/* -- annotations ------------------------------------------------------------------------------- */

static const struct number_type {
	const char *word, *at, *type;
	bool has_sign;
	int64_t min;
	uint64_t max;
} number_types[] = {
	{ "int32", "@i", "i", true, INT32_MIN, INT32_MAX },
	{ "uint32", "@u", "u", false, 0, UINT32_MAX },
	{ "int64", "@x", "x", true, INT64_MIN, INT64_MAX },
	{ "uint64", "@t", "t", false, 0, UINT64_MAX },
};

static struct error *parse_number(const struct number_type *type, const char *text, uint64_t *ret)
{
	int64_t with_sign;

	if (!type->has_sign)
		return str_parse_u64(text, 0, type->max, ret);
	TRY(str_parse_i64(text, type->min, (int64_t)type->max, &with_sign));
	*ret = (uint64_t)with_sign;
	return NULL;
}

/* "'text'" at *@at, which goes behind it; a backslash takes the next byte as it is. */
static struct error *parse_quoted(const char **at, char **ret)
{
	char quote = **at;
	const char *from = *at + 1;
	char *out autofree = NULL;
	size_t n = 0;

	if (quote != '\'' && quote != '"')
		return error_new(ERROR_BAD_INPUT, "no quote where a text should begin");
	out = alloc_zeroed(strlen(from) + 1, 1);
	for (; *from && *from != quote; from++) {
		if (*from == '\\' && from[1])
			from++;
		out[n++] = *from;
	}
	if (!*from)
		return error_new(ERROR_BAD_INPUT, "a text without its closing quote");
	*at = from + 1;
	*ret = take(out);
	return NULL;
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

static struct error *parse_list(const char *text, char ***ret)
{
	char **list autostrv = NULL;
	const char *at = skip_blanks(text + 1);

	while (*at != ']') {
		char *one = NULL;

		TRY(parse_quoted(&at, &one));
		strv_add_owned(&list, one);
		at = skip_blanks(at);
		if (*at == ',')
			at = skip_blanks(at + 1);
		else if (*at != ']')
			return error_new(ERROR_BAD_INPUT, "a list without its closing bracket");
	}
	if (*skip_blanks(at + 1))
		return error_new(ERROR_BAD_INPUT, "something stands behind the list");
	*ret = take(list);
	return NULL;
}

static struct error *parse_text(struct systemd_properties *p, const char *name, const char *text)
{
	const char *at = text;
	char *value autofree = NULL;

	TRY(parse_quoted(&at, &value));
	if (*skip_blanks(at))
		return error_new(ERROR_BAD_INPUT, "something stands behind the text");
	systemd_add_text(p, name, value);
	return NULL;
}

static struct error *parse_value(struct systemd_properties *p, const char *name, const char *text)
{
	const struct number_type *type = &number_types[0]; /* as GVariant has it */
	char **list = NULL;
	uint64_t number;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		systemd_add_number(p, name, "b", *text == 't');
		return NULL;
	}
	if (*text == '\'' || *text == '"')
		return parse_text(p, name, text);
	if (*text == '[') {
		TRY(parse_list(text, &list));
		add(p, name, "as")->list = list;
		return NULL;
	}
	for (size_t i = 0; i < sizeof(number_types) / sizeof(*number_types); i++) {
		size_t word = strlen(number_types[i].word), at = strlen(number_types[i].at);
		size_t length = str_has_prefix(text, number_types[i].word) ? word
				: str_has_prefix(text, number_types[i].at) ? at
									   : 0;

		if (length && isblank((unsigned char)text[length])) {
			type = &number_types[i];
			text = skip_blanks(text + length);
			break;
		}
	}
	TRY(parse_number(type, text, &number));
	systemd_add_number(p, name, type->type, number);
	return NULL;
}

/* runc's: what systemd shows as TimeoutStopSec is TimeoutStopUSec, a uint64, on the bus. */
static struct error *convert_seconds(struct systemd_property *p)
{
	size_t length = strlen(p->name);
	char *name;

	if (!str_has_suffix(p->name, "Sec") || str_has_suffix(p->name, "USec") ||
	    !strchr("iuxt", *p->type))
		return NULL;
	/* One below zero is above it, too. */
	if (p->number > UINT64_MAX / US_PER_S)
		return error_new(ERROR_BAD_INPUT, "this is no time in seconds");
	name = alloc_printf("%.*sUSec", (int)(length - 3), p->name);
	free(p->name);
	p->name = name;
	p->type = "t";
	p->number *= US_PER_S;
	return NULL;
}

struct error *systemd_parse_property(struct systemd_properties *p, const char *name,
				     const char *text)
{
	size_t n = 0;

	while (isalpha((unsigned char)name[n]))
		n++;
	if (n < 3 || name[n])
		return error_new(ERROR_BAD_INPUT, "this is no name of a property");
	TRY(parse_value(p, name, skip_blanks(text)));
	return convert_seconds(&p->list[p->n - 1]);
}

struct error *systemd_parse_annotations(struct systemd_properties *p, char *const *annotations)
{
	for (size_t i = 0; annotations && annotations[i]; i += 2)
		if (str_has_prefix(annotations[i], ANNOTATION))
			TRY(error_wrap(systemd_parse_property(p,
							      annotations[i] + strlen(ANNOTATION),
							      annotations[i + 1]),
				       "annotations.%s", annotations[i]));
	return NULL;
}

/* -- limits ------------------------------------------------------------------------------------ */

/* "0-3,7" as the bytes of a mask, which AllowedCPUs and AllowedMemoryNodes are. */
static struct error *add_set(struct systemd_properties *p, const char *name, const char *text)
{
	char **ranges autostrv = strv_split(text, ',');
	uint8_t *bytes autofree = alloc_zeroed(CPUS_MAX / 8, 1);
	struct systemd_property *added;
	size_t used = 0;

	for (size_t i = 0; ranges[i]; i++) {
		char *dash = strchr(ranges[i], '-');
		uint64_t first, last;

		if (dash)
			*dash++ = '\0';
		if (!*ranges[i])
			continue;
		TRY(str_parse_u64(ranges[i], 0, CPUS_MAX - 1, &first));
		last = first;
		if (dash)
			TRY(str_parse_u64(dash, first, CPUS_MAX - 1, &last));
		for (uint64_t n = first; n <= last; n++)
			bytes[n / 8] |= (uint8_t)(1 << (n % 8));
		if (last / 8 + 1 > used)
			used = last / 8 + 1;
	}
	added = add(p, name, "ay");
	added->bytes = take(bytes);
	added->n_bytes = used;
	return NULL;
}

/* -1, unlimited, is UINT64_MAX on the bus. */
static void add_limit(struct systemd_properties *p, const char *name, const int64_t *value)
{
	if (value && *value)
		systemd_add_number(p, name, "t", *value < 0 ? UINT64_MAX : (uint64_t)*value);
}

static void add_quota(struct systemd_properties *p, const struct config_cpu *c)
{
	uint64_t period = c->period_us ? *c->period_us : 0, per_second = UINT64_MAX;
	int64_t quota = c->quota_us ? *c->quota_us : 0;

	if (period)
		systemd_add_number(p, "CPUQuotaPeriodUSec", "t", period);
	if (!period && !quota)
		return;
	/* What is beyond the numbers of the bus is no limit there; the group has its own. */
	if (quota > 0 && (uint64_t)quota < UINT64_MAX / US_PER_S) {
		per_second = (uint64_t)quota * US_PER_S / (period ? period : DEFAULT_PERIOD_US);
		/* Rounded up, so that the group itself can be given the exact value. */
		per_second = (per_second + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
	}
	systemd_add_number(p, "CPUQuotaPerSecUSec", "t", per_second);
}

static struct error *add_memory_unified(struct systemd_properties *p, const struct config_memory *m)
{
	int64_t swap;
	bool set;

	add_limit(p, "MemoryMax", m->limit);
	add_limit(p, "MemoryLow", m->reservation);
	TRY(error_wrap(cgroup_swap_of(m->swap ? *m->swap : 0, m->limit ? *m->limit : 0, &swap,
				      &set),
		       "linux.resources.memory.swap"));
	if (set)
		systemd_add_number(p, "MemorySwapMax", "t", swap < 0 ? UINT64_MAX : (uint64_t)swap);
	return NULL;
}

struct error *systemd_limits(struct systemd_properties *p, const struct config_resources *r,
			     bool unified)
{
	const struct config_cpu *c = &r->cpu;
	const uint32_t *weight = r->block_io.weight;

	if (unified)
		TRY(add_memory_unified(p, &r->memory));
	else
		add_limit(p, "MemoryLimit", r->memory.limit);
	if (c->shares && *c->shares)
		systemd_add_number(p, unified ? "CPUWeight" : "CPUShares", "t",
				   unified ? cgroup_weight_of_shares(*c->shares) : *c->shares);
	add_quota(p, c);
	if (weight && *weight)
		systemd_add_number(p, unified ? "IOWeight" : "BlockIOWeight", "t",
				   unified ? cgroup_io_weight_of(*weight) : *weight);
	add_limit(p, "TasksMax", r->pids.limit);
	if (unified && !str_is_empty(c->cpus))
		TRY(error_wrap(add_set(p, "AllowedCPUs", c->cpus), "linux.resources.cpu.cpus"));
	if (unified && !str_is_empty(c->mems))
		TRY(error_wrap(add_set(p, "AllowedMemoryNodes", c->mems),
			       "linux.resources.cpu.mems"));
	return NULL;
}

/* "/dev/char/1:3", "char-136", "char-*"; NULL for any major number with one minor. */
static char *device_name(const struct cgroup_device *d)
{
	const char *kind = d->type == 'b' ? "block" : "char";

	if (d->major < 0)
		return d->minor < 0 ? alloc_printf("%s-*", kind) : NULL;
	if (d->minor < 0)
		return alloc_printf("%s-%jd", kind, (intmax_t)d->major);
	return alloc_printf("/dev/%s/%jd:%jd", kind, (intmax_t)d->major, (intmax_t)d->minor);
}

void systemd_devices(struct systemd_properties *p, const struct cgroup_devices *d)
{
	char **pairs autostrv = NULL;

	for (size_t i = 0; !d->allow_all && i < d->n; i++) {
		char *name = device_name(&d->list[i]);

		if (!name) { /* systemd cannot say it: it is to leave all to us */
			systemd_add_text(p, "DevicePolicy", "auto");
			return;
		}
		strv_add_owned(&pairs, name);
		strv_add(&pairs, d->list[i].access);
	}
	systemd_add_text(p, "DevicePolicy", d->allow_all ? "auto" : "strict");
	if (pairs)
		add(p, "DeviceAllow", "a(ss)")->list = take(pairs);
}
