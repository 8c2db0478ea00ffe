#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct error *confirm(const char *question, const char *what)
{
	char answer[16] = "";

	printf("%s [y/N] ", question);
	fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) && strcspn(answer, "\r\n") == 1 &&
	    (*answer == 'y' || *answer == 'Y'))
		return NULL;
	return error_new(ERROR_REFUSED, "%s has been cancelled", what);
}
