/* What the tests of the terminal interface share: screens as text, what is on them, the numbers that the command line gives.
 */
#ifndef QL_TESTS_TUI_H
#define QL_TESTS_TUI_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEMO   "data/storyteller.safetensors"
#define MATRIX DEMO " -t h.2.mlp.c_fc.weight"

/* The screen that the arguments lead to; to be freed. */
static inline char *screen_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline char *screen_of(const char *format, ...)
{
    char arguments[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    static const char *folder;
    folder = folder ? folder : testing_folder();
    const char *path = testing_path(folder, "screen.txt");
    testing_result result = testing_run("\"$QLOUPE\" --screenshot %s %s", path, arguments);
    if (result.exit_code != 0)
        fail_msg("exit %d: %s%s", result.exit_code, arguments, result.standard_error);
    assert_string_equal(result.standard_error, "");
    testing_result_free(&result);
    return testing_read(path, NULL);
}

static inline void assert_shows(const char *screen, const char *text)
{
    if (!strstr(screen, text))
        fail_msg("'%s' is not on the screen:\n%s", text, screen);
}

static inline void assert_shows_not(const char *screen, const char *text)
{
    if (strstr(screen, text))
        fail_msg("'%s' is on the screen:\n%s", text, screen);
}

/* Line `number` (from 0) of a text, in one of a few static buffers. */
static inline const char *line_of(const char *text, int number)
{
    static char lines[4][2048];
    static unsigned next;
    char *line = lines[next++ % 4];
    while (number-- > 0 && (text = strchr(text, '\n')) != NULL)
        text++;
    snprintf(line, sizeof lines[0], "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
    return line;
}

/* The canonical spec: the first word of the second line. */
static inline const char *spec_on(const char *screen)
{
    char *line = (char *)line_of(screen, 1);
    line += strspn(line, " ");
    line[strcspn(line, " ")] = 0;
    return line;
}

/* The number after `"name":` in a JSON text. */
static inline double json_number(const char *json, const char *name)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(json, quoted);
    if (!at)
        fail_msg("no %s in %s", quoted, json);
    return at ? strtod(at + strlen(quoted), NULL) : 0;
}

static inline char *compare_json(const char *arguments)
{
    testing_result result = testing_run("\"$QLOUPE\" compare --json %s", arguments);
    assert_int_equal(result.exit_code, 0);
    char *json = strdup(result.standard_output);
    testing_result_free(&result);
    return json;
}

#endif
