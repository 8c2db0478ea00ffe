#include "engine/names.h"

#include <stdint.h>
#include <string.h>

#include "base/rand.h"
#include "base/str.h"

#include "base/banned.h"

#define NAME_MAX_LENGTH 255
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static const char *const adjectives[] = {
	"able",	  "agile",   "airy",   "amber",	 "ample",  "astute",   "azure",	 "balmy",
	"bold",	  "brave",   "breezy", "bright", "brisk",  "calm",     "candid", "careful",
	"cheery", "civil",   "clear",  "clever", "cosy",   "crisp",    "deft",	 "eager",
	"early",  "fair",    "fleet",  "fond",	 "frank",  "fresh",    "gentle", "glad",
	"golden", "grand",   "hardy",  "honest", "humble", "jolly",    "keen",	 "kind",
	"lively", "loyal",   "lucid",  "mellow", "merry",  "mild",     "modest", "neat",
	"noble",  "patient", "placid", "polite", "prompt", "proud",    "quick",	 "quiet",
	"ready",  "robust",  "serene", "sharp",	 "silent", "sincere",  "snug",	 "sober",
	"solid",  "spry",    "steady", "still",	 "stout",  "sturdy",   "subtle", "sunny",
	"swift",  "tidy",    "trusty", "upbeat", "vivid",  "watchful", "witty",	 "zesty",
};

/* Things that hold something in, keep the weather out, or keep watch. */
static const char *const nouns[] = {
	"anchor",   "anvil",   "arch",	  "barge",   "basin",	"bastion", "beacon",  "bell",
	"bollard",  "breaker", "bridge",  "buoy",    "cairn",	"canopy",  "capstan", "castle",
	"causeway", "cellar",  "chest",	  "cistern", "cliff",	"cove",	   "crane",   "culvert",
	"dam",	    "deck",    "dike",	  "dock",    "dome",	"dune",	   "eyrie",   "fender",
	"ferry",    "fjord",   "flagon",  "fort",    "gable",	"galley",  "gantry",  "garden",
	"gate",	    "groyne",  "harbour", "hatch",   "haven",	"hearth",  "hedge",   "hull",
	"inlet",    "island",  "jetty",	  "keel",    "keep",	"ladder",  "lagoon",  "lantern",
	"levee",    "lock",    "mast",	  "meadow",  "mole",	"moor",	   "oak",     "pier",
	"pillar",   "pontoon", "quay",	  "rampart", "reef",	"ridge",   "rudder",  "sluice",
	"spire",    "tower",   "trestle", "vault",   "viaduct", "wall",	   "weir",    "wharf",
};

#define N_OF(list) (sizeof(list) / sizeof((list)[0]))

static uint32_t random_number(void)
{
	char hex[9];
	uint32_t value = 0;

	rand_hex(hex, 8);
	for (const char *c = hex; *c; c++)
		value = value * 16 + (uint32_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	return value;
}

char *names_generate(unsigned int attempt)
{
	const char *adjective = adjectives[random_number() % N_OF(adjectives)];
	const char *noun = nouns[random_number() % N_OF(nouns)];

	if (!attempt)
		return alloc_printf("%s_%s", adjective, noun);
	return alloc_printf("%s_%s%u", adjective, noun,
			    random_number() % (attempt < 9 ? 10 : 100000));
}

struct error *names_check(const char *name)
{
	size_t length = strlen(name);

	if (length >= 2 && length <= NAME_MAX_LENGTH && !strchr("_.-", name[0]) &&
	    strspn(name, NAME_CHARACTERS) == length)
		return NULL;

	char *quoted autofree = str_quote(name);

	return error_new(ERROR_BAD_INPUT,
			 "invalid container name (%s): only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed",
			 quoted);
}
