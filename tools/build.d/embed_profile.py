"""embed_profile.py INPUT OUTPUT: the default seccomp profile as a C file, without its white space.

The digest that names its compiled forms is computed here, so that nothing hashes the text at run time.
"""
import hashlib
import json
import sys


def main(source, target):
    with open(source, encoding="utf-8") as f:
        text = json.dumps(json.load(f), separators=(",", ":"))
    lines = [text[i:i + 80] for i in range(0, len(text), 80)]
    with open(target, "w", encoding="utf-8") as f:
        f.write('#include "oci/seccomp_default.h"\n\nconst char seccomp_default_profile[] =\n')
        f.write("\n".join("\t" + json.dumps(line) for line in lines) + ";\n")
        f.write("const size_t seccomp_default_length = sizeof(seccomp_default_profile) - 1;\n")
        f.write('const char seccomp_default_digest[] = "%s";\n' % hashlib.sha256(text.encode()).hexdigest())


main(sys.argv[1], sys.argv[2])
