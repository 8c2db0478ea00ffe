/* cli/template*.c: what docker prints for the same template and data, checked against docker 28. */
#include "cli/template.h"

#include "base/json.h"
#include "unit/test.h"

static const char data_text[] =
	"{\"Id\": \"aa11\", \"Name\": \"/web\", \"Path\": \"sh\","
	" \"State\": {\"Status\": \"running\", \"Running\": true, \"Pid\": 42, \"Health\": null},"
	" \"HostConfig\": {\"Memory\": 536870912, \"CapAdd\": null, \"CapDrop\": [\"CHOWN\"], \"PidsLimit\": null,"
	"  \"SecurityOpt\": [], \"Sysctls\": {\"net.a\": \"1\"}},"
	" \"Mounts\": [{\"Type\": \"bind\", \"Source\": \"/a\", \"RW\": true, \"Propagation\": \"rprivate\"},"
	"  {\"Type\": \"volume\", \"Source\": \"/c\", \"RW\": false, \"Propagation\": \"\"}],"
	" \"Config\": {\"User\": \"\", \"Env\": [\"A=1\", \"B=2 3\"], \"Labels\": {\"com.x\": \"1\", \"b\": \"<two>\"},"
	"  \"Volumes\": null},"
	" \"Ports\": {}, \"Real\": 1.5}";

static const struct template_field fields[] = {
	{ "Labels", TEMPLATE_MAP },
	{ "Volumes", TEMPLATE_MAP },
	{ "CapAdd", TEMPLATE_LIST },
	{ NULL, TEMPLATE_MAP },
};

static json_t *method(void *subject, const char *name, const char *argument)
{
	(void)subject;
	return strcmp(name, "Label") == 0 ? json_sprintf("<%s>", argument) : NULL;
}

static struct error *render(const char *text, const struct template_options *o, struct buf *out)
{
	struct template *t autotemplate = NULL;
	json_t *data autojson = NULL;

	assert_ok(json_parse(data_text, strlen(data_text), &data));
	TRY(template_parse(text, &t));
	return template_execute(t, o, data, out);
}

static const struct {
	const char *text, *wanted;
} given[] = {
	{ "", "" },
	{ "plain } {", "plain } {" },
	{ "{{.Id}}\\n\\t", "aa11\\n\\t" },
	{ "{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}", "aa11: SecurityOpt=[]" },
	{ "{{ .Id }}: Ports={{ .Ports }}", "aa11: Ports=map[]" },
	{ "{{ .Id }}: Propagation={{range $mnt := .Mounts}} {{json $mnt.Propagation}} {{end}}",
	  "aa11: Propagation= \"rprivate\"  \"\" " },
	{ "{{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}} {{.HostConfig.PidsLimit}}",
	  "[CHOWN] [] <nil>" },
	{ "{{.Config.Labels}} {{.Config.Labels.foo}} {{.Config.Volumes}}",
	  "map[b:<two> com.x:1] <no value> map[]" },
	{ "{{index .Config.Labels \"com.x\"}}|{{index .Config.Labels \"nope\"}}|", "1||" },
	{ "{{range .Mounts}}{{.Source}} {{.RW}},{{end}}", "/a true,/c false," },
	{ "{{range $i, $m := .Mounts}}{{$i}}={{$m.Type}} {{end}}", "0=bind 1=volume " },
	{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "b=<two>;com.x=1;" },
	{ "{{range .Ports}}x{{else}}none{{end}}", "none" },
	{ "{{range .Config.Volumes}}x{{else}}none{{end}}", "none" },
	{ "{{range 3}}{{.}}{{end}}", "012" },
	{ "{{range $e := .Config.Env}}{{if eq $e \"A=1\"}}{{continue}}{{end}}{{$e}}{{break}}never{{end}}",
	  "B=2 3" },
	{ "{{range $i, $e := .Config.Env}}{{if $i}}, {{end}}{{$e}}{{end}}", "A=1, B=2 3" },
	{ "{{json .Mounts}}",
	  "[{\"Type\":\"bind\",\"Source\":\"/a\",\"RW\":true,\"Propagation\":\"rprivate\"},"
	  "{\"Type\":\"volume\",\"Source\":\"/c\",\"RW\":false,\"Propagation\":\"\"}]" },
	{ "{{json .Config.Labels.b}} {{json nil}} {{json .State.Health}}", "\"<two>\" null null" },
	{ "{{with .Config.User}}u{{else}}none{{end}}", "none" },
	{ "{{with 0}}a{{else with 1}}b{{.}}{{end}}", "b1" },
	{ "{{with .State}}{{.Pid}} {{$.Name}}{{end}}", "42 /web" },
	{ "{{with $z := 5}}{{$z}}{{.}}{{end}}", "55" },
	{ "{{if and .State.Running (eq .State.Pid 42)}}yes{{end}}", "yes" },
	{ "{{if eq 1 2}}a{{else if eq 1 1}}b{{else}}c{{end}}", "b" },
	{ "{{if not .Config.User}}root{{end}}", "root" },
	{ "{{len .Mounts}} {{len .Config.Env}} {{len .Name}} {{len .Config.Labels}}", "2 2 4 2" },
	{ "{{index .Config.Env 1}} {{(index .Mounts 0).Source}} {{index .Mounts 0 \"Source\"}}",
	  "B=2 3 /a /a" },
	{ "{{join .Config.Env \",\"}} {{split .Name \"/\"}} {{join (split \"a-b\" \"-\") \"+\"}}",
	  "A=1,B=2 3 [ web] a+b" },
	{ "{{upper .Name}}{{title \"foo bar\"}}{{lower \"ABC\"}}{{pad \"x\" 2 3}}|{{truncate \"hello\" 3}}",
	  "/WEBFoo Barabc  x   |hel" },
	{ "{{println .Name 1 2}}{{print .Name 1 2 \"a\" \"b\"}}{{print 1 2}}",
	  "/web 1 2\n/web1 2ab1 2" },
	{ "{{slice .Name 1 3}}{{slice .Config.Env 1}}", "we[B=2 3]" },
	{ "{{not 1}} {{or \"\" \"b\"}} {{and 1 0}} {{or .Config.User \"none\" 1}}",
	  "false b 0 none" },
	{ "{{or 1 (index .Config.Env 9)}}", "1" },
	{ "{{lt 1 2}} {{le 2 1}} {{gt \"b\" \"a\"}} {{ge 1.5 1.5}} {{ne 1 2}} {{eq \"a\" \"b\" \"a\"}}",
	  "true false true true true true" },
	{ "{{true}} {{1.50}} {{1e3}} {{0x10}} {{-3}} {{'a'}} {{0b11}} {{1_000}} {{.Real}}",
	  "true 1.5 1000 16 -3 97 3 1000 1.5" },
	{ "{{\"a\\tb\" | printf \"%q\"}} {{`raw \"x\"`}} {{\"\\u00e9\\x41\"}}",
	  "\"a\\tb\" raw \"x\" éA" },
	{ "{{/* c */}}x {{- \" y \" -}} z", "x y z" },
	{ "a {{- /* x */ -}} b", "ab" },
	{ "{{-3}} {{- 3}}", "-33" },
	{ "{{$x := .Name}}{{$x}}{{$x = \"b\"}}{{$x}}", "/webb" },
	{ "{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1" },
	{ "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2" },
	{ "{{.Name | printf \"%s:%s\" \"a\" | upper}}", "A:/WEB" },
	{ "{{.State.Running | not}} {{(.State).Pid}} {{json .Config.Env | len}}", "false 42 15" },
	{ "{{printf \"%.1f %d %s %v %q %5s|%-5s|%05d %x %t %%\" 1.5 42 .Name .Config.Env .Name \"a\" \"b\" 42 255 true}}",
	  "1.5 42 /web [A=1 B=2 3] \"/web\"     a|b    |00042 ff true %" },
	{ "{{printf \"%6.2f|%-8d|%+d|%X|%o|%b|%e|%g\" 3.14159 5 5 255 8 5 1.5 0.1}}",
	  "  3.14|5       |+5|FF|10|101|1.500000e+00|0.1" },
	{ "{{printf \"%d\" \"a\"}} {{printf \"%s\"}} {{printf \"%s\" 1}} {{printf \"a\" 1}} {{printf \"%\"}}",
	  "%!d(string=a) %!s(MISSING) %!s(int=1) a%!(EXTRA int=1) %!(NOVERB)" },
	{ "{{printf \"%.2s|%3s|%T\" \"äöü\" \"ä\" 1}}", "äö|  ä|int" },
	{ NULL, NULL },
};

static void gives_what_docker_gives(void **state)
{
	static const struct template_options o = { .fields = fields };

	(void)state;
	for (size_t i = 0; given[i].wanted; i++) {
		struct buf out autobuf = BUF_MAX(4096);
		struct error *err = render(given[i].text, &o, &out);

		if (err)
			fail_msg("%s: %s", given[i].text, error_message(err));
		if (strcmp(buf_text(&out), given[i].wanted) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", given[i].text, buf_text(&out),
				 given[i].wanted);
	}
}

static const struct {
	const char *text, *message;
} refused[] = {
	{ "{{.Foo}}",
	  "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"" },
	{ "{{.State.Foo}}",
	  "template: :1:8: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\"" },
	{ "a\nb{{.Foo}}", "template: :2:3: executing" },
	{ "{{if .Config.Foo}}x{{end}}", "at <.Config.Foo>: map has no entry for key \"Foo\"" },
	{ "{{.Name.Foo}}", "can't evaluate field Foo in type string" },
	{ "{{.State.Health.X}}", "nil pointer evaluating interface {}.X" },
	{ "{{index .Config.Env 5}}",
	  "template: :1:2: executing \"\" at <index .Config.Env 5>: error calling index: index out of range: 5" },
	{ "{{index .Config.Labels 3}}",
	  "error calling index: value has type int; should be string" },
	{ "{{index 3 1}}", "error calling index: can't index item of type int" },
	{ "{{slice \"abc\" 1 5}}", "error calling slice: index out of range" },
	{ "{{eq 1 \"a\"}}", "error calling eq: incompatible types for comparison" },
	{ "{{lt true false}}", "error calling lt: invalid type for comparison" },
	{ "{{len 3}}", "error calling len" },
	{ "{{upper 3}}", "expected string; got int" },
	{ "{{join .Mounts \",\"}}", "expected []string; got []interface {}" },
	{ "{{range .Name}}{{end}}",
	  "template: :1:8: executing \"\" at <.Name>: range can't iterate over /web" },
	{ "{{.Name 3}}", "executing \"\" at <.Name>: Name is not a method but has arguments" },
	{ "{{\"x\" \"y\"}}", "can't give argument to non-function \"x\"" },
	{ "{{nil}}", "nil is not a command" },
	{ "{{not}}", "wrong number of args for not: want 1 got 0" },
	{ "{{eq 1}}", "wrong number of args for eq: want at least 2 got 1" },
	{ "{{if false}}{{$q := 1}}{{else}}{{$q}}{{end}}", "undefined variable" },
	{ "{{foo}}", "template: :1: function \"foo\" not defined" },
	{ "{{.Name", "template: :1: unclosed action" },
	{ "a\n{{.Name", "template: :2: unclosed action" },
	{ "{{if}}", "missing value for if" },
	{ "{{end}}", "unexpected {{end}}" },
	{ "{{else}}", "unexpected {{else}}" },
	{ "{{range .Mounts}}", "unexpected EOF" },
	{ "{{if true}}a{{else}}b{{else}}c{{end}}", "expected end; found {{else}}" },
	{ "{{range .Mounts}}a{{else if true}}b{{end}}", "unexpected <if>" },
	{ "{{break}}", "{{break}} outside {{range}}" },
	{ "{{range .Ports}}{{else}}{{continue}}{{end}}", "{{continue}} outside {{range}}" },
	{ "{{$y}}", "undefined variable \"$y\"" },
	{ "{{$y = 1}}", "undefined variable \"$y\"" },
	{ "{{range $i, 3 := .Mounts}}{{end}}", "range can only initialize variables" },
	{ "abc{{\"x", "unterminated quoted string" },
	{ "{{'ab'}}", "invalid syntax" },
	{ "{{\"\\q\"}}", "invalid syntax" },
	{ "{{/* c", "unclosed comment" },
	{ "{{/* c */ x}}", "comment ends before closing delimiter" },
	{ "{{12abc}}", "bad number syntax" },
	{ "{{1e999}}", "bad number syntax" },
	{ "{{@}}", "unexpected \"@\" in command" },
	{ "{{((1)}}", "unclosed left paren" },
	{ "{{1)}}", "unexpected right paren" },
	{ "{{.Name.}}", "unexpected \".\" in operand" },
	{ "{{\"a\" | 1}}", "non executable command in pipeline" },
	{ "{{}}", "missing value for command" },
	{ "{{template \"x\"}}", "function \"template\" not defined" },
};

static void says_what_go_says(void **state)
{
	static const struct template_options o = { .fields = fields };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct buf out autobuf = BUF_MAX(4096);

		assert_fails(render(refused[i].text, &o, &out), ERROR_BAD_INPUT,
			     refused[i].message);
	}
}

static void methods_and_headings(void **state)
{
	struct template_options o = { .method = method };
	struct buf out autobuf = BUF_MAX(4096);

	(void)state;
	assert_ok(render("{{.Label \"a\"}} {{\"b\" | .Label}} {{upper (.Label \"c\")}}", &o, &out));
	assert_string_equal(buf_text(&out), "<a> <b> <C>");
	buf_done(&out);
	assert_fails(render("{{.Other \"a\"}}", &o, &out), ERROR_BAD_INPUT,
		     "Other is not a method");
	buf_done(&out);
	o.heading = true;
	assert_ok(render("{{json .Id}} {{upper .Id}} {{truncate .Id 1}} {{len .Id}}", &o, &out));
	assert_string_equal(buf_text(&out), "aa11 aa11 aa11 4");
}

/* A pattern many times over, as one string the caller frees. */
static char *repeat(const char *before, const char *pattern, size_t n, const char *after)
{
	struct buf b autobuf = BUF_MAX(1 << 22);

	assert_ok(buf_add_text(&b, before));
	while (n--)
		assert_ok(buf_add_text(&b, pattern));
	assert_ok(buf_add_text(&b, after));
	return buf_take(&b);
}

static void everything_is_bounded(void **state)
{
	static const struct {
		const char *before, *pattern;
		size_t n;
		const char *after;
	} cases[] = {
		{ "{{", "(", 100000, "" },
		{ "", "{{if 1}}", 100000, "" },
		{ "{{", ".a", 400000, "}}" },
		{ "{{print", " 1", 100000, "}}" },
		{ "", "{{$x := 1}}", 1000, "" },
		{ "", "{{range 1000}}", 10, "{{end}}" },
		{ "{{range 2000000}}", "x", 1, "{{end}}" },
		{ "{{range 100000}}", "0123456789", 1, "{{end}}" },
		{ "{{pad \"x\" 1000000000000", "0", 1, " 1}}" },
		{ "x", "y", 2000000, "" },
	};
	static const struct template_options o = { .fields = fields };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text autofree =
			repeat(cases[i].before, cases[i].pattern, cases[i].n, cases[i].after);
		struct buf out autobuf = BUF_MAX(65536);
		struct error *err autoerror = render(text, &o, &out);

		assert_non_null(err);
		assert_true(error_kind(err) == ERROR_LIMIT || error_kind(err) == ERROR_BAD_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_what_docker_gives),
		cmocka_unit_test(says_what_go_says),
		cmocka_unit_test(methods_and_headings),
		cmocka_unit_test(everything_is_bounded),
	};

	return TEST_MAIN(tests);
}
