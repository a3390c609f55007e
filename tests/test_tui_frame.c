/* The frame around the views, without a terminal: the command line. */
#include "tui.h"

#define QAT "data/storyteller-qat-int3.safetensors"

/* The status line of a screen of 36 lines. */
static const char *status_of(const char *screen)
{
    return line_of(screen, 34);
}

/* ---- The command line ------------------------------------------------------------------------------------------ */

static void commands_do_what_keys_do(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *spec;
    } rows[] = {
        { ":scheme<Enter>", "zeropoint" },
        { ":bits<Enter>:bits<Enter>:undo<Enter>", "absmax:bits=7" },
        { ":more-bits<Enter>", "absmax:bits=2" },
        { ":spec zeropoint:bits=4<Enter>", "zeropoint:bits=4" },
        { ":spec   zeropoint  <Enter>", "zeropoint" },
        { ":gran<Enter>", "absmax:per=row" }, /* the only name that begins so */
        { ":bits<Esc>", "absmax" },
        { ":<Enter>", "absmax" },
        { "e:bits<Enter>", "absmax:bits=7" }, /* beside the knobs, too */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        if (strcmp(spec_on(screen), rows[i].spec) != 0)
            fail_msg("keys %s lead to %s, expected %s", rows[i].keys, spec_on(screen), rows[i].spec);
        free(screen);
    }
    char *screen = screen_of("%s --keys ':quit<Enter>bbb' --size 120x36", MATRIX);
    assert_string_equal(spec_on(screen), "absmax");
    free(screen);
}

static void commands_that_make_no_sense_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *message;
    } rows[] = {
        { ":frobnicate<Enter>", "there is no :frobnicate" },
        { ":shceme<Enter>", "did you mean :scheme?" },
        { ":p<Enter>", "may be :previous-scheme" },
        { ":zoom 3<Enter>", "takes nothing behind it" },
        { ":open<Enter>", "a file is missing" },
        { ":spec absmax:bits=99<Enter>", "bits=99" },
        { ":tensor nothing.like.it<Enter>", "no tensor matches 'nothing.like.it'" },
        { ":set colour=blue<Enter>", "there is no such setting: axis=[log]|linear" },
        { ":set axis=cubic<Enter>", "it can be axis=[log]|linear" },
        { ":w /nonexistent/x.png<Enter>", "/nonexistent/x.png" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 160x36", MATRIX, rows[i].keys);
        if (!strstr(status_of(screen), rows[i].message))
            fail_msg("%s: '%s'", rows[i].keys, status_of(screen));
        assert_string_equal(spec_on(screen), "absmax");
        free(screen);
    }
}

static void tab_completes(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *line;
    } rows[] = {
        { ":zo<Tab>", ":zoom" },
        { ":previous-s<Tab>", ":previous-scheme" },
        { ":op<Tab>data/storyteller-q<Tab>", ":open " QAT },
        { ":open data/story<Tab>", ":open data/storyteller" },      /* what both share */
        { ":open data/story<Tab><Tab>", ":open " QAT },             /* then the first */
        { ":open data/story<Tab><Tab><Tab>", ":open " DEMO },       /* the second */
        { ":open data/story<Tab><Tab><Tab><S-Tab>", ":open " QAT }, /* and back */
        { ":open dat<Tab>", ":open data/" },
        { ":spec nf<Tab>", ":spec nf4" },
        { ":spec absmax:bi<Tab>", ":spec absmax:bits=" },
        { ":spec absmax:bits=4,pe<Tab>", ":spec absmax:bits=4,per=" },
        { ":tensor h.3.mlp.c_proj.w<Tab>", ":tensor h.3.mlp.c_proj.weight" },
        { ":set axis=li<Tab>", ":set axis=linear" },
        { ":zoom x<Tab>", ":zoom x" },
        { ":bits<Enter>:axis<Enter>:<Up><Up>", ":bits" }, /* what was typed before */
        { ":bits<Enter>:ne<Up><Up><Down>", ":ne" },       /* and what was being typed */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        if (strcmp(status_of(screen) + 1, rows[i].line) != 0)
            fail_msg("keys %s make '%s', expected '%s'", rows[i].keys, status_of(screen) + 1, rows[i].line);
        free(screen);
    }
}

static void another_file_takes_the_place(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys 'bbbb:open " QAT "<Enter>b' --size 120x36", MATRIX);
    assert_shows(line_of(screen, 0), "storyteller-qat-int3.safetensors");
    assert_string_equal(spec_on(screen), "absmax:bits=3"); /* the spec stays, and keys go on with it */
    free(screen);
    static const char *const bad[] = { "/nonexistent.safetensors", "data/eval.txt", "tests" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) { /* the old file stays */
        screen = screen_of("%s --keys 'bb:open %s<Enter>' --size 250x36", MATRIX, bad[i]);
        assert_shows(status_of(screen), bad[i]);
        assert_shows(line_of(screen, 0), "storyteller.safetensors");
        assert_string_equal(spec_on(screen), "absmax:bits=6");
        assert_shows(screen, "h.2.mlp.c_fc.weight");
        free(screen);
    }
    screen = screen_of(
        "%s --keys ':open " QAT "<Enter>:open " DEMO "<Enter>:tensor h.2.mlp.c_fc.weight<Enter>b' --size 120x36", MATRIX);
    char *direct = screen_of("%s --keys 'b' --size 120x36", MATRIX);
    assert_string_equal(line_of(screen, 0), line_of(direct, 0));
    assert_string_equal(spec_on(screen), spec_on(direct));
    free(screen);
    free(direct);
}

static void the_help_lists_commands_and_starts_them(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '?another file' --size 120x36", MATRIX);
    assert_shows(screen, ":open");
    assert_shows(screen, "1 of 1");
    free(screen);
    screen = screen_of("%s --keys '?another file<Enter>' --size 120x36", MATRIX);
    assert_shows(status_of(screen), ":open");
    free(screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_do_what_keys_do),
        cmocka_unit_test(commands_that_make_no_sense_say_why),
        cmocka_unit_test(tab_completes),
        cmocka_unit_test(another_file_takes_the_place),
        cmocka_unit_test(the_help_lists_commands_and_starts_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
