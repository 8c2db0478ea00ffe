/* The program `bulkhead`: the command line of the engine, and the engine itself. */
#include "cli/command.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	return argc ? cli_main(argv + 1) : CLI_STATUS_USAGE;
}
