/* The program `bulkhead-oci`: an OCI runtime, to be called as runc and crun are. */
#include "runtime/command.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	return argc ? runtime_main(argv + 1) : 1;
}
