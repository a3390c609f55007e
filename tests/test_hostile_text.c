/*
 * Names from files and from the command line, through every door: tables, JSON, CSV, Markdown, errors, screens, figures. Whatever they
 * hold, no control byte and no character that hides or reorders its neighbours comes out.
 */
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* As JSON strings; each with a letter before and after. */
static const char *const attacks[] = {
    "a\\u001b[2J\\u001b[31mz",           /* clear, red */
    "a\\u001b]52;c;ZXZpbA==\\u0007z",    /* the clipboard */
    "a\\u001b]0;title\\u0007\\u001b[21tz", /* the title, and its report */
    "a\\u001b]8;;http://evil\\u001b\\\\\\\\z", /* a link */
    "a\\u009b31m\\u0090q\\u009cz",       /* the same with C1 controls */
    "a\\r\\n\\t\\b\\u0000\\u007fz",
    "a\\u202e\\u2066\\u200f\\u061cz",    /* bidi */
    "a\\u200b\\u200d\\u2060\\ufeff\\u00adz", /* zero width */
    "a\\u2028\\u2029\\ufff9z",
    "a\\udb40\\udc41z",                  /* a tag */
    "a%s%n%999999dz",                    /* a format */
    "a$(touch hacked)`touch hacked`;z",  /* a shell */
    "a|*_<script>&amp;\\\"'z",
};

enum { ATTACKS = sizeof attacks / sizeof *attacks, VALUES = 6 };

static const char *folder, *program;
static char hostile_path[512];

/* Runs the program in the folder; both streams must be harmless. */
static void check(int exit_code, const char *arguments)
{
    testing_result result = testing_run("cd '%s' && '%s' %s", folder, program, arguments);
    cli_assert_harmless(arguments, result.standard_output, result.output_size);
    cli_assert_harmless(arguments, result.standard_error, strlen(result.standard_error));
    if (exit_code >= 0)
        if (result.exit_code != exit_code)
            fail_msg("%s: exit code %d: %s", arguments, result.exit_code, result.standard_error);
    testing_result_free(&result);
}

static void write_model(const char *path)
{
    static char text[8192];
    float values[ATTACKS * VALUES];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"__metadata__\":{");
    for (size_t i = 0; i < ATTACKS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\"k%zu%s\":\"v%s\"", i ? "," : "", i, attacks[i], attacks[i]);
    used += (size_t)snprintf(text + used, sizeof text - used, "}");
    for (size_t i = 0; i < ATTACKS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",\"%zu%s\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[%zu,%zu]}",
                                 i, attacks[i], i * VALUES * 4, (i + 1) * VALUES * 4);
    snprintf(text + used, sizeof text - used, "}");
    for (size_t i = 0; i < ATTACKS * VALUES; i++)
        values[i] = (float)(i % 7) - 3;
    cli_write_model(path, text, values, sizeof values);
}

static void tables_hold_no_control_characters(void **state)
{
    (void)state;
    static const char *const outputs[] = { "", "--json", "--csv", "--md", "--color always --md", "--ascii" };
    static const char *const commands[] = { "ls", "ls --full", "stat", "compare -s absmax -s nf4" };
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
        for (size_t o = 0; o < sizeof outputs / sizeof *outputs; o++) {
            char line[1024];
            if (strstr(commands[c], "--full") && strstr(outputs[o], "csv"))
                continue;
            snprintf(line, sizeof line, "%s %s '%s'", commands[c], outputs[o], hostile_path);
            check(0, line);
        }
    }
    check(0, "stat model.safetensors -t '0*'");
    check(0, "quant model.safetensors -t '1a*' -s absmax -o out");
    check(2, "quant model.safetensors -t '*' -s absmax");
    assert_int_not_equal(access(testing_path(folder, "hacked"), F_OK), 0);
}

static void json_is_valid_and_gives_the_names_back(void **state)
{
    (void)state;
    testing_result result = testing_run("cd '%s' && '%s' ls --json model.safetensors", folder, program);
    assert_true(json_is_valid(result.standard_output));
    /* What hides is escaped, so that a reader of JSON gets the same name again. */
    assert_non_null(strstr(result.standard_output, "\"0a\\u001b[2J\\u001b[31mz\""));
    assert_non_null(strstr(result.standard_output, "\"6a\\u202e\\u2066\\u200f\\u061cz\""));
    assert_non_null(strstr(result.standard_output, "\"9a\\udb40\\udc41z\""));
    testing_result_free(&result);
}

static void errors_hold_no_control_characters(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "ls \"$(printf 'no\\033[31m\\302\\233such\\342\\200\\256file\\n.gguf')\"",
        "stat model.safetensors -t \"$(printf 'a\\033]0;x\\007*\\342\\200\\256')\"",
        "compare model.safetensors -s \"$(printf 'abs\\033[31mmax')\"",
        "compare model.safetensors -s \"$(printf 'codebook:file=/no/\\033[31m\\302\\220')\"",
        "plot model.safetensors -t '2*' -s absmax --kind \"$(printf 'pie\\033')\" -o x.png",
        "plot model.safetensors -t '2*' -s absmax --kind histogram -o \"$(printf '/no/\\033[2Jx.png')\"",
        "compare model.safetensors -s absmax --fail-on \"$(printf 'sq\\033[31m<3')\"",
        "\"$(printf -- '--\\033[31m')\"",
        "help \"$(printf '\\033[31m')\"",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        check(2, lines[i]);
    /* A dtype that attacks, in the message that quotes it. */
    cli_write_model(testing_path(folder, "dtype.safetensors"),
                    "{\"w\\u001b[31m\":{\"dtype\":\"F32\\u001b]0;x\\u0007\\u202e\",\"shape\":[],\"data_offsets\":[0,4]}}", "abcd", 4);
    check(2, "ls dtype.safetensors");
    testing_write(testing_path(folder, "begins"), "\033[31m\302\233\342\200\256\377hello", 14);
    check(2, "ls begins");
}

static void figures_hold_no_control_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATTACKS; i++) {
        char line[1024];
        snprintf(line, sizeof line, "plot '%s' -t '%zua*' -s absmax:bits=4 --kind histogram -o figure.svg", hostile_path, i);
        check(0, line);
        size_t size;
        char *svg = testing_read(testing_path(folder, "figure.svg"), &size);
        cli_assert_harmless(line, svg, size);
        free(svg);
    }
    char line[1024];
    snprintf(line, sizeof line, "plot '%s' -t '0a*' -s absmax --kind histogram -o figure.png", hostile_path);
    check(0, line);
    size_t size;
    char *png = testing_read(testing_path(folder, "figure.png"), &size); /* its text chunks are readable as they are */
    assert_null(memmem(png, size, "\033[31m", 5));
    assert_null(memmem(png, size, "\033[2J", 4));
    free(png);
}

static void screens_hold_no_control_characters(void **state)
{
    (void)state;
    static const char *const keys[] = { "", "jjjj", "jjjjjjlh", "/a<Enter>", "?", "e", "i" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        for (int small = 0; small < 2; small++) {
            char line[1024];
            snprintf(line, sizeof line, "'%s' --keys '%s' --size %s --screenshot screen.txt", hostile_path, keys[i],
                     small ? "80x24" : "120x36");
            check(0, line);
            size_t size;
            char *screen = testing_read(testing_path(folder, "screen.txt"), &size);
            cli_assert_harmless(line, screen, size);
            free(screen);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    folder = testing_folder();
    program = realpath(getenv("QLOUPE") ? getenv("QLOUPE") : "build/qloupe", NULL);
    write_model(testing_path(folder, "model.safetensors"));
    snprintf(hostile_path, sizeof hostile_path, "%s/a\033[31m\302\233b\342\200\256c\n\377d.safetensors", folder);
    write_model(hostile_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_hold_no_control_characters), cmocka_unit_test(json_is_valid_and_gives_the_names_back),
        cmocka_unit_test(errors_hold_no_control_characters), cmocka_unit_test(figures_hold_no_control_characters),
        cmocka_unit_test(screens_hold_no_control_characters),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
