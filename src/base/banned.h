/*
 * Functions that do not compile in Bulkhead: each has a replacement in base/ that states its bounds
 * or its errors. Include it last; system headers must come before.
 */
#pragma once

#undef alloca  /* a macro of <stdlib.h> */
#undef sprintf /* and, for clang with FORTIFY, of <stdio.h> */
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll strtol strtoul strtoll
#pragma GCC poison strtoull gets system popen mktemp tempnam tmpnam alloca realpath basename
