/* oci/process.c: lists of processors and of memory nodes, as far as the kernel takes them. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "oci/process.h"
#include "oci/setup.h"
#include "unit/test.h"

/* The first processor that we may use, which a machine need not call 0. */
static int own_cpu(void)
{
	cpu_set_t set;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

static struct error *set_initial(const char *list)
{
	struct config_cpu_affinity affinity = { .initial = (char *)list };
	struct config_process process = { .exec_cpu_affinity = &affinity };
	struct oci_spec spec = { .process.config = &process };
	struct setup s = { .spec = &spec };

	assert_ok(step_final_affinity(&s)); /* where nothing is said, nothing is done */
	return step_initial_affinity(&s);
}

/* Sets it, looks at it, and takes it back. */
static void assert_only(int cpu, char *list)
{
	cpu_set_t before, set;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_ok(set_initial(list));
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(CPU_ISSET(cpu, &set));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	free(list);
}

static void processors_are_a_list_of_ranges(void **state)
{
	const int cpu = own_cpu();

	(void)state;
	assert_only(cpu, alloc_printf("%d", cpu));
	assert_only(cpu, alloc_printf("%d-%d", cpu, cpu));
	assert_only(cpu, alloc_printf(" %d , %d", cpu, cpu));
	assert_only(cpu, alloc_printf("%d,1000-1023", cpu)); /* no machine has those */
	assert_only(cpu, alloc_printf("%d-%d,%d", cpu, cpu, cpu));
}

static void what_is_no_list_names_its_place(void **state)
{
	static const char *const wrong[] = {
		"1024", "3-1", "1-", "-1", "a", "0,,1", "0-1-2", "0x1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_fails(set_initial(wrong[i]), ERROR_BAD_INPUT,
			     "process.execCPUAffinity.initial: ");
	assert_fails(set_initial("1023"), ERROR_SYSTEM, "process.execCPUAffinity.initial: 1023");
	assert_ok(set_initial(""));
}

static struct error *set_policy(const char *mode, const char *nodes)
{
	struct config_memory_policy policy = { .mode = (char *)mode, .nodes = (char *)nodes };

	return process_set_memory_policy(&policy);
}

static void memory_policy_is_in_force(void **state)
{
	unsigned long nodes[16] = { 0 };
	int mode = -1;

	(void)state;
	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) < 0 && errno == ENOSYS)
		skip();
	assert_ok(set_policy("MPOL_BIND", "0"));
	assert_int_equal(syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), NULL, 0), 0);
	assert_int_equal(mode, MPOL_BIND);
	assert_int_equal(nodes[0], 1);
	assert_ok(set_policy("MPOL_LOCAL", NULL));
	assert_int_equal(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
	assert_int_equal(mode, MPOL_LOCAL);
	assert_fails(set_policy("MPOL_BIND", "1023"), ERROR_SYSTEM,
		     "linux.memoryPolicy: MPOL_BIND");
	assert_ok(set_policy("MPOL_DEFAULT", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processors_are_a_list_of_ranges),
		cmocka_unit_test(what_is_no_list_names_its_place),
		cmocka_unit_test(memory_policy_is_in_force),
	};

	return TEST_MAIN(tests);
}
